"""The baselines of the workspace folders, in the file each of them keeps for its team."""

import asyncio
import os
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_hex

from maestro.audit.identity.baseline import GIT_ATTRIBUTES, PATH, Baseline, Entry, read
from maestro.errors import MaestroError
from maestro.workspace.names import path_of
from maestro_protocol.audit import Finding


class Baselines:
    """Reads a folder's file when it is asked for and differs from what was read before.

    `file_of` says where a folder, a URI, has it; None is nowhere.
    """

    def __init__(self, file_of: Callable[[str], Path | None] | None = None) -> None:
        self._file = file_of or _file
        self._read: dict[str, tuple[tuple[int, int], Baseline]] = {}
        self._moved: dict[str, frozenset[Entry]] = {}
        self._fileless: dict[str, frozenset[Entry]] = {}
        self._writing = asyncio.Lock()

    async def load(self, folder: str, said: Iterable[Entry] = ()) -> Baseline:
        """The folder's baseline, empty if it has none; a folder is a URI. Looks which of its entries, and of those in
        `said`, are about code that is not where it was.

        Raises:
            MaestroError: the file cannot be understood.
        """
        baseline = await asyncio.to_thread(self._load, folder)
        entries = {*baseline.entries, *said}
        self._moved[folder], self._fileless[folder] = await asyncio.to_thread(_missing, folder, entries)
        return baseline

    def moved(self, folder: str) -> Collection[Entry]:
        """Entries about a file that is not there any more, or a function that is not in it: it may be elsewhere."""
        return self._moved.get(folder, frozenset())

    def gone(self, folder: str) -> frozenset[str]:
        """Of their paths, those of files that are not there any more."""
        return frozenset(entry.path for entry in self._fileless.get(folder, ()))

    def loaded(self, folder: str) -> Baseline:
        """As it was when it was read last."""
        return self._read[folder][1] if folder in self._read else Baseline()

    async def add(self, folder: str, findings: Iterable[Finding], reason: str | None = None) -> None:
        """Put findings into the folder's file. Raises as `load`, and -32803 if it cannot be written."""
        async with self._writing:
            before = await self.load(folder)
            await asyncio.to_thread(self._write, folder, before.add(findings, reason))

    async def remove(self, folder: str, entries: Iterable[Entry]) -> None:
        """Take entries out of the folder's file. Raises as `add`."""
        async with self._writing:
            before = await self.load(folder)
            await asyncio.to_thread(self._write, folder, before.without(entries))

    async def replace(self, folder: str, baseline: Baseline) -> None:
        """Write the folder's file anew. Raises -32803 if it cannot be written."""
        async with self._writing:
            await asyncio.to_thread(self._write, folder, baseline)

    def _load(self, folder: str) -> Baseline:
        path = self._file(folder)
        try:
            status = path.stat() if path is not None else None
        except OSError:
            status = None
        if path is None or status is None:
            self._read.pop(folder, None)
            return Baseline()
        state = status.st_mtime_ns, status.st_size
        known = self._read.get(folder)
        if known is None or known[0] != state:
            try:
                known = state, read(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError):
                raise MaestroError("requestFailed", f"`{PATH}` cannot be read; check its permissions.") from None
            self._read[folder] = known
        return known[1]

    def _write(self, folder: str, baseline: Baseline) -> None:
        if (path := self._file(folder)) is None:
            raise MaestroError("requestFailed", "The file is in no workspace folder, so it has no baseline.")
        try:
            path.parent.mkdir(exist_ok=True)
            attributes = path.with_name(".gitattributes")
            if path == _file(folder) and not attributes.exists():
                attributes.write_text(GIT_ATTRIBUTES, encoding="utf-8")
            _replace(path, baseline.render())
        except OSError:
            raise MaestroError("requestFailed", f"`{PATH}` cannot be written; check its permissions.") from None
        self._load(folder)


def _file(folder: str) -> Path | None:
    with suppress(ValueError):
        path = path_of(folder) if folder else None
        return path / PATH if path is not None else None
    return None


def _missing(folder: str, entries: Iterable[Entry]) -> tuple[frozenset[Entry], frozenset[Entry]]:
    """The entries whose function is not in its file, and those of them whose file is not there at all."""
    root = None
    with suppress(ValueError):
        root = path_of(folder) if folder else None
    if root is None:
        return frozenset(), frozenset()
    modified = {entry: _modified(root / entry.path) for entry in entries}
    fileless = frozenset(entry for entry, when in modified.items() if when is None)
    moved = [
        entry
        for entry, when in modified.items()
        if when is not None and not _names(root / entry.path, (entry.symbol or "").rpartition(".")[2], when)
    ]
    return fileless | frozenset(moved), fileless


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=4096)
def _names(path: Path, word: str, modified: int) -> bool:
    """Whether a word stands in a file; the last argument says in which state of it."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _replace(path: Path, text: str) -> None:
    """Whole or not at all."""
    beside = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
