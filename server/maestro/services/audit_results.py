"""Results of documents as one, and the results of those that have none."""

from collections import Counter
from collections.abc import Sequence

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
