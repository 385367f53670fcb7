"""One turn: a request to a provider, its answer as events, and the message that remains."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from maestro import provider
from maestro.errors import MaestroError
from maestro.provider import ChatStream, Retrying
from maestro.services.models import Target
from maestro.services.turn_stream import TurnStream
from maestro.streaming.messages import (
    Content,
    Done,
    FunctionCall,
    FunctionCallDelta,
    Message,
    Reasoning,
    StreamError,
    UsageReport,
)
from maestro_protocol.chat import (
    ChatMessage,
    ChatParams,
    ContentPart,
    ReasoningPart,
    StopReason,
    TextPart,
    Tool,
    ToolCall,
    ToolCallPart,
    Usage,
)
from maestro_protocol.events import (
    ToolReady,
    ToolStarted,
    TurnCompleted,
    TurnRetrying,
    TurnStarted,
    UsageUpdated,
)


def new_id(prefix: str) -> str:
    """`turn_3f…`: an id nobody else has."""
    return f"{prefix}_{uuid4().hex[:16]}"


@dataclass(slots=True)
class Turn:
    """What is known of an answer so far. `run` fills it; it stays true when the answer breaks off."""

    target: Target
    messages: Sequence[ChatMessage]
    params: ChatParams = field(default_factory=ChatParams)
    tools: Sequence[Tool] = ()
    id: str = field(default_factory=lambda: new_id("turn"))
    message_id: str = field(default_factory=lambda: new_id("msg"))
    user_message_id: str | None = None
    stop_reason: StopReason = "interrupted"
    usage: Usage = field(default_factory=Usage)
    tool_calls: list[ToolCall] = field(default_factory=list)
    _parts: list[ContentPart] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _kind: str = ""
    _part_id: str = ""
    _started_calls: set[str] = field(default_factory=set)

    async def run(self, out: TurnStream) -> None:
        """Ask the provider and pass its answer on.

        Exactly one `turn.completed` ends the events, also when the task is cancelled: that is a stop reason, not a
        failure.

        Raises:
            MaestroError: the provider's failure, after its `turn.completed`.
        """
        out.emit(
            TurnStarted,
            model=self.target.model_id,
            session_id=self.target.session_id,
            user_message_id=self.user_message_id,
        )
        error: MaestroError | None = None
        try:
            await self._relay(out)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            self.stop_reason = "cancelled"
        except MaestroError as failure:
            failure.data.turn_id = self.id
            self.stop_reason, error = "error", failure
        except BaseException:
            self.stop_reason = "error"
            error = MaestroError("internalError", "Maestro failed while relaying the answer; its log says more.")
            raise
        finally:
            self._close_part()
            out.emit(
                TurnCompleted,
                stop_reason=self.stop_reason,
                usage=self.usage,
                error=error.info() if error else None,
            )
            out.close()
        if error:
            raise error

    def message(self) -> ChatMessage | None:
        """The assistant's message; None if nothing was said."""
        if not self._parts:
            return None
        if len(self._parts) == 1 and isinstance(only := self._parts[0], TextPart):
            return ChatMessage(role="assistant", content=only.text)
        return ChatMessage(role="assistant", content=list(self._parts))

    async def _relay(self, out: TurnStream) -> None:
        session = self.target.session_id
        stream = provider.stream_chat(
            self.target.provider,
            session,
            self.messages,
            model=self.target.model,
            params=self.params,
            tools=self.tools,
        )
        try:
            await self._read(stream, out)
        finally:
            await stream.aclose()
            self.usage = stream.usage_so_far or self.usage

    async def _read(self, stream: ChatStream, out: TurnStream) -> None:
        async for message in stream:
            if type(message) is Content:
                if self._kind != "text":
                    self._open_part("text")
                self._texts.append(message.text)
                out.text(self.message_id, self._part_id, message.text)
            elif type(message) is Reasoning:
                if self._kind != "reasoning":
                    self._open_part("reasoning")
                self._texts.append(message.text)
                out.reasoning(self.message_id, self._part_id, message.text)
            else:
                self._take(message, out)
            if out.full:
                await out.room()

    def _take(self, message: Message | Retrying, out: TurnStream) -> None:
        """Everything that is not a piece of text."""
        match message:
            case FunctionCallDelta(id=call_id, name=name, text=text):
                self._announce_call(call_id, name, out)
                if text:
                    out.tool_input(call_id, text)
            case FunctionCall():
                self._add_call(message, out)
            case UsageReport(usage=usage):
                if usage != self.usage:
                    self.usage = usage
                    out.emit(UsageUpdated, usage=usage)
            case Retrying(attempt=attempt, delay_ms=delay_ms, error=error):
                out.emit(TurnRetrying, attempt=attempt, delay_ms=delay_ms, error=error)
            case Done(stop_reason=stop_reason, replay=replay):
                self._close_part()
                self.stop_reason = stop_reason
                if replay is not None:
                    self._parts.append(replay)
            case Content() | Reasoning() | StreamError():
                raise AssertionError("read elsewhere, or raised by the stream")

    def _announce_call(self, call_id: str, name: str, out: TurnStream) -> None:
        if call_id not in self._started_calls:
            self._started_calls.add(call_id)
            out.emit(ToolStarted, tool_call_id=call_id, name=name)

    def _add_call(self, call: FunctionCall, out: TurnStream) -> None:
        self._close_part()
        self._announce_call(call.id, call.name, out)
        out.emit(ToolReady, tool_call_id=call.id, name=call.name, input=call.arguments, complete=call.complete)
        raw = None if call.complete else call.raw_arguments
        self.tool_calls.append(
            ToolCall(id=call.id, name=call.name, input=call.arguments, complete=call.complete, raw_arguments=raw)
        )
        if call.arguments is not None:
            self._parts.append(ToolCallPart(tool_call_id=call.id, name=call.name, input=call.arguments))

    def _open_part(self, kind: str) -> None:
        self._close_part()
        self._kind = kind
        self._part_id = f"{self.message_id}.{len(self._parts)}"

    def _close_part(self) -> None:
        text, kind = "".join(self._texts), self._kind
        self._texts, self._kind = [], ""
        if text:
            self._parts.append(TextPart(text=text) if kind == "text" else ReasoningPart(text=text))
