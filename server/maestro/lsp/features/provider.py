"""`maestro/provider/*`"""

from maestro import provider
from maestro.lsp.context import RequestContext
from maestro_protocol.sessions import ProviderListParams, ProviderListResult


async def provider_list(params: ProviderListParams, context: RequestContext) -> ProviderListResult:
    return ProviderListResult(providers=provider.list_providers())
