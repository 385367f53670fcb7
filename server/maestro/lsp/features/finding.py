"""`maestro/finding/*`: what there is to say of single findings."""

from maestro.lsp.context import RequestContext
from maestro_protocol.audit import (
    Finding,
    FindingChangeResult,
    FindingDismissParams,
    FindingListParams,
    FindingListResult,
    FindingParams,
    FindingSuppressParams,
)


async def finding_list(params: FindingListParams, context: RequestContext) -> FindingListResult:
    """The findings there are, where they stand now."""
    return FindingListResult(findings=[*context.services.findings.list(params)])


async def finding_get(params: FindingParams, context: RequestContext) -> Finding:
    """One finding."""
    return context.services.findings.get(params.finding_id)


async def finding_suppress(params: FindingSuppressParams, context: RequestContext) -> FindingChangeResult:
    """Keep a finding from being shown, in the code or beside it."""
    return await context.services.opinions.suppress(params.finding_id, params.scope, params.reason)


async def finding_dismiss(params: FindingDismissParams, context: RequestContext) -> FindingChangeResult:
    """Say that a finding is wrong or unwanted."""
    return await context.services.opinions.dismiss(params.finding_id, params.reason)


async def finding_restore(params: FindingParams, context: RequestContext) -> FindingChangeResult:
    """Take back what was said of a finding."""
    return await context.services.opinions.restore(params.finding_id)
