"""What becomes of a context when its chat is forked, cut short or forgotten."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from maestro.context.deletion import ids_of, restore
from maestro.context.rows import batches, marks, new_id, select
from maestro_protocol.context import Chunk

if TYPE_CHECKING:
    import sqlite3

_KEPT = (
    "scope", "position", "source", "label", "uri", "range", "text", "intent_id", "tokens", "tokens_estimated", "bytes",
    "sha256", "preview", "pinned", "stale", "created_at",
)  # fmt: skip


def copy(
    connection: "sqlite3.Connection",
    from_owner: str,
    to_owner: str,
    message_ids: Mapping[str, str],
    through_number: int | None = None,
) -> None:
    """Copy the chunks of these messages and what stood before the last of them, deleted ones too.

    `message_ids` leads from a message to its copy. What belongs to no message comes along if its row is not behind
    `through_number`, by default the last of the messages' rows. What a later summary had replaced is sent again.
    """
    columns = ", ".join(("number", "id", "message_id", "group_id", "deleted_at", "replaced_by", *_KEPT))
    rows = connection.execute(f"SELECT {columns} FROM chunks WHERE owner = ? ORDER BY number", (from_owner,)).fetchall()
    if through_number is None:
        through_number = max((row[0] for row in rows if row[2] in message_ids), default=0)
    taken = [row for row in rows if (row[2] in message_ids if row[2] else row[0] <= through_number)]
    ids = {row[1]: new_id("chk") for row in taken}
    groups = {row[3]: new_id("grp") for row in taken if row[3]}
    names = ("owner", "id", "message_id", "group_id", "deleted_at", "replaced_by", *_KEPT)
    connection.executemany(
        f"INSERT INTO chunks({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        [_copied(row, to_owner, message_ids, ids, groups) for row in taken],
    )


def drop_messages(connection: "sqlite3.Connection", message_ids: Iterable[str]) -> tuple[list[str], list[Chunk]]:
    """Forget the chunks of messages that were taken back, and summaries that tell of them.

    What else such a summary had replaced is sent again. Returns which of those that were sent are gone, and which
    are sent again.
    """
    sent: list[str] = []
    summaries: list[str] = []
    for some in batches(message_ids):
        where = f"message_id IN ({marks(some)})"
        sent += ids_of(connection, f"SELECT id FROM chunks WHERE {where} AND deleted_at IS NULL", some)
        query = f"SELECT replaced_by FROM chunks WHERE {where} AND replaced_by IS NOT NULL"
        summaries += ids_of(connection, query, some)
        connection.execute(f"DELETE FROM chunks WHERE {where}", some)
    gone, again = _undo_summaries(connection, summaries)
    return sent + gone, again


def forget(connection: "sqlite3.Connection", owner: str) -> None:
    """Take away everything of an owner that is no more."""
    connection.execute("DELETE FROM chunks WHERE owner = ?", (owner,))
    connection.execute("DELETE FROM chunk_totals WHERE owner = ?", (owner,))


def _copied(
    row: tuple[object, ...],
    owner: str,
    message_ids: Mapping[str, str],
    ids: Mapping[object, str],
    groups: Mapping[object, str],
) -> tuple[object, ...]:
    _, chunk_id, message_id, group_id, deleted_at, summary, *kept = row
    if summary is not None and summary not in ids:
        deleted_at = summary = None
    message = message_ids.get(str(message_id)) if message_id else None
    return owner, ids[chunk_id], message, groups.get(group_id), deleted_at, ids.get(summary), *kept


def _undo_summaries(connection: "sqlite3.Connection", summaries: Sequence[str]) -> tuple[list[str], list[Chunk]]:
    """Forget summaries, and those that later ones made of them; restore what they had replaced."""
    gone: list[str] = []
    again: list[str] = []
    due = list(dict.fromkeys(summaries))
    while due:
        summary = due.pop()
        due += ids_of(connection, "SELECT replaced_by FROM chunks WHERE id = ? AND replaced_by IS NOT NULL", (summary,))
        again += ids_of(connection, "SELECT id FROM chunks WHERE replaced_by = ?", (summary,))
        gone += ids_of(connection, "SELECT id FROM chunks WHERE id = ? AND deleted_at IS NULL", (summary,))
        connection.execute("DELETE FROM chunks WHERE id = ?", (summary,))
    restore(connection, again)
    return gone, select(connection, again)
