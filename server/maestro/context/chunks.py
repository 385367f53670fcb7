"""Chunks one at a time: added, read, changed."""

import json
from typing import TYPE_CHECKING

from maestro.chats.coding import storable
from maestro.context import frame, messages, tokens
from maestro.context.rows import COLUMNS, NewChunk, chunk_of, digest, insert, preview
from maestro.errors import MaestroError
from maestro_protocol.context import Chunk, ContextGetResult
from maestro_protocol.conversations import Message

if TYPE_CHECKING:
    import sqlite3


def add(connection: "sqlite3.Connection", owner: str, new: NewChunk) -> Chunk:
    """Put a chunk behind the others of its owner: a chat's id, or a workspace folder's URI."""
    text = storable(new.text)
    label = storable(new.label)
    values: dict[str, object] = {
        "owner": owner,
        "source": new.source,
        "label": label,
        "uri": new.uri and storable(new.uri),
        "range": new.range and json.dumps(new.range.to_wire()),
        "message_id": new.message_id,
        "group_id": new.group_id,
        "intent_id": new.intent_id,
        "pinned": new.pinned,
        **_content(text, new.sha256, new.tokens, frame.tokens_around(label)),
        "text": text,
    }
    return read(connection, insert(connection, values))


def add_message(
    connection: "sqlite3.Connection",
    chat_id: str,
    message: Message,
    *,
    group_id: str | None = None,
    tokens: int | None = None,
) -> Chunk:
    """Put a message that is kept in the chat behind the chat's other chunks.

    An answer with calls and the results share a `group_id`. `tokens` is the provider's count; without one they are
    estimated.
    """
    values: dict[str, object] = {
        "owner": chat_id,
        "source": "toolOutput" if message.role == "tool" else "message",
        "label": storable(messages.label_of(connection, message, group_id)),
        "message_id": message.id,
        "group_id": group_id,
        "intent_id": message.intent_id,
        **_content(storable(messages.text_of(message)), None, _tokens(message, tokens), 0),
        "tokens_estimated": tokens is None,
    }
    return read(connection, insert(connection, values))


def read(connection: "sqlite3.Connection", chunk_id: str) -> Chunk:
    """The chunk, deleted or not. Raises 4501."""
    row = connection.execute(f"SELECT {COLUMNS} FROM chunks WHERE id = ?", (storable(chunk_id),)).fetchone()
    if row is None:
        raise MaestroError("chunkNotFound", "There is no such chunk; list the context to see those there are.")
    return chunk_of(row)


def get(connection: "sqlite3.Connection", chunk_id: str) -> tuple[Chunk, str]:
    """The chunk with its text. Raises 4501."""
    chunk = read(connection, chunk_id)
    (text,) = connection.execute("SELECT text FROM chunks WHERE id = ?", (chunk_id,)).fetchone()
    if text is None and chunk.message_id is not None:
        message = messages.read(connection, [chunk.message_id]).get(chunk.message_id)
        text = messages.text_of(message) if message else ""
    return chunk, str(text)


def everything(connection: "sqlite3.Connection", owner: str) -> list[ContextGetResult]:
    """Every chunk of an owner with its text, deleted ones too, in their order."""
    ids = connection.execute("SELECT id FROM chunks WHERE owner = ? ORDER BY position, number", (owner,)).fetchall()
    found = (get(connection, chunk_id) for (chunk_id,) in ids)
    return [ContextGetResult(chunk=chunk, text=text) for chunk, text in found]


def update(
    connection: "sqlite3.Connection", chunk_id: str, *, pinned: bool | None = None, label: str | None = None
) -> Chunk:
    """Change what is not None. Raises 4501."""
    changes: dict[str, object] = {"pinned": pinned, "label": None if label is None else storable(label)}
    _change(connection, chunk_id, {name: value for name, value in changes.items() if value is not None})
    return read(connection, chunk_id)


def refresh(connection: "sqlite3.Connection", chunk_id: str, new: NewChunk) -> Chunk:
    """Give the chunk the text its file has now. Raises 4501."""
    text = storable(new.text)
    label = read(connection, chunk_id).label
    _change(
        connection,
        chunk_id,
        {"text": text, "stale": False, **_content(text, new.sha256, new.tokens, frame.tokens_around(label))},
    )
    return read(connection, chunk_id)


def _tokens(message: Message, counted: int | None) -> int:
    return tokens.of_message(message) if counted is None else counted


def _content(text: str, sha256: str | None, counted: int | None, around: int) -> dict[str, object]:
    """The columns that say what the text is like."""
    return {
        "tokens": tokens.estimate(text) + around if counted is None else counted,
        "tokens_estimated": counted is None,
        "bytes": len(text.encode()),
        "sha256": sha256 or digest(text),
        "preview": preview(text),
    }


def _change(connection: "sqlite3.Connection", chunk_id: str, values: dict[str, object]) -> None:
    if values:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(f"UPDATE chunks SET {changes} WHERE id = :id", {**values, "id": chunk_id})
