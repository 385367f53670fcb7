"""What the tests of chats share: chats, messages and events as a turn makes them."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Literal, cast

from maestro.chats import journal, messages, rows, turns
from maestro.chats.turns import NewTurn
from maestro.database.leases import Lease
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ContentPart, StopReason, TextPart, ToolCallPart, Usage
from maestro_protocol.conversations import Chat, Message
from maestro_protocol.events import (
    ChatEvent,
    ReasoningDelta,
    TextDelta,
    ToolCompleted,
    ToolInputDelta,
    ToolReady,
    ToolStarted,
    TurnCompleted,
    TurnEventBase,
    TurnRestarted,
    TurnStarted,
    UsageUpdated,
)

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
USAGE = Usage(input_tokens=10, cache_read_tokens=1, cache_write_tokens=2, output_tokens=5, total_tokens=18)
NOBODY = 2**22 + 1
"""No process has this id."""

Status = Literal["completed", "failed", "denied", "cancelled", "interrupted"]


def chat(chat_id: str = "chat_1", title: str = "A title", at: datetime = MOMENT) -> Chat:
    return Chat(id=chat_id, title=title, state="idle", usage=Usage(), last_seq=0, created_at=at, updated_at=at)


def kept(connection: sqlite3.Connection, chat_id: str = "chat_1", title: str = "A title") -> Chat:
    rows.insert(connection, chat(chat_id, title))
    return rows.read(connection, chat_id)


def user(message_id: str, text: str = "Hello", turn_id: str | None = None) -> Message:
    return Message(id=message_id, turn_id=turn_id, role="user", parts=[TextPart(text=text)], created_at=MOMENT)


def assistant(message_id: str, *parts: ContentPart | str, turn_id: str | None = None) -> Message:
    whole: list[ContentPart] = [TextPart(text=part) if isinstance(part, str) else part for part in parts]
    return Message(id=message_id, turn_id=turn_id, role="assistant", parts=whole, created_at=MOMENT)


def tool(message_id: str, call_id: str, text: str = "done", turn_id: str | None = None) -> Message:
    return Message(
        id=message_id,
        turn_id=turn_id,
        role="tool",
        parts=[TextPart(text=text)],
        tool_call_id=call_id,
        status="completed",
        created_at=MOMENT,
    )


def call(call_id: str, **given: str) -> ToolCallPart:
    return ToolCallPart(tool_call_id=call_id, name="read_file", input=dict(given))


def say(connection: sqlite3.Connection, chat_id: str, *said: Message) -> None:
    for message in said:
        messages.add(connection, chat_id, message)


class Script:
    """Events of one turn, numbered as they are made."""

    def __init__(self, turn_id: str = "turn_1", chat_id: str = "chat_1", first_seq: int = 1) -> None:
        self._ids = {"chat_id": chat_id, "turn_id": turn_id}
        self._numbers = count(first_seq)
        self.events: list[ChatEvent] = []

    def started(self) -> "Script":
        return self._add(TurnStarted, model="openai/gpt", user_message_id="msg_user", text="Hello")

    def text(self, text: str, message_id: str = "m1", part_id: str = "p1") -> "Script":
        return self._add(TextDelta, message_id=message_id, part_id=part_id, text=text)

    def reasoning(self, text: str, message_id: str = "m1", part_id: str = "r1") -> "Script":
        return self._add(ReasoningDelta, message_id=message_id, part_id=part_id, text=text)

    def call_started(self, call_id: str) -> "Script":
        return self._add(ToolStarted, tool_call_id=call_id, name="read_file")

    def call_input(self, call_id: str, text: str) -> "Script":
        return self._add(ToolInputDelta, tool_call_id=call_id, text=text)

    def call_ready(self, call_id: str, given: JsonObject | None) -> "Script":
        return self._add(ToolReady, tool_call_id=call_id, name="read_file", input=given, complete=given is not None)

    def call_ended(self, call_id: str, content: str = "done", status: Status = "completed") -> "Script":
        return self._add(ToolCompleted, tool_call_id=call_id, status=status, content=content, duration_ms=3)

    def restarted(self, message_id: str = "m1") -> "Script":
        return self._add(TurnRestarted, message_id=message_id)

    def used(self, usage: Usage = USAGE) -> "Script":
        return self._add(UsageUpdated, usage=usage)

    def ended(self, stop_reason: StopReason = "endTurn", usage: Usage = USAGE) -> "Script":
        return self._add(TurnCompleted, stop_reason=stop_reason, usage=usage)

    def _add(self, kind: type[TurnEventBase], **fields: object) -> "Script":
        event = kind.model_validate({**self._ids, "seq": next(self._numbers), **fields})
        self.events.append(cast("ChatEvent", event))
        return self


def new_turn(turn_id: str = "turn_1", chat_id: str | None = "chat_1") -> NewTurn:
    return NewTurn(turn_id, chat_id, "openai", "openai/gpt", "ses_1", "msg_user", MOMENT)


def begin(connection: sqlite3.Connection, turn_id: str = "turn_1", chat_id: str = "chat_1") -> Lease:
    """A turn of this process."""
    lease = turns.lease_of(chat_id)
    turns.begin(connection, new_turn(turn_id, chat_id), lease)
    return lease


def left_open(connection: sqlite3.Connection, events: Sequence[ChatEvent], chat_id: str = "chat_1") -> None:
    """A turn whose process died after these events."""
    begin(connection, chat_id=chat_id)
    journal.append(connection, chat_id, events)
    die(connection)


def die(connection: sqlite3.Connection) -> None:
    """The holders of all leases are no longer there."""
    connection.execute("UPDATE leases SET holder = ?", (f"{NOBODY}:aa",))


def logged(connection: sqlite3.Connection, chat_id: str = "chat_1") -> list[ChatEvent]:
    return journal.between(connection, chat_id, 1, rows.read(connection, chat_id).last_seq)


def types(events: Sequence[ChatEvent]) -> list[str]:
    return [event.type for event in events]


def texts(found: Sequence[Message]) -> Iterator[tuple[str, str]]:
    for message in found:
        yield message.role, "".join(part.text for part in message.parts if isinstance(part, TextPart))
