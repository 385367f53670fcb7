"""`maestro/chat/*`"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from maestro.errors import MaestroError
from maestro.lsp.context import RequestContext
from maestro_protocol.chat import (
    ChatCancelParams,
    ChatCancelResult,
    ChatCompleteParams,
    ChatCompleteResult,
    ChatSendParams,
    ChatSendResult,
)
from maestro_protocol.conversations import (
    Chat,
    ChatCompactParams,
    ChatCompactResult,
    ChatCreateParams,
    ChatDeleteParams,
    ChatDeleteResult,
    ChatEventsParams,
    ChatEventsResult,
    ChatExportParams,
    ChatExportResult,
    ChatForkParams,
    ChatGetParams,
    ChatGetResult,
    ChatListParams,
    ChatListResult,
    ChatRevertParams,
    ChatRevertResult,
    ChatUpdateParams,
)


async def chat_complete(params: ChatCompleteParams, context: RequestContext) -> ChatCompleteResult:
    with _work(context):
        return await context.services.completions.complete(params, context.events, context.max_latency_ms)


async def chat_send(params: ChatSendParams, context: RequestContext) -> ChatSendResult:
    with _work(context):
        try:
            result = await context.services.chats.send(params, context.events, context.max_latency_ms)
        except MaestroError as error:
            if error.data.chat_id:
                _announce(context, error.data.chat_id)
            raise
    _announce(context, result.chat_id)
    return result


async def chat_cancel(params: ChatCancelParams, context: RequestContext) -> ChatCancelResult:
    cancelling = await context.services.chats.cancel(params.chat_id, params.turn_id)
    return ChatCancelResult(status="cancelling" if cancelling else "idle")


async def chat_create(params: ChatCreateParams, context: RequestContext) -> Chat:
    return _announced(context, await context.services.history.create(params))


async def chat_get(params: ChatGetParams, context: RequestContext) -> ChatGetResult:
    return await context.services.history.get(params)


async def chat_list(params: ChatListParams, context: RequestContext) -> ChatListResult:
    return await context.services.history.list(params)


async def chat_update(params: ChatUpdateParams, context: RequestContext) -> Chat:
    return _announced(context, await context.services.history.update(params))


async def chat_delete(params: ChatDeleteParams, context: RequestContext) -> ChatDeleteResult:
    chat = await context.services.history.delete(params.chat_id)
    if chat is not None:
        context.after_response(partial(context.services.feed.removed, chat))
    return ChatDeleteResult(deleted=chat is not None)


async def chat_fork(params: ChatForkParams, context: RequestContext) -> Chat:
    return _announced(context, await context.services.history.fork(params))


async def chat_revert(params: ChatRevertParams, context: RequestContext) -> ChatRevertResult:
    result = await context.services.history.revert(params)
    _announced(context, result.chat)
    return result


async def chat_compact(params: ChatCompactParams, context: RequestContext) -> ChatCompactResult:
    with _work(context, "Summarising"):
        result = await context.services.compaction.compact(params)
    _announced(context, result.chat)
    return result


async def chat_export(params: ChatExportParams, context: RequestContext) -> ChatExportResult:
    return ChatExportResult(content=await context.services.history.export(params))


async def chat_events(params: ChatEventsParams, context: RequestContext) -> ChatEventsResult:
    return await context.services.history.events(params)


def _announced(context: RequestContext, chat: Chat) -> Chat:
    _announce(context, chat.id)
    return chat


def _announce(context: RequestContext, chat_id: str) -> None:
    """Tell of the chat once the answer that names it is out."""
    context.after_response(partial(context.services.feed.release, chat_id))


@contextmanager
def _work(context: RequestContext, what: str = "Answering") -> Iterator[None]:
    """Human progress around a turn, for clients that gave a `workDoneToken`."""
    context.work.begin("Maestro", what)
    try:
        yield
    finally:
        context.work.end()
