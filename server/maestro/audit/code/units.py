"""A document cut into units: functions, class headers, groups of statements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import NamedTuple

from maestro.audit.code.definitions import Symbol
from maestro.audit.code.lexer import blank_pieces
from maestro.audit.code.symbols import find_definitions
from maestro.audit.source import AuditSource

_LONG_GROUP = 80
"""Lines; a longer group of statements is cut where a blank line parts it."""


class Unit(NamedTuple):
    """Lines are zero-based and the last one belongs to it; the symbol of top-level statements is empty."""

    symbol: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class LastGood:
    """The boundaries of the last text that parsed."""

    lines: tuple[str, ...] = field(repr=False)
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Units:
    """The units in order; every line is in one."""

    units: tuple[Unit, ...]
    parsed: bool
    """False where the text is so broken that the boundaries are those of an earlier text, or a guess."""
    last_good: LastGood | None
    """For the next call."""


class LastGoods:
    """The last good boundaries of the documents looked at last, by URI, for several threads."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._kept: dict[str, LastGood] = {}
        self._lock = Lock()

    def get(self, uri: str) -> LastGood | None:
        return self._kept.get(uri)

    def put(self, uri: str, last_good: LastGood) -> None:
        """Remember it; of more documents than are kept, the one put longest ago goes."""
        with self._lock:
            self._kept.pop(uri, None)
            self._kept[uri] = last_good
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]


def find_units(source: AuditSource, last_good: LastGood | None = None) -> Units:
    """The units of a text; where it does not parse, those of the last one that did, moved to where they are now."""
    parsed = find_definitions(source).parsed
    if parsed or last_good is None:
        units = _cut(source)
        return Units(units, parsed, LastGood(source.lines, units) if parsed else None)
    return Units(_moved(last_good, source.lines), False, last_good)


@lru_cache(maxsize=8)
def _cut(source: AuditSource) -> tuple[Unit, ...]:
    lines = _Lines(source)
    owners = _owners(find_definitions(source).symbols, len(source.lines))
    _give_away(owners, lines)
    starts = [0, *(line for line in range(1, len(owners)) if owners[line] != owners[line - 1]), len(owners)]
    return tuple(
        Unit(owners[start][1], start, end - 1)
        for group in pairwise(starts)
        for start, end in pairwise([group[0], *_paragraphs(lines, owners[group[0]], *group), group[1]])
    )


class _Lines:
    def __init__(self, source: AuditSource) -> None:
        self._text = source.lines
        self._code = blank_pieces(source, strings=False).split("\n")
        self._words = blank_pieces(source).split("\n")

    def is_blank(self, line: int) -> bool:
        return not self._text[line].strip()

    def is_code(self, line: int) -> bool:
        return bool(self._code[line].strip())

    def brackets(self, line: int) -> int:
        """How many more are opened than closed."""
        words = self._words[line]
        return sum(map(words.count, "([{")) - sum(map(words.count, ")]}"))

    def begins_paragraph(self, line: int) -> bool:
        """At the left margin below a blank line, in no string, and closing nothing."""
        first = self._text[line][:1]
        in_string = self.is_code(line) and not self._words[line][:1].strip()
        return bool(first.strip()) and first not in "})]" and not in_string and self.is_blank(line - 1)


_Owner = tuple[int, str]
"""A number for each definition, and its name; 0 and no name outside of all."""
_NOBODY: _Owner = (0, "")


def _owners(symbols: Sequence[Symbol], count: int) -> list[_Owner]:
    """The definition each line belongs to: the outermost function, else the innermost class."""
    owners = [_NOBODY] * count
    function_end = -1
    for number, symbol in enumerate(symbols, 1):
        first, last = max(symbol.first_line, function_end + 1), min(symbol.last_line, count - 1)
        if first <= last:
            owners[first : last + 1] = [(number, symbol.name)] * (last + 1 - first)
            if symbol.kind == "function":
                function_end = last
    return owners


def _give_away(owners: list[_Owner], lines: _Lines) -> None:
    """Comments directly above code go with it; other lines without code with what stands above them."""
    code_above = None
    for line in range(len(owners)):
        if not lines.is_code(line):
            continue
        first = 0 if code_above is None else code_above + 1
        leading = line
        while leading > first and (code_above is None or not lines.is_blank(leading - 1)):
            leading -= 1
        if code_above is not None:
            owners[first:leading] = [owners[code_above]] * (leading - first)
        owners[leading:line] = [owners[line]] * (line - leading)
        code_above = line
    if code_above is not None:
        owners[code_above + 1 :] = [owners[code_above]] * (len(owners) - code_above - 1)


def _paragraphs(lines: _Lines, owner: _Owner, first: int, end: int) -> Iterator[int]:
    """Where a long group of statements is cut, so that one statement does not stand for all."""
    if owner != _NOBODY or end - first <= _LONG_GROUP:
        return
    has_code, depth = False, 0
    for line in range(first, end):
        if has_code and not depth and lines.begins_paragraph(line):
            yield line
            has_code = False
        has_code = has_code or lines.is_code(line)
        depth = max(0, depth + lines.brackets(line))


def _moved(last_good: LastGood, lines: tuple[str, ...]) -> tuple[Unit, ...]:
    """The old units on the present lines: what was written belongs to the unit above it."""
    places = _line_map(last_good.lines, lines)
    starts = {0: last_good.units[0].symbol}
    for unit in last_good.units[1:]:
        # Of units that begin at one line, all but the last are gone.
        starts[places[unit.first_line]] = unit.symbol
    firsts = sorted(start for start in starts if start < len(lines))
    return tuple(Unit(starts[first], first, end - 1) for first, end in pairwise([*firsts, len(lines)]))


def _line_map(old: tuple[str, ...], new: tuple[str, ...]) -> list[int]:
    """Where each old line is now; for one that is gone, where it was."""
    from rapidfuzz.distance import LCSseq

    places = [0] * len(old)
    for change in LCSseq.opcodes(old, new):
        width = change.dest_end - change.dest_start
        for line in range(change.src_start, change.src_end):
            places[line] = change.dest_start + min(line - change.src_start, width)
    return places
