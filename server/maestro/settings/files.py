"""The files that settings stand in: read again when they changed; while one is broken, its last good text counts."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from maestro import provider_file
from maestro.directories import directories
from maestro.settings import providers_text, toml_text
from maestro.settings.problems import Broken, Places, Problem, Spot
from maestro_protocol.base import JsonObject

CONFIG_FILE = "config.toml"
PROJECT_FILE = ".maestro.toml"
_KIB = 1024
_TOO_LARGE = "it has more than {} KiB; remove what is not needed"
_MOST_TOLD = 20
"""Of what says nothing; nobody mends more at a time."""
_State: TypeAlias = tuple[int, ...] | str
"""What a file's content is known by; where it cannot be looked at, why."""


@dataclass(frozen=True, slots=True)
class Content:
    """What counts of a file; `problem` says why that is not what is in it."""

    path: Path
    value: JsonObject = field(default_factory=dict, repr=False)
    places: Callable[[], Places] = field(default=dict, repr=False)
    problem: Problem | None = None
    slight: Sequence[Problem] = ()
    """What in it says nothing."""


class Kind(NamedTuple):
    """What files of one kind have in common. `unread` counts for one that never was good."""

    parse: Callable[[str], tuple[JsonObject, Sequence[Broken]]]
    places: Callable[[str], Places]
    unread: JsonObject
    links: bool = True
    largest: int = 1024 * _KIB


def _toml(text: str) -> tuple[JsonObject, Sequence[Broken]]:
    """What does not fit there is found by its settings' names."""
    return toml_text.parse(text), ()


CONFIG = Kind(_toml, toml_text.places, {"audit": {"consent": "never"}})
"""It may say that no code is sent for audits, so none is while nobody knows."""
PROVIDERS = Kind(providers_text.parse, providers_text.places, {})
PROJECTS = Kind(_toml, toml_text.places, {}, links=False, largest=16 * _KIB)
"""Whoever wrote the project wrote these, so they are no way to other files."""


class _Known(NamedTuple):
    kind: Kind
    state: _State
    content: Content


class Files:
    """Reads each file when it is first asked for. `shown` are texts that stand for what is on the disk."""

    def __init__(self, environment: Mapping[str, str], shown: Mapping[Path, str] | None = None) -> None:
        places = directories(environment)
        self.config = places.config / CONFIG_FILE
        self.providers = places.data / provider_file.FILE_NAME
        self._shown = shown or {}
        self._known: dict[Path, _Known] = {}
        self._good: dict[Path, Content] = {}

    def content(self, path: Path, kind: Kind) -> Content:
        """What counts of a file, as it was when somebody last looked; one that is not there says nothing."""
        if path not in self._known:
            self._look(path, kind)
        return self._known[path].content

    def renew(self) -> bool:
        """Look at the files again, which blocks; whether one has changed."""
        return any([self._look(path, known.kind) for path, known in [*self._known.items()]])

    def _look(self, path: Path, kind: Kind) -> bool:
        state = _state(path, kind)
        if (known := self._known.get(path)) and known.state == state:
            return False
        self._known[path] = _Known(kind, state, self._read(path, kind))
        return True

    def _read(self, path: Path, kind: Kind) -> Content:
        try:
            text = _text(path, kind) if (shown := self._shown.get(path)) is None else _limited(shown, kind)
            value, slight = kind.parse(text)
            told = [one.of(path, "warning") for one in slight[:_MOST_TOLD]]
            good = Content(path, value, cache(lambda: kind.places(text)), slight=told)
        except (FileNotFoundError, NotADirectoryError):
            good = Content(path)
        except Broken as broken:
            before = self._good.get(path, Content(path, kind.unread))
            return replace(before, problem=broken.of(path), slight=())
        self._good[path] = good
        return good


def _state(path: Path, kind: Kind) -> _State:
    try:
        told = path.stat(follow_symlinks=kind.links)
    except OSError as error:
        return type(error).__name__
    return told.st_mode, told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def _text(path: Path, kind: Kind) -> str:
    """The file's text. Raises Broken, FileNotFoundError, NotADirectoryError."""
    try:
        data = _data(path, kind)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise Broken(f"it cannot be opened ({type(error).__name__}); check who may read it") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        line = before.count("\n")
        raise Broken(
            "this is no text in UTF-8; save it as such", Spot(line, len(before) - before.rfind("\n") - 1)
        ) from None


def _data(path: Path, kind: Kind) -> bytes:
    """At most `kind.largest` bytes of a regular file; nothing is waited for, and nothing else is even opened."""
    _check(path.stat(follow_symlinks=kind.links), kind)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags | (0 if kind.links else getattr(os, "O_NOFOLLOW", 0))), "rb") as file:
        _check(os.fstat(file.fileno()), kind)
        return file.read(kind.largest)


def _limited(text: str, kind: Kind) -> str:
    if len(text) > kind.largest:
        raise Broken(_TOO_LARGE.format(kind.largest // _KIB))
    return text


def _check(told: os.stat_result, kind: Kind) -> None:
    """Raises Broken for what is no file to be read."""
    if stat.S_ISLNK(told.st_mode):
        raise Broken("this is a symbolic link, which is not followed; put a file in its place")
    if not stat.S_ISREG(told.st_mode):
        raise Broken("this is no regular file; put one in its place")
    if told.st_size > kind.largest:
        raise Broken(_TOO_LARGE.format(kind.largest // _KIB))
