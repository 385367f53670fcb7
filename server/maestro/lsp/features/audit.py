"""`maestro/audit/*`: the editor's way to an audit."""

from maestro.audit.judging.noise import more as more_than_shown
from maestro.lsp.context import RequestContext
from maestro_protocol.audit import (
    AuditCancelResult,
    AuditClearParams,
    AuditClearResult,
    AuditListParams,
    AuditListResult,
    AuditParams,
    AuditResult,
    AuditRunParams,
)


async def audit_run(params: AuditRunParams, context: RequestContext) -> AuditResult:
    """Audit documents; findings also become their diagnostics."""
    context.work.begin("Audit", "Reviewing", counted=True)
    message = "Stopped"

    def progress(done: int, total: int, name: str) -> None:
        context.work.report(f"{done} of {total}: {name}", done * 100 // total)

    try:
        result = await context.services.audit.run(params, context.events, progress)
        message = _summary(result)
    finally:
        context.work.end(message)
    return result


async def audit_list(params: AuditListParams, context: RequestContext) -> AuditListResult:
    """The audits of this process, the latest first."""
    return AuditListResult(audits=[*context.services.audit.runs.list()])


async def audit_get(params: AuditParams, context: RequestContext) -> AuditResult:
    """How an audit ended."""
    return context.services.audit.runs.get(params.audit_id)


async def audit_cancel(params: AuditParams, context: RequestContext) -> AuditCancelResult:
    """Have an audit answer with what it has."""
    return context.services.audit.runs.cancel(params.audit_id)


async def audit_clear(params: AuditClearParams, context: RequestContext) -> AuditClearResult:
    """Forget findings."""
    return AuditClearResult(cleared=context.services.findings.clear(params.audit_id, params.uris))


def _summary(result: AuditResult) -> str:
    """What happened, so that nothing but a clean bill sounds like one."""
    if result.status not in ("complete", "partial"):
        return result.status.capitalize()
    unusable = len(result.unverified) + result.rejected.get("unknownRule", 0) + result.rejected.get("schema", 0)
    shown = [finding for finding in result.findings if finding.state in ("open", "touched")]
    hidden, dropped = len(result.findings) - len(shown), result.rejected.get("overCap", 0)
    said = _count(len(shown), "finding")
    if result.status == "partial":
        said = f"Incomplete: {said} so far"
    elif not result.findings and not unusable:
        return "Nothing found"
    more = [
        *([f"{hidden} suppressed, dismissed or known"] if hidden else []),
        *([f"{_count(unusable, 'claim')} not usable"] if unusable else []),
        *([more_than_shown(dropped)] if dropped else []),
    ]
    return ", ".join([said, *more])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
