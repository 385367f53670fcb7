"""What is said in a turn, on its way into the store: a message, and the chunk it is in the context."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from maestro.chats import messages
from maestro.chats.fold import result_id
from maestro.context import chunks
from maestro.services import context_changes
from maestro.services.call_events import Result
from maestro.services.chat_log import ChatLog
from maestro_protocol.chat import ContentPart, TextPart, ToolCallPart
from maestro_protocol.context import Chunk, ContextDidChangeParams
from maestro_protocol.conversations import Message


def add(connection: sqlite3.Connection, chat_id: str, message: Message, tokens: int | None = None) -> Chunk:
    """Keep a message with its chunk. A round's answer and the results of its calls share a group."""
    messages.add(connection, chat_id, message)
    return chunks.add_message(connection, chat_id, message, group_id=_group_of(connection, message), tokens=tokens)


def restore(connection: sqlite3.Connection, chat_id: str, message: Message) -> None:
    """Keep a message of a turn that broke off with its process."""
    add(connection, chat_id, message)


def _group_of(connection: sqlite3.Connection, message: Message) -> str | None:
    """The id of the answer that made the calls."""
    if message.role == "assistant" and any(isinstance(part, ToolCallPart) for part in message.parts):
        return message.id
    if message.role != "tool":
        return None
    answers = [one for one in messages.of_turn(connection, message.turn_id or "") if one.role == "assistant"]
    callers = (one.id for one in answers if message.tool_call_id in _calls(one))
    return next(callers, None)


def _calls(message: Message) -> Sequence[str]:
    return [part.tool_call_id for part in message.parts if isinstance(part, ToolCallPart)]


@dataclass(frozen=True, slots=True)
class Transcript:
    """Writes down what one turn says, with the events that tell of it."""

    chat_id: str
    turn_id: str
    log: ChatLog

    def answered(self, message_id: str, parts: Sequence[ContentPart], *, tokens: int | None, whole: bool) -> None:
        """Keep a round's answer, also one that broke off."""
        if not parts:
            return
        message = Message(
            id=message_id,
            turn_id=self.turn_id,
            role="assistant",
            parts=list(parts),
            created_at=datetime.now(UTC),
            incomplete=None if whole else True,
        )
        self.log.attach(lambda connection: self._keep(connection, message, tokens))

    def told(self, result: Result) -> None:
        """Keep what a call came to, together with its `tool.completed`."""
        message = Message(
            id=result_id(self.turn_id, result.call.id),
            turn_id=self.turn_id,
            role="tool",
            parts=[TextPart(text=result.content)],
            tool_call_id=result.call.id,
            status=result.status,
            intent_id=result.intent_id,
            created_at=datetime.now(UTC),
        )
        self.log.with_completed(result.call.id, lambda connection: self._keep(connection, message))

    def _keep(
        self, connection: sqlite3.Connection, message: Message, tokens: int | None = None
    ) -> Sequence[ContextDidChangeParams]:
        return context_changes.added(connection, [add(connection, self.chat_id, message, tokens)])
