"""The messages of a chat, as they are opened page by page."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from pydantic import TypeAdapter

from maestro.chats.coding import dump_json, folded, load_by, storable, written
from maestro.errors import MaestroError
from maestro_protocol.chat import ContentPart, TextPart
from maestro_protocol.conversations import Message

if TYPE_CHECKING:
    import sqlite3

_Row: TypeAlias = tuple[str | int | None, ...]

_COLUMNS = "id, turn_id, role, tool_call_id, status, intent_id, created_at, incomplete, parts"


def add(connection: "sqlite3.Connection", chat_id: str, message: Message) -> None:
    """Put a message at the end. Raises sqlite3.IntegrityError if there is one with its id."""
    values = (
        message.id,
        message.turn_id,
        message.role,
        None if message.tool_call_id is None else storable(message.tool_call_id),
        message.status,
        message.intent_id,
        written(message.created_at),
        int(bool(message.incomplete)),
        dump_json([part.to_wire() for part in message.parts]),
        chat_id,
        words_of(message.parts),
    )
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO messages({_COLUMNS}, chat_id, words) VALUES ({marks})", values)


def page(
    connection: "sqlite3.Connection", chat_id: str, before: str | None, limit: int, *, for_client: bool = False
) -> tuple[list[Message], str | None]:
    """The last messages, or the last before one, the oldest first; and what to give as `before` for those before them.

    `for_client` leaves out the parts that only the provider they came from can read.

    Raises:
        MaestroError: 4303 if the chat has no message `before`.
    """
    end = _number(connection, chat_id, before) if before is not None else None
    statement = f"SELECT {_COLUMNS} FROM messages WHERE chat_id = ? AND reverted = 0"
    values: list[str | int] = [storable(chat_id)]
    if end is not None:
        statement += " AND number < ?"
        values.append(end)
    rows = connection.execute(f"{statement} ORDER BY number DESC LIMIT ?", (*values, limit + 1)).fetchall()
    found = [_message(row) for row in reversed(rows[:limit])]
    if for_client:
        found = [_for_client(message) for message in found]
    return found, found[0].id if len(rows) > limit else None


def of_turn(connection: "sqlite3.Connection", turn_id: str) -> list[Message]:
    """The messages of a turn, the oldest first."""
    return _read(connection, "turn_id = ?", turn_id)


def all(connection: "sqlite3.Connection", chat_id: str) -> list[Message]:
    """Every message of the chat that was not taken back, the oldest first."""
    return _read(connection, "chat_id = ?", chat_id)


def by_ids(connection: "sqlite3.Connection", ids: Sequence[str]) -> list[Message]:
    """The messages of these ids, of whatever chat and also if they were taken back; at most some hundred at once."""
    marks = ", ".join("?" * len(ids))
    return [_message(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM messages WHERE id IN ({marks})", ids)]


def words_of(parts: Iterable[ContentPart]) -> str:
    """The text by which a message is found."""
    return folded("\n".join(part.text for part in parts if isinstance(part, TextPart)))


def _read(connection: "sqlite3.Connection", where: str, value: str) -> list[Message]:
    statement = f"SELECT {_COLUMNS} FROM messages WHERE {where} AND reverted = 0 ORDER BY number"
    return [_message(row) for row in connection.execute(statement, (storable(value),))]


def _number(connection: "sqlite3.Connection", chat_id: str, message_id: str) -> int:
    statement = "SELECT number FROM messages WHERE id = ? AND chat_id = ?"
    row = connection.execute(statement, (storable(message_id), storable(chat_id))).fetchone()
    if row is None:
        raise MaestroError("cursorExpired", "The page marker is no message of this chat; open the last page again.")
    return int(row[0])


def _message(row: _Row) -> Message:
    values: dict[str, object] = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["parts"] = load_by(_parts().validate_python, str(values["parts"]))
    values["incomplete"] = True if values["incomplete"] else None
    return Message.model_validate(values, by_name=True, by_alias=False)


@cache
def _parts() -> TypeAdapter[list[ContentPart]]:
    """Made when it is needed, for that takes a while."""
    return TypeAdapter(list[ContentPart])


def _for_client(message: Message) -> Message:
    parts: Sequence[ContentPart] = [part for part in message.parts if part.type != "replay"]
    return message.model_copy(update={"parts": parts})
