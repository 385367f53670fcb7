"""What hovers and messages say, and what no model can make them say."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.lsp.words import count, explanation, in_markdown, in_plain_text, last_written, written_by
from maestro_protocol.audit import Provenance
from maestro_protocol.intents import IntentRecord
from tests.unit.audit.results import finding

DOCS = "https://cwe.mitre.org/data/definitions/89.html"
SAID = st.text(alphabet="[](){}<>!`*_\\&#|-:;. \n\tacdemno\u202e", max_size=60)


def record(**changes: object) -> IntentRecord:
    values: dict[str, object] = {
        "id": "int_1",
        "turn_id": "turn_1",
        "tool_call_id": "call_1",
        "tool": "apply_edit",
        "purpose": "test_pass",
        "scope": "src/*.py",
        "risk_level": "low",
        "declared_by": "model",
        "model": "m",
        "prev_hash": "",
        "hash": "",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return IntentRecord.model_validate(values | changes)


def test_a_finding_in_full() -> None:
    cached = Provenance(provider="gemini", model="gemini/flash", cached=True)
    words = in_plain_text([finding(docs_url=DOCS, state="touched", provenance=cached)], record())

    assert words.split("\n") == [
        "Input reaches the query",
        "sql-injection: critical severity, high confidence",
        "The name is put into the query as text.",
        "The code was edited since; audit it again.",
        "Found by gemini/flash, from the cache.",
        f"About sql-injection: {DOCS}",
        "",
        "Last written by apply_edit for test_pass, risk low. Declared scope: src/*.py.",
    ]


def test_findings_at_one_place_are_told_apart() -> None:
    assert in_markdown([finding(), finding()], None).count("\n\n---\n\n") == 1
    assert in_markdown([], record(scope=None, purpose=None)) == "Last written by apply\\_edit, risk low\\."


@given(SAID, SAID, SAID)
def test_only_the_catalogue_makes_links(title: str, why: str, scope: str) -> None:
    words = in_markdown([finding(title=title, message=why, docs_url=DOCS)], record(scope=scope))
    assert re.findall(r"(?<!\\)\]\(([^)]*)\)", words) == [DOCS]
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)!\[|(?<!\\)\]\(command|\u202e", words)


@given(SAID, SAID)
def test_a_message_holds_no_link(title: str, why: str) -> None:
    words = explanation(finding(title=title, message=why, docs_url=DOCS))
    assert "](" not in words
    assert DOCS not in words, "it has a button"
    assert "sql-injection: critical" in words


@pytest.mark.parametrize(("number", "said"), [(0, "0 findings"), (1, "1 finding"), (2, "2 findings")])
def test_counts(number: int, said: str) -> None:
    assert count(number, "finding") == said


def test_who_wrote_something() -> None:
    assert written_by(record()) == "written by apply_edit for test_pass, risk low"
    assert "\n" not in last_written(record(scope="a\nb"))
