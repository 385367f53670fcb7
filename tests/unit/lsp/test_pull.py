"""Diagnostics for those who ask, and which finding a client means."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from maestro.app import Services
from maestro.audit.findings import Placed
from maestro.audit.source import Span
from maestro.lsp.diagnostics import find_meant, result_id, to_lsp
from maestro.lsp.features.diagnostics import Everything, Shown, document_report, workspace_reports
from maestro.lsp.open_settings import OpenSettings
from maestro.services.findings import FindingStore, Tracked, Verdict
from maestro.services.texts import Text, Texts
from maestro_protocol.audit import Finding
from tests.unit.audit.editor import MemoryEditor
from tests.unit.audit.results import finding, place

URI = "file:///w/src/a.py"


def shown_at(uri: str, version: int | None, *findings: Finding) -> Shown:
    return Shown(uri, version, findings, result_id(findings))


def test_the_same_diagnostics_are_not_told_twice() -> None:
    first = document_report([finding()], None)
    assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
    assert len(first.items) == 1 and first.result_id is not None

    again = document_report([finding()], first.result_id)
    assert again == types.RelatedUnchangedDocumentDiagnosticReport(result_id=first.result_id)
    assert isinstance(document_report([], first.result_id), types.RelatedFullDocumentDiagnosticReport)


@pytest.mark.parametrize(
    "change",
    [
        {"range": place(1)},
        {"range": place(0, 0, 2)},
        {"severity": "low"},
        {"state": "touched"},
        {"fingerprint": "b" * 32},
        {"id": "fnd_2"},
        {"message": "Other."},
    ],
)
def test_whatever_is_drawn_changes_the_id(change: dict[str, object]) -> None:
    assert result_id([finding(**change)]) != result_id([finding()])
    assert result_id([finding(), finding(**change)]) != result_id([finding()])


def test_the_id_knows_nothing_of_what_is_not_drawn() -> None:
    assert result_id([finding(symbol="x", message="\ud800")]) == result_id([finding(symbol="y", message="\ud800")])


def test_a_workspace_is_told_with_what_is_gone() -> None:
    shown = [shown_at(URI, 3, finding()), shown_at("file:///w/b%20c.py", None, finding(id="fnd_2"))]
    previous = [
        types.PreviousResultId("file:///w/b c.py", result_id(shown[1].findings)),
        types.PreviousResultId("file:///w/gone.py", "x"),
        types.PreviousResultId("file:///w/empty.py", result_id([])),
    ]
    reports = {one.uri: (one.kind, one.version) for one in workspace_reports(previous, shown)}

    assert reports == {
        URI: ("full", 3),
        "file:///w/b c.py": ("unchanged", None),
        "file:///w/gone.py": ("full", None),
        "file:///w/empty.py": ("unchanged", None),
    }


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True), st.lists(st.sampled_from("abcd"), unique=True))
def test_a_client_that_keeps_the_ids_is_told_nothing_new(shown: list[str], known: list[str]) -> None:
    """Whatever it knew before, after one answer it knows everything, and each document once."""
    here = [shown_at(uri, 1, finding(id=uri)) for uri in shown]
    reports = workspace_reports([types.PreviousResultId(uri, "old") for uri in known], here)
    assert sorted(one.uri for one in reports) == sorted({*shown, *known})

    previous = [types.PreviousResultId(one.uri, str(one.result_id)) for one in reports]
    assert {one.kind for one in workspace_reports(previous, here)} <= {"unchanged"}


def told(one: Finding, **changes: object) -> types.Diagnostic:
    [diagnostic] = to_lsp([one])
    for name, value in changes.items():
        setattr(diagnostic, name, value)
    return diagnostic


def test_a_finding_is_meant_by_its_id() -> None:
    first, second = finding(), finding(id="fnd_2")

    assert find_meant(told(second, message="translated"), [first, second]) == second
    assert find_meant(told(second), [first]) is None
    assert find_meant(told(first, data=None), [first, second]) == first
    on_one_line = " ".join(told(first).message.splitlines())
    assert find_meant(told(first, data=None, source=None, message=on_one_line), [first, second]) == first


@pytest.mark.parametrize(
    "change",
    [
        {"message": "x"},
        {"code": "x"},
        {"source": "x"},
        {"range": types.Range(types.Position(0, 0), types.Position(0, 2))},
    ],
)
@pytest.mark.parametrize("data", [None, [], {"other": 1}])
def test_without_an_id_everything_must_fit(change: dict[str, object], data: object) -> None:
    assert find_meant(told(finding(), data=data, **change), [finding()]) is None
    assert find_meant(told(finding(), data=data), [finding()]) == finding()


@pytest.mark.asyncio
async def test_everything_is_kept_until_something_changes() -> None:
    editor = MemoryEditor()
    texts = Texts(editor)
    judged: list[str] = []

    def judge(text: Text, tracked: Sequence[Tracked]) -> tuple[dict[str, Verdict], Sequence[Tracked]]:
        judged.append(text.uri)
        return {}, ()

    findings = FindingStore(texts, editor, judge)
    services = cast("Services", SimpleNamespace(findings=findings, texts=texts))
    settings = cast("OpenSettings", SimpleNamespace(shown=dict, listen=lambda listener: None))
    everything = Everything(services, settings)
    assert everything.shown() == []
    editor.open(URI, "import os\n")
    findings.follow(editor.documents[URI])
    findings.add(URI, [Placed(finding(), Span(0, 0, 0, 9), 0, 9)])
    [before] = everything.shown()
    judged.clear()
    assert everything.shown() == [before]
    assert judged == []

    editor.change(URI, "\nimport os\n")
    texts.changed(URI, [(None, "\nimport os\n")])
    [after] = everything.shown()
    assert (after.version, after.result_id != before.result_id) == (2, True)
    findings.clear()
    assert everything.shown() == []
    findings.aclose()
