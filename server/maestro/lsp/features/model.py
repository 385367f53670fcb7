"""`maestro/model/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.models import ModelListParams, ModelListResult, ModelResolveParams, ModelResolveResult


async def model_list(params: ModelListParams, context: RequestContext) -> ModelListResult:
    return await context.services.models.list(params)


async def model_resolve(params: ModelResolveParams, context: RequestContext) -> ModelResolveResult:
    return await context.services.models.resolve(params.model, params.session_id)
