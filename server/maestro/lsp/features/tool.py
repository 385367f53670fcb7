"""`maestro/tool/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.tools import (
    ToolListParams,
    ToolListResult,
    ToolRegisterParams,
    ToolRegisterResult,
    ToolUnregisterParams,
    ToolUnregisterResult,
)


async def tool_list(params: ToolListParams, context: RequestContext) -> ToolListResult:
    return await context.services.tools.list()


async def tool_register(params: ToolRegisterParams, context: RequestContext) -> ToolRegisterResult:
    return ToolRegisterResult(registered=list(context.services.tools.box.register(params.tools)))


async def tool_unregister(params: ToolUnregisterParams, context: RequestContext) -> ToolUnregisterResult:
    return context.services.tools.box.unregister(params.names)
