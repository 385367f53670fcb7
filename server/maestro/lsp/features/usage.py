"""`maestro/usage/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.usage import UsageSummaryParams, UsageSummaryResult


async def usage_summary(params: UsageSummaryParams, context: RequestContext) -> UsageSummaryResult:
    return await context.services.usage.summary(params)
