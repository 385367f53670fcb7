"""`maestro/model/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.models import (
    ModelDiscoverParams,
    ModelDiscoverResult,
    ModelListParams,
    ModelListResult,
    ModelResolveParams,
    ModelResolveResult,
)


async def model_list(params: ModelListParams, context: RequestContext) -> ModelListResult:
    return await context.services.models.list(params)


async def model_resolve(params: ModelResolveParams, context: RequestContext) -> ModelResolveResult:
    return await context.services.models.resolve(params.model, params.session_id)


async def model_discover(params: ModelDiscoverParams, context: RequestContext) -> ModelDiscoverResult:
    context.work.begin("Models", "Asking services which of theirs answer a chat")
    return await context.services.models.discover(params, context.work.report)
