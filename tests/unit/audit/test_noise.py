"""Claims that are dropped before anybody reads them, and what goes when there are too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import BY_ID, enabled
from maestro.audit.judging.noise import SURENESS, more, most_telling, names_defect, reject_reason, same_code
from tests.unit.audit.model import claim

WHY = "The call raises IndexError for an empty list."


def reason(**members: object) -> str | None:
    said = WireFinding.model_validate({**claim("x = items[0]"), **members})
    return reject_reason(said, enabled(["correctness"]), "medium", "app.py")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, None),
        ({"rule": "style"}, "unknownRule"),
        ({"rule": "sql-injection"}, "ruleNotEnabled"),
        ({"severity": "info"}, "belowSeverity"),
        ({"file": "src/other.py"}, "otherFile"),
        ({"file": "src\\App.py"}, None),
        ({"fix": "x=items[0]"}, "fixIsQuote"),
        ({"fix": "    x = items[0]\n"}, "fixIsQuote"),
        ({"fix": "x = items[1]"}, None),
        ({"why": " \u200b"}, "noDefect"),
        ({"title": "Consider a type annotation"}, "noDefect"),
        ({"title": "No issue found"}, "noDefect"),
    ],
)
def test_reasons(members: dict[str, object], expected: str | None) -> None:
    assert reason(**members) == expected


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("Ensure the input is valid", "It is good practice."),
        ("You should consider a constant", "Readability suffers."),
        ("Naming", "Consider another name."),
        ("Empty list", "There is no issue here."),
        ("Empty list", "This code is already correct."),
        ("Empty list", "The function looks fine, no changes needed."),
        ("Empty list", "This is not a bug."),
        ("Likely a false positive", WHY),
        ("Empty list", ""),
    ],
)
def test_what_names_no_defect(title: str, why: str) -> None:
    assert not names_defect(title, why)


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("Empty list", WHY),
        ("Ensure the file is closed", "The handle leaks when parse() raises ValueError."),
        ("Error is hidden", "No error is raised when the file is missing."),
        ("Wrong for others", "The code is correct for ASCII but cuts emoji in half."),
        ("Works only by luck", "The check is fine until the list is empty."),
        ("Closed file", "The file is already closed when it is read."),
        ("Verification is skipped", "The certificate is accepted whoever signed it."),
    ],
)
def test_what_names_a_defect(title: str, why: str) -> None:
    assert names_defect(title, why)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a  =  b", "a=b", True),
        ("a = b\n", "    a = b\r\n", True),
        ("if a:\n        b()", "    if a:\n        b()", True),
        ("if a:\n    b()", "if a:\n        b()\n    c()", False),
        ("        return a", "    return a", False),
        ("a\n    b", "a\nb", False),
        ('x = "a  b"', 'x = "a b"', False),
        ("", "\n", True),
    ],
)
def test_spacing_is_no_change(one: str, other: str, same: bool) -> None:
    assert same_code(one, other) is same


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2))), st.integers(0, 20))
def test_the_cap_keeps_the_worst_in_their_order(findings: list[tuple[int, int]], limit: int) -> None:
    kept, dropped = most_telling(findings, limit, lambda finding: finding)
    assert len(kept) == min(limit, len(findings))
    assert len(kept) + dropped == len(findings)
    assert sorted(kept) == sorted(findings)[:limit]
    positions = iter(findings)
    assert all(finding in positions for finding in kept)


def test_how_many_more_is_a_sentence() -> None:
    assert more(1).startswith("1 more finding is ")
    assert more(12).startswith("12 more findings are ")


def test_every_rule_and_confidence_is_known() -> None:
    assert all(reject_reason(WireFinding.model_validate(claim("x", rule=id_)), BY_ID) is None for id_ in BY_ID)
    assert set(SURENESS) == {"high", "medium", "low"}
