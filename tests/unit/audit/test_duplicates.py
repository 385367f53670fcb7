"""One defect is one finding, and the graver report of it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.judging.duplicates import distinct, overlap, same_words
from maestro.audit.source import Span
from maestro_protocol.audit import Finding, Provenance
from tests.unit.audit.model import python

SOURCE = python("a = first(x)\nb = second(y)\nc = third(z)\n\nd = 1\n")
BASE = Finding(
    id="fnd",
    fingerprint="f",
    rule="wrong-logic",
    category="correctness",
    severity="medium",
    confidence="medium",
    title="Wrong for empty input",
    message="It fails.",
    uri=SOURCE.uri,
    provenance=Provenance(provider="fake", model="m"),
)
FIRST, SECOND, PART, BOTH = Span(0, 0, 0, 12), Span(1, 0, 1, 13), Span(0, 4, 0, 12), Span(0, 0, 1, 13)


def finding(**members: object) -> Finding:
    return BASE.model_copy(update=members)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (FIRST, FIRST, 1.0),
        (FIRST, PART, 1.0),
        (FIRST, SECOND, 0.0),
        (FIRST, BOTH, 1.0),
        (BOTH, Span(1, 0, 2, 12), 1 / 2),
        (Span(0, 0, 0, 3), PART, 0.0),
        (Span(3, 0, 3, 0), Span(3, 0, 3, 0), 1.0),
        (Span(3, 0, 3, 0), FIRST, 0.0),
    ],
)
def test_overlap_counts_against_the_smaller_one(one: Span, other: Span, expected: float) -> None:
    assert overlap(SOURCE, one, other) == pytest.approx(expected)
    assert overlap(SOURCE, other, one) == pytest.approx(expected)


def test_titles_are_compared_by_their_words() -> None:
    assert same_words("Wrong for `empty` input", "wrong for empty Input!") == 1
    assert same_words("Unclosed file", "SQL injection") == 0
    assert same_words("", "") == 0


@pytest.mark.parametrize(
    ("span", "members", "kept"),
    [
        (PART, {"title": "Something else"}, 1),
        (PART, {"rule": "off-by-one", "title": "Wrong for an empty input"}, 1),
        (PART, {"rule": "off-by-one", "title": "Other"}, 2),
        (SECOND, {}, 2),
    ],
)
def test_the_same_is_the_same_rule_or_nearly_the_same_title(span: Span, members: dict[str, object], kept: int) -> None:
    result, dropped = distinct(SOURCE, [(FIRST, finding()), (span, finding(**members))])
    assert (len(result), dropped) == (kept, 2 - kept)


@given(st.permutations([("low", "high"), ("high", "low"), ("high", "high"), ("medium", "high")]))
def test_the_graver_then_the_surer_one_stays(order: list[tuple[str, str]]) -> None:
    reports = [(FIRST, finding(severity=severity, confidence=confidence)) for severity, confidence in order]
    [(_, kept)], dropped = distinct(SOURCE, reports)
    assert (kept.severity, kept.confidence, dropped) == ("high", "high", 3)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["a", "b"]))))
def test_nothing_is_kept_twice_and_no_place_is_lost(places: list[tuple[int, int, str]]) -> None:
    spans = [Span(min(a, b), 0, max(a, b), 12) for a, b, _ in places]
    reports = [(span, finding(rule=rule, title=rule)) for span, (_, _, rule) in zip(spans, places, strict=True)]
    kept, dropped = distinct(SOURCE, reports)
    assert len(kept) + dropped == len(reports)
    assert distinct(SOURCE, kept) == (kept, 0)
    assert {item[1].rule for item in kept} == {rule for _, _, rule in places}
    assert [item[0] for item in kept] == sorted(item[0] for item in kept)
