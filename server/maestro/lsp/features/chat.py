"""`maestro/chat/*`"""

from collections.abc import Iterator
from contextlib import contextmanager

from maestro.lsp.context import RequestContext
from maestro_protocol.chat import (
    ChatCancelParams,
    ChatCancelResult,
    ChatCompleteParams,
    ChatCompleteResult,
    ChatSendParams,
    ChatSendResult,
)


async def chat_complete(params: ChatCompleteParams, context: RequestContext) -> ChatCompleteResult:
    with _work(context):
        return await context.services.chats.complete(params, context.events, context.max_latency_ms)


async def chat_send(params: ChatSendParams, context: RequestContext) -> ChatSendResult:
    with _work(context):
        return await context.services.chats.send(params, context.events, context.max_latency_ms)


async def chat_cancel(params: ChatCancelParams, context: RequestContext) -> ChatCancelResult:
    cancelling = context.services.chats.cancel(params.chat_id, params.turn_id)
    return ChatCancelResult(status="cancelling" if cancelling else "idle")


@contextmanager
def _work(context: RequestContext) -> Iterator[None]:
    """Human progress around a turn, for clients that gave a `workDoneToken`."""
    context.work.begin("Maestro", "Answering")
    try:
        yield
    finally:
        context.work.end()
