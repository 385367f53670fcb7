"""A database in memory with chats' messages in it, and short ways to fill it."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from maestro.chats import messages
from maestro.context import chunks, deletion, pieces
from maestro.context.rows import NewChunk
from maestro.database import shape
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ContentPart, ReplayPart, TextPart, ToolCallPart
from maestro_protocol.context import Chunk
from maestro_protocol.conversations import Message

CHAT = "chat_1"
FOLDER = "file:///work/project"
NOW = datetime(2026, 11, 25, tzinfo=UTC)

_numbers = count(1)


def open_store() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    shape.create(connection)
    return connection


def message(
    role: str,
    *parts: ContentPart | str,
    call: str | None = None,
    incomplete: bool | None = None,
    intent: str | None = None,
) -> Message:
    made = [TextPart(text=part) if isinstance(part, str) else part for part in parts]
    return Message.model_validate(
        {
            "id": f"msg_{next(_numbers)}",
            "role": role,
            "parts": made,
            "tool_call_id": call,
            "incomplete": incomplete,
            "intent_id": intent,
            "created_at": NOW,
        }
    )


def call(call_id: str, name: str = "read_file", **arguments: str) -> ToolCallPart:
    given: JsonObject = {**arguments}
    return ToolCallPart(tool_call_id=call_id, name=name, input=given)


def replay() -> ReplayPart:
    return ReplayPart(wire="messages", items=[{"type": "thinking", "signature": "signed"}])


def say(
    connection: sqlite3.Connection, one: Message, group: str | None = None, tokens: int | None = None, chat: str = CHAT
) -> Chunk:
    messages.add(connection, chat, one)
    return chunks.add_message(connection, chat, one, group_id=group, tokens=tokens)


def a_round(connection: sqlite3.Connection, *ids: str, chat: str = CHAT) -> list[Chunk]:
    """An answer with calls, and their results."""
    answer = message("assistant", "Let me look.", *(call(one, path=f"src/{one}.py") for one in ids), replay())
    found = [say(connection, answer, answer.id, chat=chat)]
    for one in ids:
        found.append(
            say(connection, message("tool", f"text of {one}", call=one, intent=f"int_{one}"), answer.id, chat=chat)
        )
    return found


def attach(
    connection: sqlite3.Connection, text: str, owner: str = CHAT, label: str = "src/a.py", pinned: bool = False
) -> Chunk:
    new = NewChunk("file", label, text, uri=f"{FOLDER}/{label}", sha256=f"sha of {text}", pinned=pinned)
    return chunks.add(connection, owner, new)


def sent(connection: sqlite3.Connection, owners: Sequence[str] = (CHAT,)) -> list[str]:
    return [piece.chunk.id for piece in pieces.load(connection, owners)]


def ids(found: Sequence[Chunk]) -> list[str]:
    return [chunk.id for chunk in found]


def gone(connection: sqlite3.Connection, *chunk_ids: str) -> list[str]:
    return deletion.delete(connection, chunk_ids)[0]
