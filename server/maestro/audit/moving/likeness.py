"""Which lines are rewritten forms of others."""

from collections.abc import Iterator, Sequence

from maestro.audit.moving.alignment import Pair

# Cells of the table in which likeness is weighed.
_MOST_CELLS = 2_500
# Percent, as rapidfuzz counts: lines less alike are two lines.
_ALIKE = 50.0
_MOST_COMPARED = 400
_LEAST_CONTAINED, _CONTAINED = 4, 0.9


def align_alike(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """The pairs of lines, in order, that are most alike altogether."""
    if len(old) * len(new) > _MOST_CELLS:
        likeness = [_likeness(a, b) for a, b in zip(old, new, strict=False)] if len(old) == len(new) else []
        return [(at, at) for at, score in enumerate(likeness) if score]
    scores = [[_likeness(a, b) for b in new] for a in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + scores[i][j])
    return list(_best_path(scores, best))


def _best_path(scores: list[list[float]], best: list[list[float]]) -> Iterator[Pair]:
    i = j = 0
    while i < len(scores) and j < len(scores[0]):
        if scores[i][j] and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            yield i, j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1


def _likeness(old: str, new: str) -> float:
    from rapidfuzz.fuzz import ratio

    a, b = old.strip()[:_MOST_COMPARED], new.strip()[:_MOST_COMPARED]
    if not a or not b:
        return 0.0
    return ratio(a, b, score_cutoff=_ALIKE) or _ALIKE * _is_contained(a, b)


def _is_contained(a: str, b: str) -> bool:
    """Whether nearly all of the shorter is in the longer, in order."""
    from rapidfuzz.distance import LCSseq

    shorter = min(len(a), len(b))
    return shorter >= _LEAST_CONTAINED and LCSseq.similarity(a, b) >= _CONTAINED * shorter
