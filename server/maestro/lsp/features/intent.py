"""`maestro/intent/*`"""

from maestro.lsp.context import RequestContext
from maestro_protocol.intents import (
    IntentExportParams,
    IntentExportResult,
    IntentGetParams,
    IntentListParams,
    IntentListResult,
    IntentRecord,
    IntentVerifyParams,
    IntentVerifyResult,
)


async def intent_list(params: IntentListParams, context: RequestContext) -> IntentListResult:
    return await context.services.intents.list(params)


async def intent_get(params: IntentGetParams, context: RequestContext) -> IntentRecord:
    return await context.services.intents.get(params.intent_id)


async def intent_export(params: IntentExportParams, context: RequestContext) -> IntentExportResult:
    return IntentExportResult(content=await context.services.intents.export(params.chat_id))


async def intent_verify(params: IntentVerifyParams, context: RequestContext) -> IntentVerifyResult:
    return await context.services.intents.verify(params.head)
