"""Findings and results as an audit returns them."""

from maestro_protocol.audit import AuditResult, AuditStatus, ChunkReport, Finding, Provenance
from maestro_protocol.chat import Position, Range


def place(line: int = 0, start: int = 0, end: int = 1) -> Range:
    """A range on one line."""
    return Range(start=Position(line=line, character=start), end=Position(line=line, character=end))


def finding(**changes: object) -> Finding:
    """A finding of a SQL injection on the first line of `src/a.py`."""
    values: dict[str, object] = {
        "id": "fnd_1",
        "fingerprint": "a" * 32,
        "rule": "sql-injection",
        "category": "security",
        "severity": "critical",
        "confidence": "high",
        "title": "Input reaches the query",
        "message": "The name is put into the query as text.",
        "uri": "file:///w/src/a.py",
        "rel_path": "src/a.py",
        "range": place(),
        "symbol": "load",
        "language": "python",
        "provenance": Provenance(provider="gemini", model="gemini/flash"),
    }
    return Finding.model_validate(values | changes)


def result(*findings: Finding, status: AuditStatus = "complete", **changes: object) -> AuditResult:
    """The result of an audit that read everything."""
    chunks = [ChunkReport(id="c1", status="reviewed", uri="file:///w/src/a.py")]
    values: dict[str, object] = {"audit_id": "aud_1", "status": status, "findings": list(findings), "chunks": chunks}
    return AuditResult.model_validate(values | changes)
