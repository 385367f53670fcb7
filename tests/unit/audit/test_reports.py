"""Reports show what was found where, and call only a complete audit clean."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.limits import NOTHING_THERE
from maestro.audit.reports.renderings import render_github, render_json, render_text, status_of, summary
from maestro_protocol.audit import AuditStatus, ChunkReport, Edit, Fix
from maestro_protocol.errors import ErrorData, ErrorInfo
from tests.unit.audit.results import finding, place, result

URI = "file:///w/src/a.py"
CUT = ErrorInfo(code=4210, message="The answer was cut.", data=ErrorData(kind="upstreamBadResponse"))


def test_a_text_is_grouped_by_file_and_shows_the_code() -> None:
    results = [
        result(finding(range=place(1, 10, 13)), finding(range=place(0, 0, 1), severity="low", rule="unused-code")),
        result(finding(rel_path="a.py", uri="file:///w/a.py", confidence="low")),
    ]
    text = render_text(results, {URI: "x = 1\n\tq = '😀' + n\n"})
    assert text == (
        "a.py\n"
        "  1:1  critical, low confidence: Input reaches the query [sql-injection]\n"
        "      The name is put into the query as text.\n"
        "\n"
        "src/a.py\n"
        "  1:1  low: Input reaches the query [unused-code]\n"
        "      The name is put into the query as text.\n"
        "      1 | x = 1\n"
        "        | ^\n"
        "  2:11  critical: Input reaches the query [sql-injection]\n"
        "      The name is put into the query as text.\n"
        "      2 | \tq = '😀' + n\n"
        "        | \t        ^^^\n"
        "\n"
        "3 findings (2 critical, 1 low)\n"
    )
    assert " | " not in render_text(results, {URI: "x = 1\n\tq = 2\n"}, frames=False)


def test_frames_show_no_secret_and_nothing_that_steers_a_terminal() -> None:
    secret = "ghp_" + "a1" * 18
    text = render_text([result(finding())], {URI: f"\x1b[2Jtoken = '{secret}'\u202e\n"})
    assert secret not in text
    assert "\x1b" not in text and "\u202e" not in text and "token" in text


def test_what_people_decided_about_is_counted_and_not_shown() -> None:
    decided = [finding(state=state) for state in ("suppressed", "baselined", "dismissed", "suppressed")]
    results = [result(*decided, unverified=[finding(range=None)])]
    assert (
        summary(results) == "clean: no findings, 1 baselined, 1 dismissed, 2 suppressed, 1 without a place in the code"
    )
    assert render_github(results) == ""


@pytest.mark.parametrize("status", ["partial", "failed", "cancelled"])
@pytest.mark.parametrize("other", [[], [result()], [result(finding())]])
def test_an_incomplete_audit_is_never_called_clean(status: AuditStatus, other: list) -> None:  # type: ignore[type-arg]
    broken = result(status=status, error=CUT, chunks=[ChunkReport(id="c1", status="failed", reason="No answer came.")])
    results = [*other, broken]
    for text in (summary(results), render_text(results, {}), render_github(results)):
        assert "clean" not in text and "INCOMPLETE" in text
    assert "The answer was cut." in render_text(results, {}) and "No answer came." in render_github(results)
    assert json.loads(render_json(results))["status"] in ("partial", "failed", "cancelled")


@given(st.lists(st.sampled_from(["complete", "partial", "failed", "skipped", "cancelled"]), max_size=5))
def test_only_complete_results_are_complete(statuses: list[AuditStatus]) -> None:
    overall = status_of([result(status=status) for status in statuses])
    assert (overall == "complete") == ("complete" in statuses and set(statuses) <= {"complete", "skipped"})
    assert (overall == "skipped") == (set(statuses) == {"skipped"})


def test_nothing_audited_is_said() -> None:
    assert "nothing" in summary([result(status="skipped")])
    assert "INCOMPLETE" in summary([])


def test_json_is_the_wire_without_secrets() -> None:
    secret = "ghp_" + "a1" * 18
    unsafe = Fix(title="Fix it", edits=[Edit(range=place(), new_text=f"token = '{secret}'")], safe=False)
    text = render_json([result(finding(fixes=[unsafe], title="Ü"))])
    document = json.loads(text)
    assert document["results"][0]["findings"][0]["relPath"] == "src/a.py"
    assert document["status"] == "complete"
    assert secret not in text and "Ü" in text


def test_annotations_are_escaped() -> None:
    one = finding(
        title="a: 100%, really", message="first\r\nsecond: 5 %, x::y", rel_path="src/a,b:c.py", range=place(1, 4, 9)
    )
    assert render_github([result(one)]) == (
        "::error file=src/a%2Cb%3Ac.py,line=2,endLine=2,col=5,endColumn=9,"
        "title=a%3A 100%25%2C really [sql-injection]::first%0D%0Asecond: 5 %25, x::y\n"
    )


def test_names_are_recognised_and_steer_nothing() -> None:
    name = os.fsdecode(b"src/\xff\x1b[2J\n\t") + "\u202e.py"
    left = ChunkReport(id="c1", uri="file:///w/b.png", status="skipped", reason="No text.")
    results = [result(finding(rel_path=name)), result(status="skipped", chunks=[left])]
    text = render_text(results, {}, name=lambda uri: name)
    assert text.startswith("src/\\xff\\x1b[2J\\x0a\\x09\\u202e.py\n")
    assert "not audited: src/\\xff\\x1b[2J\\x0a\\x09\\u202e.py: No text.\n" in text
    for line in render_github(results, lambda uri: name).splitlines():
        assert " file=src/\\xff\\x1b[2J%0A\\x09\\u202e.py," in line


def test_what_was_passed_over_is_named_and_counted() -> None:
    png, empty, gone = (f"file:///w/{name}" for name in ("a.png", "b.py", "c.py"))
    chunks = [
        ChunkReport(id="c1", uri=png, status="skipped", reason="No text."),
        ChunkReport(id="c1", uri=empty, status="skipped", reason=NOTHING_THERE),
        ChunkReport(id="c1", uri=URI, first_line=1, last_line=2, status="skipped", reason="Too dear."),
        ChunkReport(id="c1", uri=gone, status="failed", reason="No permission."),
    ]
    results = [result(status="partial", chunks=chunks)]
    text = render_text(results, {}, name=lambda uri: uri.rpartition("/")[2])
    assert text == (
        "not audited: a.png: No text.\n"
        "not audited: a.py: Too dear.\n"
        "not audited: c.py: No permission.\n"
        "INCOMPLETE, the audit is partial: no findings in what was reviewed, 1 file not audited, 1 file passed over\n"
    )
    notice, warning, error = render_github(results).splitlines()
    assert notice == f"::notice file={png.replace(':', '%3A')},title=Not audited::No text."
    assert "No text." not in error and "No permission." not in warning[:20] and "Too dear." in error
    assert warning.startswith("::warning file=") and error.startswith("::error title=Audit incomplete::")
    assert summary([result(status="skipped", chunks=chunks[:1])]).endswith("nothing to review, 1 file passed over")


def test_who_looked_is_said_once() -> None:
    chunk = ChunkReport(id="c1", uri=URI, status="reviewed", reason="No model has read it.")
    text = render_text([result(chunks=[chunk, chunk])], {})
    assert text == "No model has read it.\nclean: no findings\n"


def test_annotations_of_several_lines_have_no_columns() -> None:
    ranged = place(1, 4, 9)
    ranged.end.line = 3
    text = render_github([result(finding(range=ranged, severity="low"))])
    assert text.startswith("::notice file=src/a.py,line=2,endLine=4,title=")
    assert render_github([result(finding(range=None))]).startswith("::error file=src/a.py,title=")


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_annotation_is_one_line_whatever_it_says(title: str, message: str) -> None:
    text = render_github([result(finding(title=title, message=message))])
    assert text.count("\n") == 1 and "\r" not in text
    head = text[: text.index("::", 2)]
    assert head.count("=") - title.count("=") == 6
