"""Lines of ignore files, and globs, as matchers of one path each: what lies below a match is the walk's business."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

_ANYWHERE = "^(?:.+/)?"
_FOLDER = "(?P<ps_d>/)"
_FOLDER_OR_END = f"(?:{_FOLDER}|$)"
_STAR = "[^/]*"
_LITERAL = re.compile(r"(?:[^\\.^$*+?{}\[\]|()]|\\[^A-Za-z0-9])*")
_PLATFORM: str = sys.platform
_FOLDS_CASE = _PLATFORM in ("win32", "darwin")
"""Where `README` and `readme` are one file, a rule about one is a rule about both; git's default there."""


def fold(text: str) -> str:
    """The spelling by which names are compared on this system."""
    return text.lower() if _FOLDS_CASE else text


@dataclass(frozen=True, slots=True)
class _Line:
    """One pattern: a regular expression that fits whole paths."""

    ignores: bool
    regex: str
    folders_only: bool


@dataclass(frozen=True, slots=True)
class _Set:
    """Patterns whose order does not matter. Most are names and suffixes, which need no regular expression."""

    names: frozenset[str]
    suffixes: tuple[str, ...]
    by_name: re.Pattern[str] | None
    by_path: re.Pattern[str] | None

    def matches(self, path: str, name: str) -> bool:
        return (
            name in self.names
            or name.endswith(self.suffixes)
            or (self.by_name is not None and self.by_name.fullmatch(name) is not None)
            or (self.by_path is not None and self.by_path.fullmatch(path) is not None)
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbours that say the same: ignored, or not."""

    ignores: bool
    everything: _Set
    folders: _Set


@dataclass(frozen=True, slots=True)
class Patterns:
    """An ignore file; the last line that fits decides."""

    groups: tuple[_Group, ...]

    def verdict(self, path: str, name: str, *, is_folder: bool) -> bool | None:
        """Whether the path, relative to the file's folder, is ignored; None if no line fits it.

        Folders above the path are not considered: who walks down never enters an ignored one.
        """
        path, name = fold(path), fold(name)
        for group in self.groups:
            if group.everything.matches(path, name) or (is_folder and group.folders.matches(path, name)):
                return group.ignores
        return None


def parse(text: str) -> Patterns:
    """The patterns of an ignore file. Lines git would pass over are passed over."""
    lines = [line for raw in text.removeprefix("\ufeff").split("\n") if (line := _read(raw)) is not None]
    groups = [_group(ignores, [*members]) for ignores, members in groupby(lines, lambda line: line.ignores)]
    return Patterns(tuple(reversed(groups)))


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str] | None:
    """A glob as a regular expression for whole relative paths; None for what is no glob.

    As in an ignore file, a pattern without a slash fits at any depth, `**` crosses folders, and one that ends in a
    slash fits everything in the folder.
    """
    pattern = fold(pattern) if pattern.strip("/") else ""
    pattern = f"\\{pattern}" if pattern.startswith(("!", "#")) else pattern
    if pattern.endswith("/"):
        inner = "" if "/" in pattern[:-1] else "**/"
        pattern = f"{inner}{pattern}**"
    line = _read(pattern)
    return _compile([line.regex]) if line is not None else None


def _read(raw: str) -> _Line | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    text = fold(raw)
    stripped = text.rstrip()
    if stripped.endswith("/**/"):  # pathspec takes it for the folder itself, git for the folders in it
        text = f"{stripped}*/"
    try:
        regex, ignores = GitIgnoreSpecPattern.pattern_to_regex(text)
        if regex is None or ignores is None:
            return None
        exact, folders_only = _exact(regex)
        re.compile(exact)
    except (ValueError, re.error):
        return None
    return _Line(ignores, exact, folders_only)


def _exact(regex: str) -> tuple[str, bool]:
    """Without what lets a pattern fit the paths below its match; whether it fits folders only."""
    if regex in (".", _FOLDER):
        return ".*", regex == _FOLDER
    if regex.endswith(_FOLDER_OR_END):
        return regex.removesuffix(_FOLDER_OR_END), False
    if regex.endswith(_FOLDER):
        return regex.removesuffix(_FOLDER), True
    return (".+/.+", False) if regex == "/" else (f"{regex}.+", False)


def _group(ignores: bool, lines: Sequence[_Line]) -> _Group:
    everything = _set(line.regex for line in lines if not line.folders_only)
    return _Group(ignores, everything, _set(line.regex for line in lines if line.folders_only))


def _set(regexes: Iterable[str]) -> _Set:
    names: set[str] = set()
    suffixes: list[str] = []
    by_name: list[str] = []
    by_path: list[str] = []
    for regex in regexes:
        rest = regex.removeprefix(_ANYWHERE)
        if regex != ".*" and (rest == regex or "/" in rest.replace("[^/]", "")):
            by_path.append(regex)
        elif _LITERAL.fullmatch(rest):
            names.add(_plain(rest))
        elif rest.startswith(_STAR) and _LITERAL.fullmatch(rest.removeprefix(_STAR)):
            suffixes.append(_plain(rest.removeprefix(_STAR)))
        else:
            by_name.append(rest)
    return _Set(frozenset(names), tuple(suffixes), _compile(by_name), _compile(by_path))


def _plain(regex: str) -> str:
    return re.sub(r"\\(.)", r"\1", regex, flags=re.DOTALL)


def _compile(regexes: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(_alternatives(regexes)), re.DOTALL) if regexes else None


def _alternatives(regexes: Iterable[str]) -> Iterator[str]:
    return (f"(?:{regex})" for regex in regexes)
