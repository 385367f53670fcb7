"""Which lines, or words, of a text are those of an earlier one."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

Pair: TypeAlias = tuple[int, int]
"""An index in the old sequence and the one in the new that it became."""

_Find: TypeAlias = Callable[[Sequence[str], Sequence[str]], list[Pair]]

# Bits of the table for the longest common subsequence.
_MOST_BITS = 1 << 26


class Gap(NamedTuple):
    """What lies between two pairs: old and new indices, ends exclusive. One side may be empty."""

    old: int
    old_end: int
    new: int
    new_end: int


def align_lines(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Pairs in order: equal lines, what stands once on both sides first, then lines that differ in blanks only."""
    return _align(old, new, _LINES)


def align_words(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Pairs of equal words, in order."""
    return _align(old, new, (_ends, _longest))


def everything(old: Sequence[str], new: Sequence[str]) -> Gap:
    """All of two sequences, as a gap between no pairs."""
    return Gap(0, len(old), 0, len(new))


def gaps(pairs: Sequence[Pair], within: Gap) -> Iterator[Gap]:
    """What is between the pairs, before the first and after the last."""
    at, at_new = within.old, within.new
    for i, j in (*pairs, (within.old_end, within.new_end)):
        if at < i or at_new < j:
            yield Gap(at, i, at_new, j)
        at, at_new = i + 1, j + 1


def shared_head(old: Sequence[str], new: Sequence[str]) -> int:
    """How many items two sequences begin with alike."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _align(old: Sequence[str], new: Sequence[str], finds: Sequence[_Find]) -> list[Pair]:
    """What each `find` in turn sees in the gaps that those before it left."""
    found: list[Pair] = []
    left = [everything(old, new)]
    for find in finds:
        left, asked = [], left
        for gap in asked:
            if gap.old < gap.old_end and gap.new < gap.new_end:
                pairs = find(old[gap.old : gap.old_end], new[gap.new : gap.new_end])
                inside = [(gap.old + i, gap.new + j) for i, j in pairs]
                found += inside
                left += gaps(inside, gap)
    return sorted(found)


def _squeezed(find: _Find) -> _Find:
    """The same with lines that differ in blanks only taken for equal."""

    def squeeze(lines: Sequence[str]) -> list[str]:
        return ["".join(line.split()) for line in lines]

    return lambda old, new: find(squeeze(old), squeeze(new))


def _ends(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    head = shared_head(old, new)
    tail = shared_head(old[head:][::-1], new[head:][::-1])
    last = [(len(old) - back, len(new) - back) for back in range(tail, 0, -1)]
    return [(at, at) for at in range(head)] + last


def _once(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """The longest run, in order, of items, not blank, that stand once on each side."""
    counts, new_counts = Counter(old), Counter(new)
    places = {item: at for at, item in enumerate(new) if new_counts[item] == 1 and not item.isspace() and item}
    return _rising([(at, places[item]) for at, item in enumerate(old) if counts[item] == 1 and item in places])


def _rising(pairs: list[Pair]) -> list[Pair]:
    """The most pairs whose second numbers rise as well."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for at, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [at]
    run: list[Pair] = []
    at = last[-1] if last else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


def _longest(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """A longest common subsequence where the ends are not equal, unless the table for it would be large."""
    if len(old) == len(new) == 1 or len(old) * len(new) > _MOST_BITS:
        return []
    from rapidfuzz.distance import LCSseq

    numbers: dict[str, int] = {}
    a, b = ([numbers.setdefault(item, len(numbers)) for item in items] for items in (old, new))
    blocks = LCSseq.editops(a, b).as_matching_blocks()
    return [(block.a + at, block.b + at) for block in blocks for at in range(block.size)]


def _all_or_once(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    return [(at, at) for at in range(len(old))] if old == new else _once(old, new)


# Lines that were moved in or out may look like others that were there before, so what they look like comes later.
_BY_WORDS = _squeezed(_all_or_once)
_LINES: Sequence[_Find] = (
    *(_ends, _BY_WORDS, _ends, _BY_WORDS, _once, _ends, _longest),
    *(_squeezed(_ends), _squeezed(_longest)),
)
