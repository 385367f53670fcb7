"""A part of a text, as an editor points to it."""

from collections.abc import Sequence

from maestro.positions import Encoding, from_units, split_lines
from maestro_protocol.chat import Position, Range


def cut(text: str, range_: Range, encoding: Encoding) -> str:
    """The text a range covers; what lies beyond the end of a line or of the text is left out."""
    lines = split_lines(text)
    start, end = sorted(_offset(lines, position, encoding) for position in (range_.start, range_.end))
    return text[start:end]


def _offset(lines: Sequence[str], position: Position, encoding: Encoding) -> int:
    before = sum(len(line) for line in lines[: position.line])
    if position.line >= len(lines):
        return before
    return before + from_units(lines[position.line].rstrip("\r\n"), position.character, encoding)
