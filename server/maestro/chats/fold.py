"""What the events of a turn amount to, as messages."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ContentPart, ReasoningPart, TextPart, ToolCallPart
from maestro_protocol.conversations import Message
from maestro_protocol.events import (
    ChatEvent,
    ReasoningDelta,
    TextDelta,
    ToolCompleted,
    ToolReady,
    ToolStarted,
    TurnCompleted,
    TurnRestarted,
)

_BROKEN_OFF = ("interrupted", "cancelled", "error")
_RAN = ("completed", "failed", "denied")


def fold(events: Iterable[ChatEvent], at: datetime) -> list[Message]:
    """The messages of one turn but the user's, in order: each round's answer, and the results of its calls.

    Where the turn did not come to its end, the last answer is `incomplete`. Events know no time, so every message is
    from `at`. What has no id in the events gets one made of the turn's.
    """
    return Fold(events).messages(at)


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    ready: ToolReady | None = None
    result: ToolCompleted | None = None

    @property
    def was_run(self) -> bool:
        """Whether somebody looked at it, which is done with whole answers only."""
        return self.ready is not None or (self.result is not None and self.result.status in _RAN)

    @property
    def input(self) -> JsonObject | None:
        """None if it never became a call; empty for one that was answered without being understood."""
        if self.ready is not None and self.ready.input is not None:
            return self.ready.input
        return {} if self.was_run and self.result is not None else None


@dataclass(slots=True)
class _Text:
    part: type[TextPart] | type[ReasoningPart]
    pieces: list[str] = field(default_factory=list)


_Key: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class _Round:
    """One answer of the model: its parts by the order in which they began."""

    message_id: str | None = None
    parts: dict[_Key, _Text | _Call] = field(default_factory=dict)

    @property
    def calls(self) -> Sequence[_Call]:
        return [part for part in self.parts.values() if isinstance(part, _Call)]

    @property
    def is_over(self) -> bool:
        """Whether it had calls and all have ended, so that what comes next is another answer."""
        calls = self.calls
        return bool(calls) and all(call.result is not None for call in calls)


class Fold:
    """A turn as far as its events tell."""

    def __init__(self, events: Iterable[ChatEvent] = ()) -> None:
        self._rounds: list[_Round] = []
        self._calls: dict[str, _Call] = {}
        self._turn_id: str | None = None
        self.end: TurnCompleted | None = None
        for event in events:
            self.take(event)

    def take(self, event: ChatEvent) -> None:
        match event:
            case TextDelta():
                self._add_text(event, TextPart)
            case ReasoningDelta():
                self._add_text(event, ReasoningPart)
            case ToolStarted():
                self._call(event)
            case ToolReady():
                self._call(event).ready = event
            case ToolCompleted():
                if (call := self._calls.get(event.tool_call_id)) is not None:
                    call.result = call.result or event
            case TurnRestarted():
                self._discard(event.message_id)
            case TurnCompleted():
                self.end = event
            case _:
                pass

    @property
    def rounds(self) -> int:
        return len(self._rounds)

    @property
    def open_calls(self) -> Sequence[str]:
        """The ids of the calls that have no result."""
        return [call.id for call in self._calls.values() if call.result is None]

    def messages(self, at: datetime, called: Collection[str] = ()) -> list[Message]:
        """See `fold`. `called` are calls that stand in answers kept already, so that their results belong somewhere."""
        return [message for number in range(len(self._rounds)) for message in self._messages_of(number, at, called)]

    def _messages_of(self, number: int, at: datetime, called: Collection[str]) -> Iterator[Message]:
        answer = self._rounds[number]
        if parts := list(_parts(answer)):
            yield Message(
                id=answer.message_id or f"{self._turn_id}.{number + 1}",
                turn_id=self._turn_id,
                role="assistant",
                parts=parts,
                created_at=at,
                incomplete=True if answer is self._rounds[-1] and self._broke_off(answer) else None,
            )
        for place, call in enumerate(answer.calls, 1):
            if call.result is not None and (call.input is not None or call.id in called):
                yield _result_message(f"{self._turn_id}.{number + 1}.{place}", call.result, at)

    def _broke_off(self, answer: _Round) -> bool:
        ended_badly = self.end is None or self.end.stop_reason in _BROKEN_OFF
        return ended_badly and not any(call.was_run for call in answer.calls)

    def _add_text(self, event: TextDelta | ReasoningDelta, part: type[TextPart] | type[ReasoningPart]) -> None:
        if not event.text:
            return
        current = self._current(event.turn_id, event.message_id)
        text = current.parts.setdefault((event.type, event.part_id), _Text(part))
        assert isinstance(text, _Text)
        text.pieces.append(event.text)

    def _call(self, event: ToolStarted | ToolReady) -> _Call:
        call = self._calls.get(event.tool_call_id)
        if call is None:
            call = self._calls[event.tool_call_id] = _Call(event.tool_call_id, event.name)
            self._current(event.turn_id, None).parts["call", call.id] = call
        return call

    def _current(self, turn_id: str, message_id: str | None) -> _Round:
        """The round that something of the model belongs to; a new one if it cannot be of the last."""
        self._turn_id = turn_id
        last = self._rounds[-1] if self._rounds else None
        same = last is not None and message_id is not None and last.message_id == message_id
        other = last is not None and message_id is not None and last.message_id not in (None, message_id)
        if last is None or other or (last.is_over and not same):
            last = _Round()
            self._rounds.append(last)
        last.message_id = last.message_id or message_id
        return last

    def _discard(self, message_id: str) -> None:
        if self._rounds and self._rounds[-1].message_id in (None, message_id) and not self._rounds[-1].is_over:
            for call in self._rounds.pop().calls:
                del self._calls[call.id]


def _parts(answer: _Round) -> Iterator[ContentPart]:
    for part in answer.parts.values():
        if isinstance(part, _Text):
            yield part.part(text="".join(part.pieces))
        elif part.input is not None:
            yield ToolCallPart(tool_call_id=part.id, name=part.name, input=part.input)


def _result_message(message_id: str, result: ToolCompleted, at: datetime) -> Message:
    return Message(
        id=message_id,
        turn_id=result.turn_id,
        role="tool",
        parts=[TextPart(text=result.content)],
        tool_call_id=result.tool_call_id,
        status=result.status,
        intent_id=result.intent_id,
        created_at=at,
    )


def result_id(turn_id: str, tool_call_id: str) -> str:
    """The id of the message that holds what a call came to; those of answers end in a number alone."""
    return f"{turn_id}.call.{tool_call_id}"
