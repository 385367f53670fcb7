"""`maestro/context/*`"""

from functools import partial
from typing import TypeVar

from maestro.lsp.context import RequestContext
from maestro.services.context_changes import Outcome
from maestro_protocol.context import (
    Chunk,
    ContextAddParams,
    ContextClearParams,
    ContextDeleteParams,
    ContextDeleteResult,
    ContextGetParams,
    ContextGetResult,
    ContextListParams,
    ContextListResult,
    ContextRestoreParams,
    ContextRestoreResult,
    ContextUpdateParams,
)

T = TypeVar("T")


async def context_add(params: ContextAddParams, context: RequestContext) -> Chunk:
    return _told(context, await context.services.context.add(params))


async def context_list(params: ContextListParams, context: RequestContext) -> ContextListResult:
    return _told(context, await context.services.context.list(params))


async def context_get(params: ContextGetParams, context: RequestContext) -> ContextGetResult:
    return await context.services.context.get(params.id)


async def context_update(params: ContextUpdateParams, context: RequestContext) -> Chunk:
    return _told(context, await context.services.context.update(params))


async def context_delete(params: ContextDeleteParams, context: RequestContext) -> ContextDeleteResult:
    return _told(context, await context.services.context.delete(params))


async def context_restore(params: ContextRestoreParams, context: RequestContext) -> ContextRestoreResult:
    return _told(context, await context.services.context.restore(params))


async def context_clear(params: ContextClearParams, context: RequestContext) -> ContextDeleteResult:
    return _told(context, await context.services.context.clear(params))


def _told(context: RequestContext, outcome: Outcome[T]) -> T:
    """Tell what changed once the answer that names it is out."""
    context.after_response(partial(context.services.context.announce, outcome.changes))
    return outcome.result
