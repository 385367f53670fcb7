"""Which chats there are: page by page, by their words, and what changed since another window looked."""

import base64
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from maestro.chats.coding import folded, storable, written
from maestro.chats.rows import COLUMNS, chat_of
from maestro.errors import MaestroError
from maestro_protocol.conversations import Chat, ChatListParams, ChatListResult

if TYPE_CHECKING:
    import sqlite3

_IN_A_MESSAGE = "SELECT 1 FROM messages WHERE chat_id = chats.id AND reverted = 0 AND instr(messages.words, ?)"
_HAS_WORD = f"(instr(words, ?) OR EXISTS ({_IN_A_MESSAGE}))"


def list_chats(connection: "sqlite3.Connection", params: ChatListParams) -> ChatListResult:
    """A page, the chat changed last first. Every word of the query stands in the title or in some message.

    Raises:
        MaestroError: 4303 for a cursor that is none of ours.
    """
    conditions, values = ["deleted = 0"], list[str | int]()
    if params.cursor is not None:
        conditions.append("(updated_at, id) < (?, ?)")
        values += _place(params.cursor)
    if params.workspace_folder is not None:
        conditions.append("workspace_folder = ?")
        values.append(storable(params.workspace_folder))
    for word in folded(params.query or "").split():
        conditions.append(_HAS_WORD)
        values += [word, word]
    where = " AND ".join(conditions)
    statement = f"SELECT {COLUMNS} FROM chats WHERE {where} ORDER BY updated_at DESC, id DESC LIMIT ?"
    found = [chat_of(row) for row in connection.execute(statement, (*values, params.limit + 1))]
    chats = found[: params.limit]
    return ChatListResult(chats=chats, next_cursor=_cursor(chats[-1]) if len(found) > params.limit else None)


def latest_revision(connection: "sqlite3.Connection") -> int:
    """Where `changed_since` begins for who knows everything there is now."""
    (latest,) = connection.execute("SELECT max(revision) FROM chats").fetchone()
    return latest or 0


def changed_since(connection: "sqlite3.Connection", revision: int) -> tuple[int, Sequence[Chat], Sequence[Chat]]:
    """The latest revision, and the chats that were changed and deleted after the one given, the earliest first."""
    statement = f"SELECT {COLUMNS}, revision, deleted FROM chats WHERE revision > ? ORDER BY revision"
    rows = connection.execute(statement, (revision,)).fetchall()
    latest = rows[-1][-2] if rows else revision
    changed = [chat_of(row[:-2]) for row in rows if not row[-1]]
    return latest, changed, [chat_of(row[:-2]) for row in rows if row[-1]]


def _cursor(chat: Chat) -> str:
    return base64.urlsafe_b64encode(json.dumps([written(chat.updated_at), chat.id]).encode()).decode()


def _place(cursor: str) -> tuple[str, str]:
    try:
        place = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        place = None
    match place:
        case [str(moment), str(chat_id)]:
            return storable(moment), storable(chat_id)
    raise MaestroError("cursorExpired", "The page marker does not lead anywhere; list the chats again.")
