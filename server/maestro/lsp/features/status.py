"""`maestro/status`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.status import Status, StatusParams


async def status(params: StatusParams, context: RequestContext) -> Status:
    await context.services.spending.look()
    return context.services.status.current()
