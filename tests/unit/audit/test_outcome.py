"""Outcomes that are remembered."""

from maestro.audit import outcome
from maestro.audit.findings import Placed
from maestro.audit.outcome import Outcome, Outcomes
from maestro.audit.source import Span
from maestro_protocol.audit import AuditStatus
from maestro_protocol.chat import Usage
from tests.unit.audit.results import finding, result


def made(status: AuditStatus = "complete") -> Outcome:
    one, lost = finding(), finding(id="fnd_2", state="unverified")
    told = result(one, status=status, unverified=[lost], requests=3, usage=Usage(total_tokens=5))
    return Outcome(told, [Placed(one, Span(0, 0, 0, 1), 0, 1)], [(0, 4)])


def test_only_complete_ones_are_remembered() -> None:
    kept = Outcomes()
    for status in ("partial", "failed", "skipped", "cancelled"):
        kept.put(status, made(status))
        assert kept.get(status) is None
    kept.put("complete", whole := made())
    assert kept.get("complete") is whole


def test_the_latest_are_remembered(monkeypatch) -> None:
    monkeypatch.setattr(outcome, "_MOST_KEPT", 2)
    kept = Outcomes()
    for question in ("a", "b", "a", "c"):
        kept.put(question, made())
    assert [question for question in "abc" if kept.get(question)] == ["a", "c"]


def test_an_outcome_told_again_cost_nothing_and_says_so() -> None:
    again = made().again("aud_9")
    assert (again.result.audit_id, again.result.requests, again.result.usage) == ("aud_9", 0, None)
    assert again.reviewed == [(0, 4)]
    assert all(chunk.cached for chunk in again.result.chunks)
    findings = [*again.result.findings, *again.result.unverified, *(one.finding for one in again.placed)]
    assert {(one.provenance.audit_id, one.provenance.cached) for one in findings} == {("aud_9", True)}


def test_a_place_in_the_workspace_is_told_with_all_findings() -> None:
    there = made().at("lib/a.py")
    findings = [*there.result.findings, *there.result.unverified, *(one.finding for one in there.placed)]
    assert {one.rel_path for one in findings} == {"lib/a.py"}
