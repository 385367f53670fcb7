"""Findings as LSP diagnostics."""

from collections.abc import Sequence
from hashlib import sha256

from lsprotocol import types

from maestro_protocol.audit import Finding
from maestro_protocol.chat import Position, Range

_TAGS = {"unnecessary": types.DiagnosticTag.Unnecessary, "deprecated": types.DiagnosticTag.Deprecated}


def to_lsp(findings: Sequence[Finding]) -> list[types.Diagnostic]:
    """One diagnostic per finding that stands somewhere and is still open."""
    shown = [finding for finding in findings if finding.state in ("open", "touched")]
    return [_diagnostic(finding, finding.range) for finding in shown if finding.range is not None]


def find_meant(diagnostic: types.Diagnostic, findings: Sequence[Finding]) -> Finding | None:
    """The finding a client speaks of: by its id, or for a client that drops `data` by everything else it was told.

    Never by mere overlap: another finding may stand there by now.
    """
    finding_id = diagnostic.data.get("findingId") if isinstance(diagnostic.data, dict) else None
    if finding_id is not None:
        return next((finding for finding in findings if finding.id == finding_id), None)
    told = ((finding, one) for finding in findings for one in to_lsp([finding]))
    return next((finding for finding, one in told if _is_told(one, diagnostic)), None)


def _is_told(told: types.Diagnostic, given: types.Diagnostic) -> bool:
    """Whether a diagnostic is what was told. ALE drops the source too, and puts the message on one line."""
    if given.source is not None and given.source != told.source:
        return False
    same_words = given.message.split() == told.message.split()
    return same_words and (given.code, given.range) == (told.code, told.range)


def result_id(findings: Sequence[Finding], beside: Sequence[types.Diagnostic] = ()) -> str:
    """The same for the same diagnostics: findings and what is shown beside them."""
    shown = [
        (finding.id, finding.fingerprint, _numbers(finding.range), severity(finding), finding.title, finding.message)
        for finding in findings
    ]
    return sha256(repr((shown, *beside)).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _numbers(range_: Range | None) -> tuple[int, ...]:
    return (range_.start.line, range_.start.character, range_.end.line, range_.end.character) if range_ else ()


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
        range=to_lsp_range(range_),
        message=f"{finding.title}\n{finding.message}",
        severity=severity(finding),
        code=finding.rule,
        code_description=types.CodeDescription(href=href) if href else None,
        source="maestro",
        tags=[_TAGS[tag] for tag in finding.tags] or None,
        data={"findingId": finding.id},
    )


def to_lsp_range(range_: Range) -> types.Range:
    """A range as a type of the standard."""
    return types.Range(start=_position(range_.start), end=_position(range_.end))


def _position(position: Position) -> types.Position:
    return types.Position(line=position.line, character=position.character)
