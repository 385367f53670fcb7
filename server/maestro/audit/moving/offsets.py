"""Where an editor's positions are in a text, and back, without walking its lines one by one."""

import re
from itertools import islice

from maestro.positions import Encoding, from_units, to_units
from maestro_protocol.chat import Position, Range

_END = re.compile(r"\r\n|\n|\r")
_SMALL = 4096


def line_start(text: str, line: int) -> int:
    """The offset at which a zero-based line begins; the end of the text if it has no such line."""
    if line <= 0:
        return 0
    low, high = 0, len(text)
    while high - low > _SMALL:
        middle = _not_inside_crlf(text, (low + high) // 2)
        ends = _count_ends(text, low, middle)
        if ends < line:
            low, line = middle, line - ends
        else:
            high = middle
    end = next(islice(_END.finditer(text, low), line - 1, None), None)
    return end.end() if end else len(text)


def line_before(text: str, offset: int) -> int:
    """Where the line of an offset begins."""
    offset = _not_inside_crlf(text, offset)
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_after(text: str, offset: int) -> int:
    """Where the line after that of an offset begins; the end of the text if there is none."""
    end = _END.search(text, offset)
    return end.end() if end else len(text)


def to_offset(text: str, position: Position, encoding: Encoding) -> int:
    """The offset an editor means; what lies beyond a line or the text is its end."""
    start = line_start(text, position.line)
    end = _END.search(text, start)
    stop = min(start + position.character, end.start() if end else len(text))
    return start + from_units(text[start:stop], position.character, encoding)


def to_position(text: str, offset: int, encoding: Encoding) -> Position:
    """The place of an offset, in the editor's units."""
    start = line_before(text, offset)
    before = text[start : _not_inside_crlf(text, offset)]
    return Position(line=_count_ends(text, 0, start), character=to_units(before, len(before), encoding))


def to_offsets(text: str, range_: Range, encoding: Encoding) -> tuple[int, int]:
    """Start and end of a range, in order even if the editor turned them round."""
    start, end = sorted(to_offset(text, position, encoding) for position in (range_.start, range_.end))
    return start, end


def _not_inside_crlf(text: str, offset: int) -> int:
    return offset - 1 if text[max(offset - 1, 0) : offset + 1] == "\r\n" else offset


def _count_ends(text: str, start: int, stop: int) -> int:
    ends = text.count("\n", start, stop)
    if (lone := text.count("\r", start, stop)) == 0:
        return ends
    return ends + lone - text.count("\r\n", start, stop)
