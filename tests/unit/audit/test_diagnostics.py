"""Findings as an editor draws them."""

import pytest
from lsprotocol import types

from maestro.lsp.diagnostics import severity, to_lsp
from maestro_protocol.audit import Confidence, Finding, FindingState, Provenance, Severity
from maestro_protocol.chat import Position, Range


def finding(
    severity: Severity = "high", confidence: Confidence = "high", state: FindingState = "open", placed: bool = True
) -> Finding:
    where = Range(start=Position(line=1, character=2), end=Position(line=1, character=9))
    return Finding(
        id="fnd_1",
        fingerprint="f",
        rule="unused-code",
        category="maintainability",
        severity=severity,
        confidence=confidence,
        title="Unused",
        message="Nothing uses it.",
        docs_url="https://example.org/rule",
        uri="file:///a.py",
        range=where if placed else None,
        tags=["unnecessary"],
        state=state,
        provenance=Provenance(provider="fake", model="m"),
    )


def test_everything_an_editor_can_draw_is_there() -> None:
    [diagnostic] = to_lsp([finding()])
    assert diagnostic == types.Diagnostic(
        range=types.Range(types.Position(1, 2), types.Position(1, 9)),
        message="Unused\nNothing uses it.",
        severity=types.DiagnosticSeverity.Error,
        code="unused-code",
        code_description=types.CodeDescription("https://example.org/rule"),
        source="maestro",
        tags=[types.DiagnosticTag.Unnecessary],
        data={"findingId": "fnd_1"},
    )


def test_without_docs_there_is_no_link() -> None:
    [diagnostic] = to_lsp([finding().model_copy(update={"docs_url": None, "tags": []})])
    assert (diagnostic.code_description, diagnostic.tags) == (None, None)


@pytest.mark.parametrize("state", ["suppressed", "baselined", "dismissed", "fixed", "unverified"])
def test_what_is_settled_is_not_shown(state: FindingState) -> None:
    assert to_lsp([finding(state=state)]) == []


def test_what_stands_nowhere_is_not_shown() -> None:
    assert to_lsp([finding(placed=False)]) == []


@pytest.mark.parametrize(
    ("level", "confidence", "state", "expected"),
    [
        ("critical", "high", "open", "Error"),
        ("high", "high", "open", "Error"),
        ("critical", "medium", "open", "Warning"),
        ("medium", "high", "open", "Warning"),
        ("low", "high", "open", "Information"),
        ("critical", "low", "open", "Hint"),
        ("critical", "high", "touched", "Hint"),
    ],
)
def test_severities(level: Severity, confidence: Confidence, state: FindingState, expected: str) -> None:
    assert severity(finding(level, confidence, state)).name == expected
