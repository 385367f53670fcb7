"""Findings as LSP diagnostics."""

from collections.abc import Sequence

from lsprotocol import types

from maestro_protocol.audit import Finding
from maestro_protocol.chat import Position, Range

_TAGS = {"unnecessary": types.DiagnosticTag.Unnecessary, "deprecated": types.DiagnosticTag.Deprecated}


def to_lsp(findings: Sequence[Finding]) -> list[types.Diagnostic]:
    """One diagnostic per finding that stands somewhere and is still open."""
    shown = [finding for finding in findings if finding.state in ("open", "touched")]
    return [_diagnostic(finding, finding.range) for finding in shown if finding.range is not None]


def severity(finding: Finding) -> types.DiagnosticSeverity:
    """An error is an error only if that is sure; what is doubtful or being edited is a hint."""
    if finding.state == "touched" or finding.confidence == "low":
        return types.DiagnosticSeverity.Hint
    if finding.severity == "low":
        return types.DiagnosticSeverity.Information
    sure = finding.severity in ("critical", "high") and finding.confidence == "high"
    return types.DiagnosticSeverity.Error if sure else types.DiagnosticSeverity.Warning


def _diagnostic(finding: Finding, range_: Range) -> types.Diagnostic:
    href = finding.docs_url
    return types.Diagnostic(
        range=types.Range(start=_position(range_.start), end=_position(range_.end)),
        message=f"{finding.title}\n{finding.message}",
        severity=severity(finding),
        code=finding.rule,
        code_description=types.CodeDescription(href=href) if href else None,
        source="maestro",
        tags=[_TAGS[tag] for tag in finding.tags] or None,
        data={"findingId": finding.id},
    )


def _position(position: Position) -> types.Position:
    return types.Position(line=position.line, character=position.character)
