"""A chat's log: its events, numbered without gaps, only ever appended to."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from maestro.chats import rows
from maestro.chats.coding import dump, load_by, now
from maestro.errors import MaestroError
from maestro_protocol.conversations import ChatEventsParams, ChatEventsResult
from maestro_protocol.events import ChatEvent

if TYPE_CHECKING:
    import sqlite3

_LARGEST = 2**63 - 1
"""SQLite's largest number."""


def append(connection: "sqlite3.Connection", chat_id: str, events: Sequence[ChatEvent]) -> None:
    """Write events at the end of the log.

    Raises:
        MaestroError: 4301 if the chat is gone, 4901 if the log goes on differently by now.
    """
    if not events:
        return
    first, last = events[0].seq, events[-1].seq
    in_order = [event.seq for event in events] == list(range(first, last + 1))
    if not in_order or any(event.chat_id != chat_id for event in events):
        raise _torn(chat_id)
    statement = f"""
UPDATE chats SET last_seq = ?, updated_at = ?, revision = {rows.NEXT_REVISION}
  WHERE id = ? AND last_seq = ? AND deleted = 0
"""
    if not connection.execute(statement, (last, now(), chat_id, first - 1)).rowcount:
        rows.read(connection, chat_id)
        raise _torn(chat_id)
    bodies = ((chat_id, event.seq, dump(event)) for event in events)
    connection.executemany("INSERT INTO chat_events(chat_id, seq, body) VALUES (?, ?, ?)", bodies)


def replay(connection: "sqlite3.Connection", params: ChatEventsParams) -> ChatEventsResult:
    """A page of the log: what comes after `afterSeq`, without it the end. Raises 4301."""
    last_seq = rows.read(connection, params.chat_id).last_seq
    after = max(last_seq - params.limit, 0) if params.after_seq is None else params.after_seq
    end = min(after + params.limit, last_seq)
    events = between(connection, params.chat_id, after + 1, end)
    return ChatEventsResult(events=events, last_seq=last_seq, complete=end == last_seq)


def between(connection: "sqlite3.Connection", chat_id: str, first: int, last: int) -> list[ChatEvent]:
    """The events from one number to another, both included."""
    statement = "SELECT body FROM chat_events WHERE chat_id = ? AND seq BETWEEN ? AND ? ORDER BY seq"
    values = (chat_id, min(first, _LARGEST), min(last, _LARGEST))
    return [load_by(_event().validate_python, body) for (body,) in connection.execute(statement, values)]


@cache
def _event() -> TypeAdapter[ChatEvent]:
    """Made when it is needed, for that takes a while."""
    return TypeAdapter(ChatEvent)


def _torn(chat_id: str) -> MaestroError:
    message = "The log of this chat was continued by another window; open the chat again."
    return MaestroError("storageFailed", message, chat_id=chat_id)
