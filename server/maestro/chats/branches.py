"""Chats that begin as another one did, and chats taken back to an earlier message."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from maestro.chats import journal, messages, rows
from maestro.chats.coding import storable
from maestro.chats.ids import new_id
from maestro.chats.recovery import OnMessage
from maestro.chats.turns import refuse_running as refuse_running
from maestro.chats.turns import require_idle
from maestro.errors import MaestroError
from maestro_protocol.chat import Usage
from maestro_protocol.conversations import Chat
from maestro_protocol.errors import Issue
from maestro_protocol.events import ChatReverted

if TYPE_CHECKING:
    import sqlite3

_TITLE_LENGTH = 200
_SUFFIX = " (fork)"
_AFTER = "chat_id = ? AND reverted = 0 AND number > ?"
_COPIED = "role, tool_call_id, status, intent_id, created_at, incomplete, words, parts"


def fork(
    connection: "sqlite3.Connection", chat_id: str, through_message_id: str, on_message: OnMessage = messages.add
) -> tuple[Chat, Mapping[str, str]]:
    """A new chat with the messages up to one, and their new ids by the old ones.

    Its log is empty, and what the turns took stays with the chat they ran in. The results of a call come with it, also
    where the message named is in the middle of them. `on_message` is for a turn that a dead process left open.

    Raises:
        MaestroError: 4301 if there is no such chat, 4302 while it is answering, -32602 if it has no such message.
    """
    source = require_idle(connection, chat_id, on_message)
    end = _end(connection, chat_id, through_message_id)
    chat = _begun_as(source)
    rows.insert(connection, chat, titled=True)
    return chat, _copy(connection, chat_id, end, chat.id)


def revert(
    connection: "sqlite3.Connection", chat_id: str, through_message_id: str, on_message: OnMessage = messages.add
) -> tuple[Chat, list[str], ChatReverted]:
    """Take back what came after a message; the chat, the ids of what was taken back, and the event in its log.

    The results of a call stay with it, and `on_message` is called, as for `fork`. Raises as `fork`.
    """
    chat = require_idle(connection, chat_id, on_message)
    end = _end(connection, chat_id, through_message_id)
    found = connection.execute(f"SELECT id FROM messages WHERE {_AFTER} ORDER BY number", (chat_id, end.number))
    removed = [message_id for (message_id,) in found]
    connection.execute(f"UPDATE messages SET reverted = 1 WHERE {_AFTER}", (chat_id, end.number))
    event = ChatReverted(chat_id=chat_id, seq=chat.last_seq + 1, through_message_id=end.message_id)
    journal.append(connection, chat_id, [event])
    return rows.read(connection, chat_id), removed, event


class _End(NamedTuple):
    """The last message that stays."""

    number: int
    message_id: str


def _end(connection: "sqlite3.Connection", chat_id: str, message_id: str) -> _End:
    statement = "SELECT number, id FROM messages WHERE id = ? AND chat_id = ? AND reverted = 0"
    row = connection.execute(statement, (storable(message_id), chat_id)).fetchone()
    if row is None:
        message = "The chat has no message `throughMessageId`; open the chat again and choose one of its messages."
        issue = Issue(path="throughMessageId", message="is no message of this chat")
        raise MaestroError("invalidParams", message, chat_id=chat_id, issues=[issue])
    end = _End(*row)
    following = f"SELECT number, id, role FROM messages WHERE {_AFTER} ORDER BY number"
    for number, found_id, role in connection.execute(following, (chat_id, end.number)):
        if role != "tool":
            break
        end = _End(number, found_id)
    return end


def _begun_as(source: Chat) -> Chat:
    moment = datetime.now(UTC)
    return Chat(
        id=new_id(source.id.rpartition("_")[0] or "chat"),  # the prefix says where a chat is kept
        title=source.title[: _TITLE_LENGTH - len(_SUFFIX)] + _SUFFIX,
        state="idle",
        model=source.model,
        session_id=source.session_id,
        workspace_folder=source.workspace_folder,
        system=source.system,
        forked_from=source.id,
        usage=Usage(),
        last_seq=0,
        created_at=moment,
        updated_at=moment,
    )


def _copy(connection: "sqlite3.Connection", chat_id: str, end: _End, target: str) -> Mapping[str, str]:
    """Messages of one turn stay together in the copy, under an id of their own, since the turn itself is not copied."""
    statement = """
SELECT number, id, turn_id FROM messages WHERE chat_id = ? AND reverted = 0 AND number <= ? ORDER BY number
"""
    found = connection.execute(statement, (chat_id, end.number)).fetchall()
    ids = {message_id: new_id("msg") for _, message_id, _ in found}
    turns = {turn_id: new_id("turn") for _, _, turn_id in found if turn_id is not None}
    copied = f"SELECT ?, ?, ?, {_COPIED} FROM messages WHERE number = ?"
    connection.executemany(
        f"INSERT INTO messages(id, chat_id, turn_id, {_COPIED}) {copied}",
        [(ids[message_id], target, turns.get(turn_id), number) for number, message_id, turn_id in found],
    )
    return ids
