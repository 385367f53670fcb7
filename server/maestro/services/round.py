"""One round of a turn: a request to a provider, its answer as events, and what remains of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from maestro import provider
from maestro.provider import ChatStream, Retrying
from maestro.services import untold
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
    ReplayPart,
    StopReason,
    TextPart,
    Tool,
    ToolCallPart,
    Usage,
)
from maestro_protocol.events import ToolStarted, TurnRetrying

GOES_ON = ("pause_turn", "CONTINUATION")
"""Raw stop reasons after which the same conversation, with this answer at its end, gets the rest."""


@dataclass(slots=True)
class Round:
    """What is known of an answer so far. `relay` fills it; it stays true when the answer breaks off."""

    target: Target
    messages: Sequence[ChatMessage]
    message_id: str
    params: ChatParams = field(default_factory=ChatParams)
    tools: Sequence[Tool] = ()
    stop_reason: StopReason = "interrupted"
    usage: Usage = field(default_factory=Usage)
    calls: list[FunctionCall] = field(default_factory=list)
    parts: list[ContentPart] = field(default_factory=list)
    retries: int = 0
    whole: bool = False
    """The answer came to its end."""
    goes_on: bool = False
    """The provider paused and would say more."""
    on_usage: Callable[[], None] = lambda: None
    """Hears that `usage` changed."""
    on_call: Callable[[FunctionCall], None] = lambda call: None
    """Hears of each call when it is whole."""
    taken_ids: set[str] = field(default_factory=set)
    """Ids of calls of this turn's other rounds; not every provider's are unique."""
    once: bool = False
    """There is somebody else to ask: a refusal is not waited out."""
    _ids: dict[str, str] = field(default_factory=dict)
    _texts: list[str] = field(default_factory=list)
    _kind: str = ""
    _part_id: str = ""
    _inputs: list[str] = field(default_factory=list)
    """What was heard of arguments of calls."""

    async def relay(self, out: TurnStream) -> None:
        """Ask the provider and pass its answer on. Raises MaestroError: the provider's failure."""
        session = self.target.session_id
        stream = provider.stream_chat(
            self.target.provider,
            session,
            [self._sendable(message) for message in self.messages],
            model=self.target.model,
            params=self.params,
            tools=self.tools,
            once=self.once,
        )
        try:
            await self._read(stream, out)
        finally:
            await stream.aclose()
            self._close_part()
            self.usage = stream.usage_so_far or self.usage
            if stream.is_taken and not (self.whole and self.usage.total_tokens):
                self.usage = untold.completed(self.usage, self.messages, self.tools, self._heard())

    @property
    def shown(self) -> bool:
        """Whether the reader has seen anything of it."""
        return bool(self.parts or self._ids)

    @property
    def call_ids(self) -> Iterable[str]:
        """Of the calls it began, as the reader knows them."""
        return self._ids.values()

    def discard(self) -> None:
        """Forget what was said; it is begun anew."""
        self.parts, self.calls = [], []

    def message(self) -> ChatMessage | None:
        """The assistant's message; None if nothing was said."""
        return answer_of(self.parts)

    @property
    def _origin(self) -> str:
        return f"{self.target.session_id or ''}:{self.target.model_id}"

    def _sendable(self, message: ChatMessage) -> ChatMessage:
        """Without what another model signed, or another account encrypted: it is of no use here, or refused."""
        if isinstance(message.content, str) or not any(map(self._is_foreign, message.content)):
            return message
        return message.model_copy(update={"content": [one for one in message.content if not self._is_foreign(one)]})

    def _is_foreign(self, part: ContentPart) -> bool:
        return isinstance(part, ReplayPart) and part.origin not in (None, self._origin)

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
                self._announce(call_id, name, out)
                if text:
                    self._inputs.append(text)
                    out.tool_input(self._ids[call_id], text)
            case FunctionCall():
                self._add_call(message, out)
            case UsageReport(usage=usage):
                if usage != self.usage:
                    self.usage = usage
                    self.on_usage()
            case Retrying(attempt=attempt, delay_ms=delay_ms, error=error):
                self.retries += 1
                out.emit(TurnRetrying, attempt=attempt, delay_ms=delay_ms, error=error)
            case Done(stop_reason=stop_reason, replay=replay, raw_stop_reason=raw):
                self._close_part()
                self.stop_reason, self.goes_on, self.whole = stop_reason, raw in GOES_ON, True
                if replay is not None:
                    self.parts.append(replay.model_copy(update={"origin": self._origin}))
            case Content() | Reasoning() | StreamError():
                raise AssertionError("read elsewhere, or raised by the stream")

    def _announce(self, call_id: str, name: str, out: TurnStream) -> None:
        if call_id not in self._ids:
            self._ids[call_id] = unique = _unique(call_id, self.taken_ids)
            self.taken_ids.add(unique)
            out.emit(ToolStarted, tool_call_id=unique, name=name)

    def _add_call(self, found: FunctionCall, out: TurnStream) -> None:
        self._close_part()
        self._announce(found.id, found.name, out)
        call = replace(found, id=self._ids[found.id])
        if (part := _part(call)) is not None:
            self.parts.append(part)
        elif call.arguments is not None:
            call = replace(call, arguments=None, complete=False)
        self.calls.append(call)
        self.on_call(call)

    def _heard(self) -> Sequence[str]:
        said = [part.text for part in self.parts if isinstance(part, TextPart | ReasoningPart)]
        return [*said, "".join(self._inputs)]

    def _open_part(self, kind: str) -> None:
        self._close_part()
        self._kind = kind
        self._part_id = f"{self.message_id}.{len(self.parts)}"

    def _close_part(self) -> None:
        text, kind = "".join(self._texts), self._kind
        self._texts, self._kind = [], ""
        if text:
            self.parts.append(TextPart(text=text) if kind == "text" else ReasoningPart(text=text))


def _part(call: FunctionCall) -> ToolCallPart | None:
    """The call as a part of the answer; None for arguments that are no object, or nest deeper than JSON may here."""
    if call.arguments is None:
        return None
    try:
        part = ToolCallPart(tool_call_id=call.id, name=call.name, input=call.arguments)
        part.to_wire()
    except (ValueError, RecursionError):
        return None
    return part


def _unique(call_id: str, taken: set[str]) -> str:
    number, unique = 1, call_id
    while unique in taken:
        number += 1
        unique = f"{call_id}_{number}"
    return unique


def answer_of(parts: Sequence[ContentPart]) -> ChatMessage | None:
    """An assistant's message of these parts; a text alone is a plain string."""
    if not parts:
        return None
    if len(parts) == 1 and isinstance(only := parts[0], TextPart):
        return ChatMessage(role="assistant", content=only.text)
    return ChatMessage(role="assistant", content=list(parts))
