"""What a command wrote, from how the folder looked before and after it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from maestro.workspace.ignore import rules_for
from maestro.workspace.walk import walk

MOST_FILES = 50_000
_State: TypeAlias = tuple[int, int, int]
"""When it was changed (ns), how many bytes it has, which inode it is."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the files of a folder were at one moment, by relative path. Not `complete` if there were too many."""

    files: Mapping[str, _State] = field(repr=False)
    complete: bool

    def changed(self, later: "Snapshot") -> Sequence[str]:
        """The relative paths of what was created, changed or deleted between two snapshots, sorted.

        Unless both are complete, only files that are in both can be told to have changed.
        """
        if not (self.complete and later.complete):
            return sorted(path for path, state in self.files.items() if later.files.get(path, state) != state)
        return sorted({path for path, _ in self.files.items() ^ later.files.items()})


def snapshot(folder: Path, limit: int = MOST_FILES) -> Snapshot:
    """The files that are not ignored, and those through which git runs programs; blocks."""
    files: dict[str, _State] = {}
    for path, entry in chain(_git_files(folder), walk(rules_for(os.fspath(folder)))):
        if len(files) == limit:
            return Snapshot(files, False)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # gone since
            continue
        files[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return Snapshot(files, True)


def _git_files(folder: Path) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    for inside, wanted in ((".git", ("config",)), (".git/hooks", None)):
        try:
            with os.scandir(folder / inside) as entries:
                found = [entry for entry in entries if wanted is None or entry.name in wanted]
        except OSError:
            continue
        yield from ((f"{inside}/{entry.name}", entry) for entry in found)
