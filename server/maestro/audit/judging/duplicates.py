"""One defect, reported once: the same place and the same rule, or nearly the same words."""

import re
from collections.abc import Sequence

from maestro.audit.judging.noise import rank
from maestro.audit.source import AuditSource, Span
from maestro_protocol.audit import Finding

_OVERLAP = 0.5
_SAME_WORDS = 0.6
_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w+")


def distinct(source: AuditSource, placed: Sequence[tuple[Span, Finding]]) -> tuple[list[tuple[Span, Finding]], int]:
    """Each defect once, from top to bottom, and how many were dropped; the more severe, then the surer one stays."""
    kept: list[tuple[Span, Finding]] = []
    for span, finding in sorted(placed, key=lambda item: (rank(item[1]), not item[1].fixes, item[0])):
        if not any(same_defect(source, (span, finding), other) for other in kept):
            kept.append((span, finding))
    return sorted(kept, key=lambda item: item[0]), len(placed) - len(kept)


def same_defect(source: AuditSource, one: tuple[Span, Finding], other: tuple[Span, Finding]) -> bool:
    """Whether two findings speak of the same."""
    alike = one[1].rule == other[1].rule or same_words(one[1].title, other[1].title) >= _SAME_WORDS
    return alike and overlap(source, one[0], other[0]) >= _OVERLAP


def overlap(source: AuditSource, one: Span, other: Span) -> float:
    """How much of the smaller span the other one covers, in tokens, from 0 to 1."""
    first, second = _offsets(source, one), _offsets(source, other)
    start, end = max(first[0], second[0]), min(first[1], second[1])
    if start > end or (start == end and one != other):
        return 0.0
    smaller = min(_tokens(source, *first), _tokens(source, *second))
    return _tokens(source, start, end) / smaller if smaller else 1.0


def same_words(one: str, other: str) -> float:
    """The Jaccard index of the words of two titles."""
    first, second = (set(_WORD.findall(title.casefold())) for title in (one, other))
    return len(first & second) / len(first | second) if first | second else 0.0


def _offsets(source: AuditSource, span: Span) -> tuple[int, int]:
    return source.offset(span.start_line, span.start), source.offset(span.end_line, span.end)


def _tokens(source: AuditSource, start: int, end: int) -> int:
    return len(_TOKEN.findall(source.plain, start, end))
