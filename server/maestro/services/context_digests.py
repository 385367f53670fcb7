"""What the files of a context are now: the digests of their texts, read again only where they may have changed."""

import asyncio
import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from maestro.editor import Document, Editor
from maestro.errors import MaestroError
from maestro.workspace.gate import Gate
from maestro.workspace.names import path_of, real_folders

AT_ONCE = 8
"""Files read side by side."""
_SETTLED_NS = 2_000_000_000
"""A file that was written this short before it was read may be written again without its times telling."""
_MANY = 10_000

_Stamp: TypeAlias = tuple[int, int, int]
"""When a file was written last, its size, and which one it is."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How an editor may spell a file's URI, and its stamp if it is on disk."""

    spellings: Sequence[str]
    stamp: _Stamp | None


class Digests:
    def __init__(self, gate: Gate, editor: Editor) -> None:
        self._gate = gate
        self._editor = editor
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def of(self, uris: Sequence[str]) -> Mapping[str, str | None]:
        """SHA-256 of each text as `Source` has it: what is on screen, else on disk; None where nothing can be read.

        Nothing is sent of it, so what is ignored by now counts too.
        """
        looks = await asyncio.to_thread(_look_at, uris, tuple(self._editor.folders))
        digests = await asyncio.gather(*(self._digest(uri, look) for uri, look in zip(uris, looks, strict=True)))
        return dict(zip(uris, digests, strict=True))

    async def _digest(self, uri: str, look: _Look) -> str | None:
        opened = next((found for one in look.spellings if (found := self._editor.opened(one)) is not None), None)
        known = self._known.get(uri)
        if opened is None and known is not None and known[0] == look.stamp:
            return known[1]
        async with self._slots:
            return await self._read(uri, opened, look.stamp)

    async def _read(self, uri: str, opened: Document | None, stamp: _Stamp | None) -> str | None:
        try:
            document = opened or await self._gate.document(uri)
        except MaestroError:
            return None
        digest = await asyncio.to_thread(_sha256, document.text)
        if opened is None and stamp is not None and time.time_ns() - stamp[0] > _SETTLED_NS:
            if len(self._known) >= _MANY:
                self._known.clear()
            self._known[uri] = stamp, digest
        return digest


def _look_at(uris: Iterable[str], folders: Sequence[str]) -> list[_Look]:
    real = [(uri.rstrip("/"), found[0]) for uri in folders if (found := real_folders([uri]))]
    return [_look(uri, real) for uri in uris]


def _look(uri: str, folders: Sequence[tuple[str, Path]]) -> _Look:
    try:
        path = path_of(uri)
        if path is None:
            return _Look([uri], None)
        below = [f"{name}/{quote(path.relative_to(at).as_posix())}" for name, at in folders if path.is_relative_to(at)]
        return _Look([uri, *below], _stamp(path))
    except (OSError, ValueError):
        return _Look([uri], None)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
