"""Chats as rows of the store."""

from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, TypedDict, Unpack

from maestro.chats.coding import dump, folded, load, now, storable, written
from maestro.errors import MaestroError
from maestro_protocol.chat import Cost, Usage
from maestro_protocol.conversations import Chat, ChatState

if TYPE_CHECKING:
    import sqlite3

COLUMNS = (
    "id, title, state, model, session_id, workspace_folder, system, forked_from, usage, cost, last_seq, created_at, "
    "updated_at"
)
NEXT_REVISION = "(SELECT coalesce(max(revision), 0) + 1 FROM chats)"

Row: TypeAlias = tuple[str | int | None, ...]
_Value: TypeAlias = str | int | None


class Changes(TypedDict, total=False):
    """What may be changed of a chat; `titled` says that somebody chose the title."""

    title: str
    titled: bool
    state: ChatState
    model: str | None
    session_id: str | None
    workspace_folder: str | None
    system: str | None
    usage: Usage
    cost: Cost | None


def insert(connection: "sqlite3.Connection", chat: Chat, *, titled: bool = False) -> None:
    """Keep a new chat. Raises sqlite3.IntegrityError if there is one with its id."""
    values: dict[str, _Value] = {
        "id": chat.id,
        **_values(
            title=chat.title,
            titled=titled,
            state=chat.state,
            model=chat.model,
            session_id=chat.session_id,
            workspace_folder=chat.workspace_folder,
            system=chat.system,
            usage=chat.usage,
            cost=chat.cost,
        ),
        "forked_from": chat.forked_from,
        "last_seq": chat.last_seq,
        "created_at": written(chat.created_at),
        "updated_at": written(chat.updated_at),
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    statement = f"INSERT INTO chats({names}, revision) VALUES ({marks}, {NEXT_REVISION})"
    connection.execute(statement, tuple(values.values()))


def read(connection: "sqlite3.Connection", chat_id: str) -> Chat:
    """Raises MaestroError: 4301 if there is none, or no longer."""
    statement = f"SELECT {COLUMNS} FROM chats WHERE id = ? AND deleted = 0"
    row = connection.execute(statement, (storable(chat_id),)).fetchone()
    if row is None:
        raise not_found()
    return chat_of(row)


def is_titled(connection: "sqlite3.Connection", chat_id: str) -> bool:
    """Whether somebody chose the title, so that none is made of the first message. Raises as `read`."""
    statement = "SELECT titled FROM chats WHERE id = ? AND deleted = 0"
    row = connection.execute(statement, (storable(chat_id),)).fetchone()
    if row is None:
        raise not_found()
    return bool(row[0])


def change(connection: "sqlite3.Connection", chat_id: str, **columns: Unpack[Changes]) -> Chat:
    """Change some columns; without any the chat only counts as changed. Raises as `read`."""
    values: dict[str, _Value] = {**_values(**columns), "updated_at": now()}
    sets = ", ".join(f"{name} = ?" for name in values)
    statement = f"UPDATE chats SET {sets}, revision = {NEXT_REVISION} WHERE id = ? AND deleted = 0"
    if not connection.execute(statement, (*values.values(), storable(chat_id))).rowcount:
        raise not_found()
    return read(connection, chat_id)


def remove(connection: "sqlite3.Connection", chat_id: str) -> Chat | None:
    """Delete a chat and what was said in it; None if there is none. What its turns took stays counted.

    A row without content stays, from which other windows learn of it. Returns the chat as that row tells it.
    """
    statement = f"""
UPDATE chats SET deleted = 1, title = '', words = '', system = NULL, state = 'idle', updated_at = ?,
  revision = {NEXT_REVISION} WHERE id = ? AND deleted = 0
"""
    moment, chat_id = now(), storable(chat_id)
    if not connection.execute(statement, (moment, chat_id)).rowcount:
        return None
    connection.execute("DELETE FROM chat_events WHERE chat_id = ?", (chat_id,))
    connection.execute("DELETE FROM messages WHERE chat_id = ?", (chat_id,))
    # One that runs in another window has nowhere to go on; its usage is written when it notices.
    ended = "ended_at = coalesce(ended_at, ?), stop_reason = coalesce(stop_reason, 'cancelled')"
    connection.execute(f"UPDATE turns SET {ended}, chat_id = NULL WHERE chat_id = ?", (moment, chat_id))
    return chat_of(connection.execute(f"SELECT {COLUMNS} FROM chats WHERE id = ?", (chat_id,)).fetchone())


def forget_tombstones(connection: "sqlite3.Connection", older_than: datetime) -> int:
    """Delete the rows of chats deleted before a time; how many. The latest revision is never given twice."""
    latest = "(SELECT max(revision) FROM chats)"
    statement = f"DELETE FROM chats WHERE deleted = 1 AND updated_at < ? AND revision < {latest}"
    return connection.execute(statement, (written(older_than),)).rowcount


def chat_of(row: Row) -> Chat:
    """A row of `COLUMNS` as a chat."""
    values: dict[str, object] = dict(zip(COLUMNS.split(", "), row, strict=True))
    values["usage"] = load(Usage, str(values["usage"]))
    values["cost"] = None if values["cost"] is None else load(Cost, str(values["cost"]))
    return Chat.model_validate(values, by_name=True, by_alias=False)


def not_found() -> MaestroError:
    return MaestroError("chatNotFound", "There is no such chat; list the chats, or leave `chatId` out to begin one.")


def _values(**changes: Unpack[Changes]) -> dict[str, _Value]:
    values: dict[str, _Value] = {name: _value(value) for name, value in changes.items()}
    if "title" in changes:
        values["words"] = folded(changes["title"])
    return values


def _value(value: object) -> _Value:
    if isinstance(value, Usage | Cost):
        return dump(value)
    return storable(value) if isinstance(value, str) else None if value is None else int(bool(value))
