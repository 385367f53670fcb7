"""How one text became another, where nobody told: lines first, then the words of those that changed."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import TypeAlias

from maestro.audit.moving.alignment import Gap, Pair, align_lines, align_words, everything, gaps, shared_head
from maestro.audit.moving.edits import Edit
from maestro.audit.moving.likeness import align_alike
from maestro.audit.moving.offsets import line_after, line_before
from maestro.positions import split_lines

_Lines: TypeAlias = Sequence[str]
_Replace: TypeAlias = Callable[[int, _Lines, _Lines], Iterator[Edit]]

_TOKEN = re.compile(r"\w+|[^\S\r\n]+|\r\n|.", re.S)
# What replaces no more than this, within a line, is what a person typed.
_LITTLE = 100
# Percent, as rapidfuzz counts: from here on lines were split or joined, not replaced.
_REFORMATTED = 70.0
_MOST_COMPARED = 20_000


def difference(before: str, after: str) -> tuple[Edit, ...]:
    """Edits that make `after` of `before`, as few and as small as they are cheaply found.

    They go from the last to the first, so that each offset is right both in `before` and when its turn comes.
    """
    old, new = split_lines(before), split_lines(after)
    return tuple(reversed(_join(_by_line(0, old, new, align_lines(old, new), _replace))))


def refine(text: str, edit: Edit) -> tuple[Edit, ...]:
    """The same change in smaller edits where it replaces more than a little; else the edit as it is."""
    removed = text[edit.start : edit.end]
    if not edit.text or not removed or (len(removed) <= _LITTLE and len(split_lines(removed + ".")) == 1):
        return (edit,)
    start, end = line_before(text, edit.start), line_after(text, edit.end)
    after = text[start : edit.start] + edit.text + text[edit.end : end]
    return tuple(Edit(start + e.start, start + e.end, e.text) for e in difference(text[start:end], after))


def _by_line(at: int, old: _Lines, new: _Lines, pairs: Sequence[Pair], replace: _Replace) -> Iterator[Edit]:
    """Edits, in order, for lines that begin at an offset; `replace` is asked about those that are in no pair."""
    starts = list(accumulate(map(len, old), initial=at))
    changed = ((Gap(i, i + 1, j, j + 1), _words) for i, j in pairs if old[i] != new[j])
    lost = ((gap, replace) for gap in gaps(pairs, everything(old, new)))
    for gap, edits in sorted([*changed, *lost], key=itemgetter(0)):
        yield from edits(starts[gap.old], old[gap.old : gap.old_end], new[gap.new : gap.new_end])


def _replace(at: int, old: _Lines, new: _Lines) -> Iterator[Edit]:
    if len(old) != len(new) and _is_reformatted(old, new):
        return _words(at, old, new)
    return _by_line(at, old, new, align_alike(old, new), _whole)


def _whole(at: int, old: _Lines, new: _Lines) -> Iterator[Edit]:
    yield Edit(at, at + len("".join(old)), "".join(new))


def _is_reformatted(old: _Lines, new: _Lines) -> bool:
    from rapidfuzz.fuzz import ratio

    a, b = ("".join("".join(lines).split()) for lines in (old, new))
    return bool(a and b) and max(len(a), len(b)) <= _MOST_COMPARED and ratio(a, b) >= _REFORMATTED


def _words(at: int, before: _Lines, after: _Lines) -> Iterator[Edit]:
    old, new = _TOKEN.findall("".join(before)), _TOKEN.findall("".join(after))
    starts = list(accumulate(map(len, old), initial=at))
    for gap in gaps(align_words(old, new), everything(old, new)):
        removed, text = "".join(old[gap.old : gap.old_end]), "".join(new[gap.new : gap.new_end])
        yield _trim(starts[gap.old], removed, text)


def _trim(start: int, removed: str, text: str) -> Edit:
    """The edit without what both sides begin or end with."""
    head = shared_head(removed, text)
    removed, text = removed[head:], text[head:]
    tail = shared_head(removed[::-1], text[::-1])
    return Edit(start + head, start + head + len(removed) - tail, text[: len(text) - tail])


def _join(edits: Iterable[Edit]) -> list[Edit]:
    """Those that touch made one: what is between two words is no boundary of a word."""
    joined: list[Edit] = []
    for edit in edits:
        if joined and joined[-1].end == edit.start:
            last = joined.pop()
            edit = Edit(last.start, edit.end, last.text + edit.text)
        joined.append(edit)
    return joined
