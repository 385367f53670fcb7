"""What is wrong with settings: a sentence to act on, and where each thing stands. A value is never repeated."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from maestro.errors import MaestroError
from maestro_protocol.errors import Issue

Severity: TypeAlias = Literal["error", "warning", "hint"]
_LONGEST = 100
"""Characters of a path that are shown."""


class Spot(NamedTuple):
    """A place in a text. Both count from 0; columns are code points."""

    line: int
    column: int


class Mark(NamedTuple):
    """Something to show on a line of a file. Without a spot it is about the file."""

    spot: Spot | None
    message: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """`file` is the file it is about, if it is about one; `marks` say the same by line. What it is about was left out,
    unless it `stays`."""

    message: str
    issues: tuple[Issue, ...] = ()
    file: Path | None = None
    marks: tuple[Mark, ...] = ()
    is_slight: bool = False
    """Nothing that counts is in doubt, so that it is told and refused by nobody."""

    @property
    def error(self) -> MaestroError:
        return MaestroError("invalidParams", self.message, issues=[*self.issues] or None)


Report: TypeAlias = Callable[[Problem], None]


class Broken(Exception):
    """A file that cannot be read: `what` is wrong, and where."""

    def __init__(self, what: str, spot: Spot | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.spot = spot

    def of(self, path: Path, severity: Severity = "error") -> Problem:
        """It as a problem of a file; a slight one unless it is an error."""
        place = f", line {self.spot.line + 1}, column {self.spot.column + 1}" if self.spot else ""
        told = Mark(self.spot, f"{self.what[0].upper()}{self.what[1:]}.", severity)
        message = f"{path}{place}: {self.what}."
        return Problem(message, file=path, marks=(told,), is_slight=severity != "error")


Places: TypeAlias = Mapping[str, Spot]
"""Where keys stand, by their path: `providers.openai.base_url`."""


def by_path(places: Places) -> Places:
    """The same for `spot_of`: also what stands around keys, where its first key is."""
    found: dict[str, Spot] = {}
    for path, spot in places.items():
        found[_plain(path)] = spot
    for path, spot in places.items():
        for end in re.finditer(r"\.", _plain(path)):
            found.setdefault(_plain(path)[: end.start()], spot)
    return found


def spot_of(places: Places, path: str) -> Spot | None:
    """Where a path stands, or the innermost key around it, however its words are joined."""
    here = _plain(path)
    while here and here not in places:
        here = here[: max(here.rfind("."), here.rfind("["), 0)]
    return places.get(here)


def shown(path: str) -> str:
    """On one line and not long, whatever names whoever wrote them chose."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in path)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def listed(paths: Sequence[str]) -> str:
    """The first of these paths, and how many more there are."""
    return f"`{paths[0]}`" if len(paths) == 1 else f"`{paths[0]}` and {len(paths) - 1} more"


def _plain(path: str) -> str:
    return shown(path).replace("_", "").lower()
