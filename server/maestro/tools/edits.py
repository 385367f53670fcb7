"""Where an edit goes: a text found exactly once, whatever its line endings, and what resembles it otherwise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

from maestro.positions import Encoding, split_lines, to_units
from maestro_protocol.chat import Position, Range

_ENDS = re.compile(r"\r\n|\r|\n")
_ANY_END = r"(?:\r\n|(?<!\r)\n|\r(?!\n))"
_MOST_PLACES = 100
_COMPARED_LINES = 20_000
_COMPARED_CHARACTERS = 300

LineEnd: TypeAlias = Literal["\r\n", "\r", "\n"]


@dataclass(frozen=True, slots=True)
class Span:
    """Code points of a text."""

    start: int
    end: int


def occurrences(text: str, wanted: str) -> list[Span]:
    """Where `wanted`, which is not empty, stands; overlapping places too, but at most 100.

    A line end in it stands for any.
    """
    pattern = re.compile(_ANY_END.join(map(re.escape, _ENDS.split(wanted))))
    places: list[Span] = []
    found = pattern.search(text)
    while found and len(places) < _MOST_PLACES:
        places.append(Span(*found.span()))
        found = pattern.search(text, found.start() + 1)
    return places


def line_end(text: str) -> LineEnd:
    """The one most lines of the text end with."""
    ends = _ENDS.findall(text)
    kinds: tuple[LineEnd, ...] = ("\n", "\r\n", "\r")
    return max(kinds, key=ends.count)


def with_line_end(text: str, end: LineEnd) -> str:
    return _ENDS.sub(lambda _: end, text)


def line_of(text: str, offset: int) -> int:
    """The number of the line, from 1, in which a code point stands."""
    return len(_ENDS.findall(text, 0, offset)) + 1


def range_of(text: str, span: Span, encoding: Encoding) -> Range:
    """The span in the editor's terms."""
    return Range(start=_position(text, span.start, encoding), end=_position(text, span.end, encoding))


def _position(text: str, offset: int, encoding: Encoding) -> Position:
    ends = list(_ENDS.finditer(text, 0, offset))
    start = ends[-1].end() if ends else 0
    return Position(line=len(ends), character=to_units(text[start:offset], offset - start, encoding))


def nearest_lines(text: str, wanted: str) -> Sequence[tuple[int, str]]:
    """Up to three lines, with their numbers, that are or resemble the first line of `wanted`; blanks do not count."""
    first = next((line.strip() for line in _ENDS.split(wanted) if line.strip()), "")
    lines = [line.rstrip("\r\n") for line in split_lines(text)[:_COMPARED_LINES]]
    same = [(number, line) for number, line in enumerate(lines, 1) if first and line.strip() == first]
    if same or not first or len(first) > _COMPARED_CHARACTERS:
        return same[:3]
    by_text: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and len(line) <= _COMPARED_CHARACTERS:
            by_text.setdefault(line.strip(), (number, line))
    return sorted(by_text[close] for close in get_close_matches(first, by_text))
