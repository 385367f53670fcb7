"""`maestro/provider/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.sessions import ProviderListParams, ProviderListResult


async def provider_list(params: ProviderListParams, context: RequestContext) -> ProviderListResult:
    return ProviderListResult(providers=[*await context.services.models.providers()])
