"""Which files of a workspace are not for models: `.gitignore` and `.maestroignore`, nested, as git reads them.

`.maestroignore` is asked first, on every level, so that no `.gitignore` further down can take back what it says.
"""

import os
from collections.abc import Container
from dataclasses import dataclass, replace
from functools import lru_cache

from maestro.workspace.git import git_folder, global_excludes, read_text, repository
from maestro.workspace.patterns import Patterns, parse

MAESTRO_FILE = ".maestroignore"
GIT_FILE = ".gitignore"
_SPECIAL = (".git", GIT_FILE, MAESTRO_FILE)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Patterns, the name of their file, and the length of what precedes a path relative to its folder."""

    patterns: Patterns
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What is ignored among the entries of one folder."""

    folder: str
    _prefix: str = ""
    _git: tuple[_Placed, ...] = ()
    _maestro: tuple[_Placed, ...] = ()

    def ignored_by(self, name: str, *, is_folder: bool) -> str | None:
        """The name of the file whose rule keeps an entry out; None if it is not ignored."""
        path = self._prefix + name
        for placed in (*self._maestro, *self._git):
            verdict = placed.patterns.verdict(path[placed.start :], name, is_folder=is_folder)
            if verdict is not None:
                return placed.name if verdict else None
        return None

    def into(self, name: str) -> "Rules":
        """The rules in a folder of this one, without those of its own files."""
        return replace(self, folder=os.path.join(self.folder, name), _prefix=f"{self._prefix}{name}/")

    def with_own(self, entries: Container[str] = _SPECIAL) -> "Rules":
        """With those of the folder's own ignore files, asked before the others; `entries` are the names in it."""
        rules = self
        if ".git" in entries and os.path.lexists(os.path.join(self.folder, ".git")):
            exclude = os.path.join(git_folder(self.folder), "info", "exclude")
            rules = rules._adding(exclude, ".git/info/exclude")
        for name in (GIT_FILE, MAESTRO_FILE):
            if name in entries:
                rules = rules._adding(os.path.join(self.folder, name), name)
        return rules

    def _adding(self, path: str, name: str) -> "Rules":
        patterns = _load(path)
        if patterns is None:
            return self
        placed = _Placed(patterns, name, len(self._prefix))
        if name == MAESTRO_FILE:
            return replace(self, _maestro=(placed, *self._maestro))
        return replace(self, _git=(placed, *self._git))


def rules_for(folder: str) -> Rules:
    """The rules in a workspace folder, with those of the repository it is in.

    That a repository ignores the whole folder does not count: somebody opened it as a workspace.
    """
    root = repository(folder)
    top = root or folder
    rules = Rules(top)._adding(global_excludes(root), "git's global excludes file").with_own()
    for name in os.path.relpath(folder, top).split(os.sep) if folder != top else ():
        rules = rules.into(name).with_own()
    return rules


def ignored_by(rules: Rules, path: str, *, is_folder: bool) -> str | None:
    """The name of the file that keeps a path out, also by keeping a folder above it out.

    `path` is relative to the folder of `rules`, "/"-separated.
    """
    *folders, name = path.split("/")
    for above in folders:
        if (by := rules.ignored_by(above, is_folder=True)) is not None:
            return by
        rules = rules.into(above).with_own()
    return rules.ignored_by(name, is_folder=is_folder)


def _load(path: str) -> Patterns | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    patterns = _parsed(path, status.st_mtime_ns, status.st_size)
    return patterns if patterns.groups else None


@lru_cache(maxsize=4096)
def _parsed(path: str, modified: int, size: int) -> Patterns:
    """The patterns in one state of a file, which the other arguments name."""
    return parse(read_text(path))
