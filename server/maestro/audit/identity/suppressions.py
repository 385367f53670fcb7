"""What people say about findings in comments: `maestro: ignore[rule, ...] -- reason`, and where it counts."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from maestro.audit.catalogue import OBSERVED, RULES, UNUSED_SUPPRESSION
from maestro.audit.code.comments import Comment, find_comments, whole_place
from maestro.audit.code.symbols import Symbol
from maestro.audit.code.tokens import code_start, statement_lines
from maestro.audit.source import AuditSource

Scope: TypeAlias = Literal["line", "symbol", "file"]

# It begins the comment or a comment in the comment, and nothing but a reason follows: anything else is prose.
_DIRECTIVE = re.compile(
    r"(?:^|(?P<mark>(?:#|//|--|;|%)[ \t]*))maestro:[ \t]*(?P<kind>ignore-file|ignore)[ \t]*"
    r"(?:\[(?P<rules>[^\]\n]*)\])?[ \t]*(?:--[ \t]*(?P<reason>\S.*))?$"
)
_PREAMBLE = re.compile(r"^\ufeff?(?:#!.*|#.*coding[:=].*|<\?php\b|<\?xml\b[^>]*>?|(?i:<!doctype\b)[^>]*>?)")
_DECORATOR = ("@", "#[")
_CATEGORIES: Mapping[str, str] = {rule.id: rule.category for rule in (*RULES, *OBSERVED, UNUSED_SUPPRESSION)}
_KNOWN = _CATEGORIES.keys() | set(_CATEGORIES.values())


class Suppression(NamedTuple):
    """One directive; lines are zero-based and the last one belongs to it.

    `start` and `end` are the offsets of the comment, or of the part of it that is the directive; `list_` are those of
    the rules between the brackets; without brackets all rules are meant.
    """

    rules: tuple[str, ...]
    reason: str | None
    scope: Scope
    first_line: int
    last_line: int
    start: int
    end: int
    list_: tuple[int, int] | None

    def covers(self, rule: str) -> bool:
        """Whether it names the rule or its category, or none."""
        return self.list_ is None or rule in self.rules or _CATEGORIES.get(rule) in self.rules


class Unused(NamedTuple):
    """Names in a directive that suppress nothing; all of it where `rules` is empty."""

    suppression: Suppression
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The directives of one document, from top to bottom. `misplaced` count nowhere."""

    all: tuple[Suppression, ...]
    misplaced: tuple[Suppression, ...] = ()

    def covering(self, rule: str, first_line: int, last_line: int) -> Suppression | None:
        """The nearest directive for a finding on these lines."""
        found = [
            suppression
            for suppression in self.all
            if suppression.first_line <= last_line and first_line <= suppression.last_line and suppression.covers(rule)
        ]
        return min(found, key=lambda one: one.last_line - one.first_line, default=None)

    def unused(self, used: Iterable[tuple[Suppression, str]], looked_for: Collection[str]) -> Iterator[Unused]:
        """What could go: `used` are directives with the rules they covered, `looked_for` the rules of the audit."""
        covered: dict[Suppression, set[str]] = {}
        for suppression, rule in used:
            covered.setdefault(suppression, set()).add(rule)
        for suppression in self.all:
            yield from _unused(suppression, covered.get(suppression, set()), looked_for)
        for suppression in self.misplaced:
            yield Unused(suppression, (), "It counts only in the comments before the first code.")


def find_suppressions(source: AuditSource, symbols: Sequence[Symbol]) -> Suppressions:
    """The directives in the comments of the document."""
    places = _Places(source, symbols, find_comments(source))
    found = [(found, comment) for comment in places.comments if (found := _read(source, comment))]
    inside = [_place(places, match, comment) for match, comment in found if _counts(source, match, comment)]
    outside = [_place(places, match, comment) for match, comment in found if not _counts(source, match, comment)]
    return Suppressions(tuple(inside), tuple(outside))


def _counts(source: AuditSource, found: re.Match[str], comment: Comment) -> bool:
    if found["kind"] == "ignore" or comment.start < code_start(source):
        return True
    bare, lines = list(source.lines), preamble(source)
    bare[:lines] = [_PREAMBLE.sub(_blank, line, count=1) for line in bare[:lines]]
    return bool(lines) and comment.start < code_start(replace(source, text="\n".join(bare)))


def preamble(source: AuditSource) -> int:
    """How many lines at the top have to stand first, and are no code."""
    line = 0
    while line + 1 < len(source.lines) and _PREAMBLE.match(source.lines[line]):
        line += 1
    return line


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _unused(suppression: Suppression, covered: set[str], looked_for: Collection[str]) -> Iterator[Unused]:
    if unknown := tuple(name for name in suppression.rules if name not in _KNOWN):
        names = ", ".join(unknown)
        yield Unused(suppression, unknown, f"There is no such rule: {names}.")
    categories = {_CATEGORIES.get(rule) for rule in covered}
    idle = tuple(
        name
        for name in suppression.rules
        if name in _KNOWN and name not in covered | categories and _was_looked_for(name, looked_for)
    )
    if idle or not (suppression.rules or covered):
        yield Unused(suppression, idle, "Nothing was found here that it would suppress.")


def _was_looked_for(name: str, looked_for: Collection[str]) -> bool:
    return name in looked_for or any(_CATEGORIES.get(rule) == name for rule in looked_for)


def _read(source: AuditSource, comment: Comment) -> re.Match[str] | None:
    return _DIRECTIVE.search(comment.words) if "\n" not in comment.words else None


@dataclass(frozen=True, slots=True)
class _Places:
    """Which lines a comment speaks of."""

    source: AuditSource
    symbols: Sequence[Symbol]
    comments: tuple[Comment, ...]

    def lines(self, comment: Comment) -> tuple[Scope, int, int]:
        line = self.source.span(comment.start, comment.end).end_line
        target = self._below(line) if self._is_alone(comment) else line
        for symbol in sorted(self.symbols, key=lambda one: one.first_line, reverse=True):
            if symbol.first_line <= target <= self._header_end(symbol):
                return "symbol", symbol.first_line, symbol.last_line
        first, last = statement_lines(self.source, target)
        # In the middle of a long statement only its own line is meant.
        return ("line", first, last) if target in (first, last) else ("line", target, target)

    def _is_alone(self, comment: Comment) -> bool:
        start, end = whole_place(self.source, comment)
        place = self.source.span(start, end)
        line = self.source.lines[place.start_line]
        return comment.own_line or (start < comment.start and not (line[: place.start] + line[place.end :]).strip())

    def _below(self, line: int) -> int:
        """The line that a comment alone on its line is about: the next one with code, decorators not counted."""
        own = {self.source.span(one.start, one.start).start_line for one in self.comments if self._is_alone(one)}
        last = len(self.source.lines) - 1
        target = line + 1
        while target < last and (target in own or self._is_decorator(target)):
            target = (target if target in own else statement_lines(self.source, target)[1]) + 1
        return target if target <= last and self.source.lines[target].strip() else line

    def _header_end(self, symbol: Symbol) -> int:
        line = symbol.first_line
        while line < symbol.last_line and not self._is_definition(line):
            line = statement_lines(self.source, line)[1] + 1
        return statement_lines(self.source, min(line, symbol.last_line))[1]

    def _is_definition(self, line: int) -> bool:
        text = self.source.lines[line].strip()
        return (
            bool(text)
            and not self._is_decorator(line)
            and not any(
                one.own_line and self.source.span(one.start, one.start).start_line == line for one in self.comments
            )
        )

    def _is_decorator(self, line: int) -> bool:
        return self.source.lines[line].lstrip().startswith(_DECORATOR)


def _place(places: _Places, found: re.Match[str], comment: Comment) -> Suppression:
    scope, first, last = places.lines(comment)
    if found["kind"] == "ignore-file":
        scope, first, last = "file", 0, len(places.source.lines) - 1
    at = places.source.plain.index(comment.words, comment.start)
    listed = found["rules"] is not None
    start, end = whole_place(places.source, comment)
    return Suppression(
        rules=tuple(name.strip().lower() for name in (found["rules"] or "").split(",") if name.strip()),
        reason=(found["reason"] or "").strip() or None,
        scope=scope,
        first_line=first,
        last_line=last,
        start=at + found.start() if found["mark"] else start,
        end=at + found.end() if found["mark"] else end,
        list_=(at + found.start("rules"), at + found.end("rules")) if listed else None,
    )
