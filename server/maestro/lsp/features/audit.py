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
    if result.status not in ("complete", "partial"):
        return result.status.capitalize()
    unusable = len(result.unverified) + result.rejected.get("unknownRule", 0) + result.rejected.get("schema", 0)
    said = _count(len(result.findings), "finding")
    if result.status == "partial":
        said = f"Incomplete: {said} so far"
    elif not result.findings and not unusable:
        return "Nothing found"
    return f"{said}, {_count(unusable, 'claim')} not usable" if unusable else said


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
