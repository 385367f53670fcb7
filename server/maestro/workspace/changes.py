"""What a command wrote, from how the folder looked before and after it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from maestro.workspace.git import git_folder, repository
from maestro.workspace.ignore import rules_for
from maestro.workspace.walk import walk

MOST_FILES = 50_000
_State: TypeAlias = tuple[int, int, int, int]
"""When it was changed and when anything about it was (ns; only the first can be set at will), how many bytes it has,
which inode it is."""
_GIT_SETTINGS = frozenset(("config", "config.worktree"))
_GIT_PROGRAMS = ("hooks", "info")


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
    """The files that are not ignored, and those that tell git what to run or to leave out, also of the repositories
    above the folder and of submodules; blocks."""
    files: dict[str, _State] = {}
    for path, entry in chain(_git_files(folder), walk(rules_for(os.fspath(folder)))):
        if len(files) == limit:
            return Snapshot(files, False)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # gone since
            continue
        files[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    return Snapshot(files, True)


def _git_files(folder: Path) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    root = repository(os.fspath(folder))
    while root is not None:
        for entry in _of_git(git_folder(root)):
            yield _relative(entry.path, folder), entry
        above = os.path.dirname(root)
        root = repository(above) if above != root else None


def _of_git(kept: str) -> Iterator["os.DirEntry[str]"]:
    """What matters in the folder git keeps its own files in, and in those of its submodules."""
    yield from (entry for entry in _entries(kept) if entry.name in _GIT_SETTINGS)
    for inside in _GIT_PROGRAMS:
        yield from _entries(os.path.join(kept, inside))
    for module in _modules(os.path.join(kept, "modules")):
        yield from _of_git(module)


def _modules(folder: str) -> Iterator[str]:
    """Git's folders of submodules; a module's name may have "/" in it."""
    for entry in _entries(folder):
        if not entry.is_dir(follow_symlinks=False):
            continue
        if os.path.lexists(os.path.join(entry.path, "HEAD")):
            yield entry.path
        else:
            yield from _modules(entry.path)


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _relative(path: str, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder).replace(os.sep, "/")
    except ValueError:  # on another drive
        return path.replace(os.sep, "/")
