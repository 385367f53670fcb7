"""Spans of lines and code points as the ranges an editor counts in, and back."""

from collections.abc import Sequence

from maestro.audit.source import Span
from maestro.positions import Encoding, from_units, to_units
from maestro_protocol.chat import Position, Range


def to_range(lines: Sequence[str], span: Span, encoding: Encoding) -> Range:
    """The span as the editor wants it."""

    def at(line: int, column: int) -> Position:
        text = lines[line] if line < len(lines) else ""
        return Position(line=line, character=to_units(text, column, encoding))

    return Range(start=at(span.start_line, span.start), end=at(span.end_line, span.end))


def from_range(lines: Sequence[str], range_: Range, encoding: Encoding) -> Span:
    """What the editor meant, clipped to the text."""

    def at(position: Position) -> tuple[int, int]:
        if position.line >= len(lines):
            return len(lines) - 1, len(lines[-1])
        return position.line, from_units(lines[position.line], position.character, encoding)

    start, end = sorted((at(range_.start), at(range_.end)))
    return Span(*start, *end)
