"""Chats: conversations of turns, one at a time each, kept in memory."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.editor import Editor
from maestro.services.idempotency import Idempotency
from maestro.services.inputs import user_message
from maestro.services.models import ModelService, Target
from maestro.services.sink import EventSink
from maestro.services.status import StatusService
from maestro.services.turn import Turn, new_id
from maestro.services.turn_stream import TurnStream
from maestro_protocol.chat import (
    ChatCompleteParams,
    ChatCompleteResult,
    ChatMessage,
    ChatParams,
    ChatSendParams,
    ChatSendResult,
)


@dataclass(slots=True)
class Conversation:
    """A chat as it stands. `running` is the turn under way and its task."""

    id: str = field(default_factory=lambda: new_id("chat"))
    messages: list[ChatMessage] = field(default_factory=list)
    session_id: str | None = None
    model: str | None = None
    last_seq: int = 0
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    running: "tuple[str, asyncio.Task[object]] | None" = None

    def next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq


class ChatService:
    def __init__(self, runtime: Runtime, models: ModelService, status: StatusService, editor: Editor) -> None:
        self._runtime = runtime
        self._models = models
        self._status = status
        self._editor = editor
        self._chats: dict[str, Conversation] = {}
        self._sent = Idempotency[ChatSendResult]()
        self._active = 0

    async def complete(
        self, params: ChatCompleteParams, events: EventSink | None, max_latency_ms: int
    ) -> ChatCompleteResult:
        """Answer once, without a chat. Cancelling the task is a stop reason.

        Raises:
            MaestroError: 4001, 4007, 4102, 4103 before anything is sent; the provider's failures; 4701.
        """
        target = await self._models.target(params.model, params.session_id)
        self._admit()
        turn = Turn(target, params.messages, params.params or ChatParams(), params.tools or ())
        await self._run(turn, TurnStream(events, None, turn.id, _counter(), max_latency_ms / 1000))
        return ChatCompleteResult(
            turn_id=turn.id,
            message=turn.message() if events is None else None,
            tool_calls=turn.tool_calls or None,
            stop_reason=turn.stop_reason,
            usage=turn.usage,
            model=target.model_id,
        )

    async def send(self, params: ChatSendParams, events: EventSink | None, max_latency_ms: int) -> ChatSendResult:
        """Add a message to a chat, or to a new one, and answer it. Cancelling the task is a stop reason.

        Raises:
            MaestroError: 4301, 4302, 4406, 4502 before anything is sent; else as `complete`.
        """
        ran = False

        async def run() -> ChatSendResult:
            nonlocal ran
            ran = True
            return await self._send(params, events, max_latency_ms)

        result = await self._sent.once(params.client_request_id, params, run)
        # Whoever got the text as events is not sent it again; a repeated request got none.
        return result.model_copy(update={"message": None}) if ran and events is not None else result

    def cancel(self, chat_id: str, turn_id: str | None) -> bool:
        """Stop the chat's turn; False if it is idle, or if another turn than the named one runs. Raises 4301."""
        running = self._find(chat_id).running
        if running is None or turn_id not in (None, running[0]):
            return False
        if not running[1].cancelling():
            running[1].cancel()
        return True

    async def _send(self, params: ChatSendParams, events: EventSink | None, max_latency_ms: int) -> ChatSendResult:
        chat = self._find(params.chat_id) if params.chat_id else Conversation()
        turn_id = new_id("turn")
        with self._turn_of(chat, turn_id):
            message = user_message(params.input, self._editor)
            target = await self._target(chat, params)
            self._admit()
            turn = Turn(target, [*chat.messages, message], params.params or ChatParams(), id=turn_id)
            turn.user_message_id = new_id("msg")
            self._chats[chat.id] = chat
            chat.messages.append(message)
            try:
                await self._run(turn, TurnStream(events, chat.id, turn.id, chat.next_seq, max_latency_ms / 1000))
            except MaestroError as error:
                error.data.chat_id = chat.id
                raise
            finally:
                self._remember(chat, turn)
        return ChatSendResult(
            chat_id=chat.id,
            turn_id=turn.id,
            user_message_id=turn.user_message_id,
            message=turn.message(),
            stop_reason=turn.stop_reason,
            usage=turn.usage,
            model=target.model_id,
            last_seq=chat.last_seq,
        )

    async def _target(self, chat: Conversation, params: ChatSendParams) -> Target:
        """What the request names, else what the chat is bound to, else what it used last: another model of its provider
        is no other session."""
        provider_id = (chat.model or "").partition("/")[0]
        bound = [one.session.provider for one in self._runtime.sessions.snapshot.bound("chat", chat.id)]
        stays = not bound and (params.model is None or params.model.startswith(f"{provider_id}/"))
        session_id = params.session_id or (chat.session_id if stays else None)
        model = params.model or (chat.model if not bound or provider_id in bound else None)
        target = await self._models.target(model, session_id, chat.id)
        chat.model, chat.session_id = target.model_id, target.session_id
        return target

    def _admit(self) -> None:
        """Raises 4701 while as many turns run as may; nothing of the request is kept then."""
        limit = self._runtime.settings.limits.max_active_turns
        if self._active >= limit:
            raise MaestroError("serverBusy", f"{limit} turns are running; wait for one to end or stop it.")

    async def _run(self, turn: Turn, out: TurnStream) -> None:
        self._active += 1
        try:
            with self._status.busy(f"{turn.target.model_id} is answering"):
                await turn.run(out)
        finally:
            self._active -= 1

    def _find(self, chat_id: str) -> Conversation:
        if chat := self._chats.get(chat_id):
            return chat
        raise MaestroError("chatNotFound", "There is no such chat; leave `chatId` out to begin a new one.")

    @contextmanager
    def _turn_of(self, chat: Conversation, turn_id: str) -> Iterator[None]:
        """Hold the chat for one turn."""
        if chat.running:
            message = "The chat is still answering; wait for it or cancel it first."
            raise MaestroError("turnInProgress", message, chat_id=chat.id, turn_id=chat.running[0])
        task = asyncio.current_task()
        assert task is not None  # turns are tasks
        chat.running = (turn_id, task)
        try:
            yield
        finally:
            chat.running = None

    @staticmethod
    def _remember(chat: Conversation, turn: Turn) -> None:
        """Keep what was said. A question nobody answered stays as well, so that the user can go on from it."""
        if message := turn.message():
            chat.messages.append(message)
        chat.updated_at = datetime.now(UTC)


def _counter() -> Callable[[], int]:
    return count(1).__next__
