"""From the paths that were typed to the documents of an audit."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from maestro.cli.audit_arguments import Shard
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.services.audit_targets import Target, find_targets
from maestro.workspace.gate import Gate
from maestro.workspace.git import repository
from maestro.workspace.names import path_of
from maestro_protocol.audit import AuditTarget


class Place(NamedTuple):
    """A path with its links resolved, and the workspace folder it belongs to."""

    path: Path
    root: Path


def find_places(names: Sequence[str], here: Path) -> list[Place]:
    """What was typed; without anything `here`.

    A path belongs to its repository, else to the folder one is in, else to itself or the folder that has it.

    Raises:
        MaestroError: -32602 for what is not there, 4601 for what permissions keep closed.
    """
    return [_place(name, here) for name in dict.fromkeys(names or ["."])]


def roots(places: Iterable[Place]) -> list[Path]:
    """The workspace folders, each once; of two that lie in each other without git, the outer."""
    found = list(dict.fromkeys(place.root for place in places))
    return [one for one in found if repository(str(one)) or not any(other in one.parents for other in found)]


async def targets_of(places: Sequence[Place], base: str | None, gate: Gate, editor: Editor) -> Sequence[Target]:
    """The documents, each once, in order; with a `base` those of them that changed since.

    Raises:
        MaestroError: 4406 and 4601 for what cannot be looked into, -32602 for what is no commit.
    """
    if base is None:
        return await find_targets(AuditTarget(uris=[place.path.as_uri() for place in places]), gate, editor)
    changed: list[Target] = []
    for root in roots(places):
        try:
            target = AuditTarget(workspace_folder=root.as_uri(), diff_base=base)
            changed += await find_targets(target, gate, editor)
        except MaestroError as error:
            raise (
                MaestroError("invalidParams", error.message) if error.kind == "auditTargetInvalid" else error
            ) from None
    return [one for one in changed if any(_is_in(one.uri, place.path) for place in places)]


def in_shard(targets: Sequence[Target], shard: Shard | None, gate: Gate) -> Sequence[Target]:
    """Those of a shard: it depends on a document's path in its workspace folder, and on nothing else."""
    if shard is None:
        return targets
    return [one for one in targets if shard_of(gate.folder_of(one.uri)[1] or one.uri, shard.of) == shard.number]


def shard_of(path: str, count: int) -> int:
    """Which of `count` shards a path is in, counted from 1; the same on every machine."""
    return int.from_bytes(hashlib.sha256(os.fsencode(path)).digest()[:8]) % count + 1


def _place(name: str, here: Path) -> Place:
    try:
        path = (here / name).resolve(strict=True)
    except PermissionError:
        message = f"You may not look at {name!r}; change the permissions of the folders it is in."
        raise MaestroError("auditTargetInvalid", message) from None
    except (OSError, ValueError, RuntimeError):
        message = f"There is no file or folder {name!r} that can be read; correct the path."
        raise MaestroError("invalidParams", message) from None
    folder = path if path.is_dir() else path.parent
    around = repository(str(folder))
    return Place(path, Path(around) if around else here if path.is_relative_to(here) else folder)


def _is_in(uri: str, place: Path) -> bool:
    path = path_of(uri)
    return path is not None and path.is_relative_to(place)
