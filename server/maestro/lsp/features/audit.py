"""`maestro/audit/*`: the editor's way to an audit."""

from maestro.lsp.context import RequestContext
from maestro_protocol.audit import AuditResult, AuditRunParams


async def audit_run(params: AuditRunParams, context: RequestContext) -> AuditResult:
    """Audit one document; findings also become its diagnostics."""
    context.work.begin("Audit", "Reviewing")
    message = "Stopped"
    try:
        result = await context.services.audit.run(params, context.events)
        message = _summary(result)
    finally:
        context.work.end(message)
    return result


def _summary(result: AuditResult) -> str:
    """What happened, so that nothing but a clean bill sounds like one."""
    count = len(result.findings)
    found = f"{count} finding" if count == 1 else f"{count} findings"
    if result.status == "complete":
        return found if count else "Nothing found"
    if result.status == "partial":
        return f"Incomplete: {found} so far"
    return result.status.capitalize()
