"""Calls that a message spells out, `read_file {"path": "a.py"}`, so that an agent can be seen at work with no model.

A directive is the name of an offered tool, as a word or in backticks, with a JSON object behind it; `with`, a colon
or the word JSON may stand between. Directives are made one per round, in their order; those with `and at once` or
`in parallel` between them are made in one. What stands inside fenced pieces, as attached files do, directs nothing.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from maestro.providers.offline.facts import without_blocks
from maestro_protocol.base import JsonObject

_BETWEEN = r"`?[\s:]*(?:(?i:with)\b[\s:]*)?(?:(?i:json)\b[\s:]*)?(?=\{)"
_AT_ONCE = re.compile(r"(?i)\b(?:and at once|in parallel)\b")


@dataclass(frozen=True, slots=True)
class Directive:
    """`arguments` is None where `raw`, what the message says, is no JSON object."""

    name: str
    arguments: JsonObject | None
    raw: str
    at_once: bool = False
    """Made in the same round as the one before it."""


@dataclass(frozen=True, slots=True)
class Directed:
    """The directives of a message, and its other words."""

    directives: Sequence[Directive]
    words: str

    def due(self, done: int) -> Sequence[Directive]:
        """Those of the round that comes after so many results."""
        left = self.directives[done:]
        end = next((index for index, one in enumerate(left) if index and not one.at_once), len(left))
        return left[:end]


def find_directives(text: str, names: Collection[str]) -> Directed:
    """The directives to tools of these names."""
    plain = without_blocks(text)
    found: list[Directive] = []
    words: list[str] = []
    end = 0
    for start, after, directive in _scan(plain, names):
        between = plain[end:start]
        at_once = bool(found) and bool(_AT_ONCE.search(between))
        found.append(Directive(directive.name, directive.arguments, directive.raw, at_once))
        words.append(between)
        end = after
    return Directed(found, " ".join([*words, plain[end:]]).strip())


def _scan(text: str, names: Collection[str]) -> Iterator[tuple[int, int, Directive]]:
    """Each directive with where it begins and ends. A name inside another one's arguments is no directive."""
    if not names:
        return
    any_name = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.-])(?P<name>{any_name})(?![\w-]){_BETWEEN}")
    place = 0
    while found := pattern.search(text, place):
        arguments, place = _arguments(text, found.end())
        yield found.start(), place, Directive(found["name"], arguments, text[found.end() : place])


def _arguments(text: str, start: int) -> tuple[JsonObject | None, int]:
    """The object that begins here and where it ends; None for what is not JSON."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, _end_of_braces(text, start)
    return value, end


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _end_of_braces(text: str, start: int) -> int:
    """Where as many braces were closed as opened, on this line; else its end."""
    line = text[start:].partition("\n")[0]
    depth = 0
    for index, character in enumerate(line):
        depth += (character == "{") - (character == "}")
        if not depth:
            return start + index + 1
    return start + len(line)
