"""Which lines of a text became which lines of the next one."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from maestro.audit.moving.alignment import align_lines, everything, gaps
from maestro.positions import split_lines

_END = re.compile(r"\r\n|\n|\r")


class LineChange(NamedTuple):
    """Lines `first` to before `end` became lines `new_first` to before `new_end`; either may be none. Zero-based."""

    first: int
    end: int
    new_first: int
    new_end: int


def bare_lines(text: str) -> list[str]:
    """The lines without their ends."""
    return [line.rstrip("\r\n") for line in split_lines(text)]


def line_changes(before: Sequence[str], after: Sequence[str]) -> tuple[LineChange, ...]:
    """From top to bottom, with at least one line that stayed between two of them."""
    pairs = [(at, now) for at, now in align_lines(before, after) if before[at] == after[now]]
    return tuple(
        LineChange(gap.old, gap.old_end, gap.new, gap.new_end) for gap in gaps(pairs, everything(before, after))
    )


def edit_changes(text: str, start: int, end: int, new: str) -> tuple[LineChange, ...]:
    """The lines that change when `new` replaces what stands from code point `start` to `end`."""
    head = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    stop = _END.search(text, end)
    tail = stop.end() if stop else len(text)
    above = _count_ends(text, head)
    changes = line_changes(bare_lines(text[head:tail]), bare_lines(text[head:start] + new + text[end:tail]))
    return tuple(LineChange(*(place + above for place in change)) for change in changes)


def kept(changes: Sequence[LineChange], count: int) -> Iterator[tuple[int, int, int]]:
    """The runs of the old text's `count` lines that stayed: first, end, and by how many lines each moved down."""
    start = shift = 0
    for change in changes:
        yield start, change.first, shift
        start, shift = change.end, change.new_end - change.end
    yield start, count, shift


def _count_ends(text: str, stop: int) -> int:
    return text.count("\n", 0, stop) + text.count("\r", 0, stop) - text.count("\r\n", 0, stop)
