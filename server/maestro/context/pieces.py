"""What is sent, with its text: the chunks of a chat and its workspace as a request needs them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maestro.context import messages
from maestro.context.rows import COLUMNS, chunk_of
from maestro_protocol.context import Chunk
from maestro_protocol.conversations import Message

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk with its text, or with the message it is."""

    chunk: Chunk
    text: str = field(default="", repr=False)
    message: Message | None = field(default=None, repr=False)

    @property
    def is_user(self) -> bool:
        """Whether it is what the user said."""
        return self.message is not None and self.message.role == "user"


def load(connection: "sqlite3.Connection", owners: Sequence[str]) -> list[Piece]:
    """Everything that is sent of these owners, in order: a workspace's chunks first, then the chat's."""
    query = f"SELECT text, {COLUMNS} FROM chunks WHERE owner = ? AND deleted_at IS NULL ORDER BY position, number"
    rows = [(text, chunk_of(row)) for owner in owners for text, *row in connection.execute(query, (owner,))]
    said = messages.read(connection, [chunk.message_id for text, chunk in rows if text is None and chunk.message_id])
    return [piece for text, chunk in rows if (piece := _piece(chunk, text, said)) is not None]


def _piece(chunk: Chunk, text: str | None, said: Mapping[str, Message]) -> Piece | None:
    """None for a message that is not there."""
    if text is not None:
        return Piece(chunk, text)
    message = said.get(chunk.message_id or "")
    return None if message is None else Piece(chunk, message=message)


def chosen(pieces: Sequence[Piece], context_ids: Collection[str] | None) -> list[Piece]:
    """Of the pieces that are no messages, those named, the pinned ones, and what came with the user's last message.

    None means all. Summaries stand for messages, so they stay too.
    """
    if context_ids is None:
        return list(pieces)
    last = next((piece.chunk.message_id for piece in reversed(pieces) if piece.is_user), None)
    return [
        piece
        for piece in pieces
        if piece.message
        or piece.chunk.pinned
        or piece.chunk.source == "summary"
        or piece.chunk.id in context_ids
        or (last is not None and piece.chunk.message_id == last)
    ]
