"""Changes of whole lines as the least edits of a text, with the line ends it has."""

from collections.abc import Sequence

from maestro.audit.source import AuditSource, Span
from maestro.positions import split_lines

Edits = tuple[tuple[Span, str], ...]
"""Spans of one text and what replaces them, with the text's own line ends; from top to bottom, none touch."""

_MARK = "\ufeff"


def least_edits(source: AuditSource, first: int, last: int, new: list[str]) -> Edits:
    """The lines replaced without those at the edges that stay as they are; nothing if all do."""
    old, new = _unmarked(source.lines[first : last + 1]), _unmarked(new)
    if old == new:
        return ()
    same = min(len(old), len(new))
    head = next((n for n in range(same) if old[n] != new[n]), same)
    tail = next((n for n in range(same - head) if old[-1 - n] != new[-1 - n]), same - head)
    return (_edit(source, first + head, last + 1 - tail, new[head : len(new) - tail]),)


def apply_edits(source: AuditSource, edits: Edits) -> str:
    """The text, with its line ends, after the edits."""
    lines = split_lines(source.text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text, end = "", len(source.text)
    for span, new in sorted(edits, reverse=True):
        text = new + source.text[starts[span.end_line] + span.end : end] + text
        end = starts[span.start_line] + span.start
    return source.text[:end] + text


def touch(one: Span, other: Span) -> bool:
    """Whether the order of two edits would matter."""
    start, end = max(one[:2], other[:2]), min(one[2:], other[2:])
    empty = one[:2] == one[2:] or other[:2] == other[2:]
    return start < end or one[:2] == other[:2] or (start == end and empty)


def _edit(source: AuditSource, start: int, end: int, new: list[str]) -> tuple[Span, str]:
    """Lines `start` to before `end` replaced by others, of which there may be none, as may be of those."""
    lines, eol = source.lines, _eol(source, start)
    text = eol.join(new)
    left = int(start == 0 and source.plain.startswith(_MARK))
    if start < end and new:
        return Span(start, left, end - 1, len(lines[end - 1])), text
    if end < len(lines):
        return Span(start, left, end, left if end == start else 0), text + eol if new else ""
    # At the end of the file the line break before goes, or comes.
    top = (start - 1, len(lines[start - 1])) if start else (0, left)
    return Span(*top, len(lines) - 1, len(lines[-1])), eol + text if new else ""


def _unmarked(lines: Sequence[str]) -> list[str]:
    """A byte order mark is no part of the first line."""
    return [lines[0].removeprefix(_MARK), *lines[1:]] if lines else []


def _eol(source: AuditSource, line: int) -> str:
    """The end of this line or of the nearest before that has one; else the end of the first."""
    ends = (text[len(text.rstrip("\r\n")) :] for text in reversed(split_lines(source.text)[: line + 1]))
    return next(filter(None, ends), source.eol)
