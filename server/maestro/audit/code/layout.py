"""Python's definitions by its layout: exact where brackets and quotes are closed, and many times faster than a tree."""

import re
from functools import lru_cache

from maestro.audit.code.definitions import Definitions, Symbol
from maestro.audit.code.lexer import blank_pieces, find_pieces
from maestro.audit.source import AuditSource

_HEAD = re.compile(r"[ \t\f]*(?:(?P<mark>@)|(?:(?:async[ \t]+)?def|(?P<class>class))[ \t]+(?P<name>\w+))")
_TAB = 8


def find_by_layout(source: AuditSource) -> Definitions | None:
    """The definitions; None where a bracket or a long string is not closed, so that no line is what it seems."""
    if _is_open(source):
        return None
    scan = _Scan()
    inside = _inside_strings(source)
    lines = zip(blank_pieces(source, strings=False).split("\n"), blank_pieces(source).split("\n"), strict=True)
    depth, continued = 0, False
    for number, (code, words) in enumerate(lines):
        if not code or code.isspace():
            continue
        if not depth and not continued and number not in inside:
            scan.begin(number, code)
        scan.last = number
        depth += sum(map(words.count, "([{")) - sum(map(words.count, ")]}"))
        continued = words.endswith("\\")
        if depth < 0:
            return None
    scan.close(-1)
    return Definitions(tuple(map(scan.symbol, range(len(scan.found)))), True) if not depth else None


class _Scan:
    def __init__(self) -> None:
        self.found: list[Symbol] = []
        self.last = 0
        """The last line with code so far."""
        self._open: list[tuple[int, int]] = []
        """Indentation and number of the definitions around this place."""
        self._ends: dict[int, int] = {}
        self._decorated = -1

    def begin(self, number: int, code: str) -> None:
        """A statement begins here."""
        width = _width(code[: len(code) - len(code.lstrip())])
        self.close(width)
        head = _HEAD.match(code)
        if head is not None and head["mark"]:
            self._decorated = number if self._decorated < 0 else self._decorated
            return
        if head is not None:
            first = number if self._decorated < 0 else self._decorated
            name = f"{self.found[self._open[-1][1]].name}.{head['name']}" if self._open else head["name"]
            self._open.append((width, len(self.found)))
            self.found.append(Symbol(name, first, number, "class" if head["class"] else "function", number))
        self._decorated = -1

    def close(self, width: int) -> None:
        """End the definitions that what is indented so far does not belong to."""
        while self._open and self._open[-1][0] >= width:
            self._ends[self._open.pop()[1]] = self.last

    def symbol(self, number: int) -> Symbol:
        """A definition with its last line."""
        return self.found[number]._replace(last_line=self._ends[number])


@lru_cache(maxsize=256)
def _width(space: str) -> int:
    return len(space.replace("\f", "").expandtabs(_TAB))


def _inside_strings(source: AuditSource) -> set[int]:
    """The lines that begin in a string."""
    lines: set[int] = set()
    for piece in find_pieces(source):
        if piece.kind == "string" and "\n" in source.plain[piece.start : piece.end]:
            span = source.span(piece.start, piece.end)
            lines.update(range(span.start_line + 1, span.end_line + 1))
    return lines


def _is_open(source: AuditSource) -> bool:
    """Whether a long string goes on to the end of the text."""
    pieces = find_pieces(source)
    if not pieces or pieces[-1].kind != "string" or pieces[-1].end < len(source.plain):
        return False
    text = source.plain[pieces[-1].start :]
    return text[:3] in ('"""', "'''") and (len(text) < 6 or not text.endswith(text[:3]))
