"""Results of documents as one, and the results of those that have none."""

from collections import Counter
from collections.abc import Sequence

from maestro.audit.outcome import Outcome
from maestro.audit.usage import add_usage
from maestro.errors import MaestroError
from maestro.services.audit_targets import Target
from maestro.workspace.gate import Unread
from maestro_protocol.audit import AuditResult, AuditStatus, ChunkReport

_NOTHING = "There is nothing here that is audited."
_NEWER = "A newer audit of the same lines took over."
_GONE = "The file was deleted or closed to us meanwhile."
_STOPPED = "The audit was stopped."


def merged(audit_id: str, results: Sequence[AuditResult]) -> AuditResult:
    """What the audits of several documents say together."""
    if len(results) == 1:
        return results[0]
    if not results:
        return _empty(audit_id, "", "skipped", _NOTHING)
    rejected: Counter[str] = Counter()
    for result in results:
        rejected.update(result.rejected)
    errors = [result.error for result in results if result.error is not None]
    return AuditResult(
        audit_id=audit_id,
        status=_status({result.status for result in results}),
        error=errors[0] if errors else None,
        findings=[finding for result in results for finding in result.findings],
        unverified=[finding for result in results for finding in result.unverified],
        rejected=dict(sorted(rejected.items())),
        chunks=[chunk for result in results for chunk in result.chunks],
        usage=add_usage([result.usage for result in results if result.usage]),
        requests=sum(result.requests for result in results),
    )


def unanswered(result: AuditResult) -> Sequence[tuple[int, int]]:
    """The lines nobody looked at, where others were; empty where nothing came of anything."""
    if not any(chunk.status == "reviewed" for chunk in result.chunks):
        return ()
    return [
        (chunk.first_line, chunk.last_line)
        for chunk in result.chunks
        if chunk.status == "failed" and chunk.first_line is not None and chunk.last_line is not None
    ]


def joined(first: Outcome, then: Outcome) -> Outcome:
    """What one model said of a document, and what another one said of the lines that the first left out."""
    one, other = first.result, then.result
    said = {(found.finding.fingerprint, found.start) for found in first.placed}
    news = [found for found in then.placed if (found.finding.fingerprint, found.start) not in said]
    placed = sorted([*first.placed, *news], key=lambda found: found.start)
    chunks = [*(chunk for chunk in one.chunks if chunk.status != "failed"), *other.chunks]
    chunks.sort(key=lambda chunk: chunk.first_line or 0)
    states = {chunk.status for chunk in chunks}
    result = other.model_copy(
        update={
            "status": "complete" if states == {"reviewed"} else "partial" if "reviewed" in states else other.status,
            "findings": [found.finding for found in placed],
            "unverified": [*one.unverified, *other.unverified],
            "rejected": dict(sorted((Counter(one.rejected) + Counter(other.rejected)).items())),
            "chunks": chunks,
            "usage": add_usage([result.usage for result in (one, other) if result.usage]),
            "requests": one.requests + other.requests,
        }
    )
    return Outcome(result, placed, [*first.reviewed, *then.reviewed])


def cancelled(audit_id: str, results: Sequence[AuditResult]) -> AuditResult:
    """What there is of an audit that was stopped."""
    if not results:
        return _empty(audit_id, "", "cancelled", _STOPPED)
    return merged(audit_id, results).model_copy(update={"status": "cancelled"})


def superseded(audit_id: str, uri: str) -> AuditResult:
    """Of a document whose audit another one took over."""
    return _empty(audit_id, uri, "cancelled", _NEWER)


def passed_over(audit_id: str, target: Target, error: MaestroError) -> AuditResult:
    """Of a document that cannot be audited: that matters where somebody named it, or where nobody could look."""
    if not target.chosen and not isinstance(error, Unread):
        return _empty(audit_id, target.uri, "skipped", error.message)
    return _empty(audit_id, target.uri, "failed", error.message).model_copy(update={"error": error.info()})


def gone(result: AuditResult, uri: str) -> AuditResult:
    """Of a document that is not there any more."""
    return _empty(result.audit_id, uri, "skipped", _GONE)


def _empty(audit_id: str, uri: str, status: AuditStatus, reason: str) -> AuditResult:
    report = ChunkReport(id="c1", uri=uri or None, status="failed" if status == "failed" else "skipped", reason=reason)
    return AuditResult(audit_id=audit_id, status=status, chunks=[report])


def _status(states: set[AuditStatus]) -> AuditStatus:
    """Complete if everything is that was not passed over; failed if nothing came of anything."""
    told: list[AuditStatus] = [state for state in states if state != "skipped"]
    if not told:
        return "skipped"
    return told[0] if len(told) == 1 else "partial"
