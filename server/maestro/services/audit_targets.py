"""From what an audit is asked about to the documents it reads."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from maestro.audit.limits import is_foreign
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.workspace.diff import changed_lines
from maestro.workspace.gate import Gate, Listing
from maestro.workspace.languages import language_of
from maestro.workspace.names import path_of
from maestro_protocol.audit import AuditTarget
from maestro_protocol.chat import Range

MOST_FILES = 20_000
_ALL_FILES = 10_000_000
_PROSE = frozenset(("plaintext", "markdown", "restructuredtext", "csv", "svg"))
"""What nobody means by the code of a folder; named, it is audited."""
_ONE = "Name what to audit: `uri`, `uris`, `workspaceFolder` or `diffBase`."


class Target(NamedTuple):
    """One document. `range` or `lines`, zero-based stretches, limit what of it is meant."""

    uri: str
    range: Range | None = None
    lines: Sequence[tuple[int, int]] = ()
    chosen: bool = True
    """Somebody named it, so that it matters if it cannot be audited; others are passed over."""


async def find_targets(target: AuditTarget, gate: Gate, editor: Editor) -> Sequence[Target]:
    """The documents, each once, in order.

    Raises:
        MaestroError: 4601 if nothing or too much is named, 4406 outside the workspace.
    """
    return await asyncio.to_thread(_each_once, await _found(target, gate, editor))


async def _found(target: AuditTarget, gate: Gate, editor: Editor) -> Sequence[Target]:
    if target.diff_base is not None and not target.uri and not target.uris:
        return await _changed(target.diff_base, await _folder(target.workspace_folder, gate), gate)
    if target.workspace_folder is not None and not target.uri and not target.uris:
        return await _files(await _folder(target.workspace_folder, gate), gate)
    if target.workspace_folder is not None or target.diff_base is not None or (target.range and not target.uri):
        raise MaestroError("auditTargetInvalid", _ONE)
    named = [*(target.uris or ()), *([target.uri] if target.uri else ())]
    if not named:
        raise MaestroError("auditTargetInvalid", _ONE)
    if target.range is not None:
        if len(set(named)) > 1:
            raise MaestroError("auditTargetInvalid", "A range is of one document; name only that one in `uri`.")
        return [Target(named[0], target.range)]
    found: dict[str, Target] = {}
    for uri in named:
        folder = None if editor.opened(uri) is not None else await asyncio.to_thread(_as_folder, uri)
        for one in await _files(folder, gate) if folder is not None else [Target(uri)]:
            found.setdefault(one.uri, one)
    return [*found.values()]


async def _files(folder: Path, gate: Gate) -> Sequence[Target]:
    listing = await gate.list(folder, limit=MOST_FILES)
    if listing.more:
        message = f"The folder has more than {MOST_FILES:,} files; audit a part of it."
        raise MaestroError("auditTargetInvalid", message)
    code = [path for path in listing.paths if _is_code(path)]
    return [Target((folder / path).as_uri(), chosen=False) for path in (*code, *_closed(listing))]


async def _changed(base: str, folder: Path, gate: Gate) -> Sequence[Target]:
    changed = await changed_lines(folder, base)
    listing = await gate.list(folder, limit=_ALL_FILES)
    readable = {*listing.paths}
    found = [(path, lines) for path, lines in sorted(changed.items()) if path in readable and _is_code(path)]
    closed = [(path, ()) for path in _closed(listing)]
    return [Target((folder / path).as_uri(), lines=lines, chosen=False) for path, lines in (*found, *closed)]


def _closed(listing: Listing) -> Sequence[str]:
    """The folders nobody may look into, of those that would have been."""
    return [path for path in listing.closed if not is_foreign(f"{path}/any")]


def _each_once(targets: Sequence[Target]) -> Sequence[Target]:
    """Without the links in folders to what is audited under its own name, or by another link."""
    leads = [None if one.chosen else _end_of_link(one.uri) for one in targets]
    seen = {one.uri for one, end in zip(targets, leads, strict=True) if end is None}
    found: list[Target] = []
    for one, end in zip(targets, leads, strict=True):
        if end is None or end not in seen:
            found.append(one)
        seen.add(end or one.uri)
    return found


def _end_of_link(uri: str) -> str | None:
    path = path_of(uri)
    return Path(os.path.realpath(path)).as_uri() if path is not None and os.path.islink(path) else None


def _is_code(path: str) -> bool:
    return language_of(Path(path)) not in _PROSE and not is_foreign(path)


async def _folder(uri: str | None, gate: Gate) -> Path:
    if uri is not None:
        if (folder := await asyncio.to_thread(_as_folder, uri)) is None:
            raise MaestroError("auditTargetInvalid", "There is no such folder; name one of the workspace.")
        return folder
    if len(gate.folders) != 1:
        raise MaestroError("auditTargetInvalid", "Name the folder in `workspaceFolder`; there is not just one open.")
    return gate.folders[0]


def _as_folder(uri: str) -> Path | None:
    try:
        path = path_of(uri)
        return path.resolve() if path is not None and path.is_dir() else None
    except (OSError, ValueError):
        return None
