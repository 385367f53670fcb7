"""`maestro/permission/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.permissions import (
    PermissionListParams,
    PermissionListResult,
    PermissionRevokeParams,
    PermissionRevokeResult,
)


async def permission_list(params: PermissionListParams, context: RequestContext) -> PermissionListResult:
    return PermissionListResult(grants=list(await context.services.permissions.list()))


async def permission_revoke(params: PermissionRevokeParams, context: RequestContext) -> PermissionRevokeResult:
    return PermissionRevokeResult(revoked=await context.services.permissions.revoke(params.grant_id))
