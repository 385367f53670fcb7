"""Chunks that are sent no more, and the way back."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from maestro.context.rows import batches, marks, now, select
from maestro_protocol.context import Chunk

if TYPE_CHECKING:
    import sqlite3

_Condition = Literal["deleted_at IS NULL", "deleted_at IS NOT NULL"]
_SENT: _Condition = "deleted_at IS NULL"
_GONE: _Condition = "deleted_at IS NOT NULL"


def delete(connection: "sqlite3.Connection", ids: Iterable[str]) -> tuple[list[str], list[str]]:
    """Send these chunks no more, nor those of their groups: which those are, and which ids are none to delete."""
    deleted, not_found = _with_groups(connection, ids, _SENT)
    set_deleted(connection, deleted, "deleted_at = ?", now())
    return deleted, not_found


def restore(connection: "sqlite3.Connection", ids: Iterable[str]) -> tuple[list[Chunk], list[str]]:
    """Send these again, with their groups, where they stood: which those are, and which ids are none to restore."""
    restored, not_found = _with_groups(connection, ids, _GONE)
    set_deleted(connection, restored, "replaced_by = NULL, deleted_at = ?", None)
    return select(connection, restored), not_found


def clear(connection: "sqlite3.Connection", owner: str) -> list[str]:
    """Delete what is not pinned; a group with something pinned stays whole."""
    deleted = ids_of(
        connection,
        """
        SELECT id FROM chunks AS one WHERE owner = ? AND deleted_at IS NULL AND pinned = 0 AND NOT EXISTS (
          SELECT 1 FROM chunks AS other WHERE other.group_id = one.group_id AND other.pinned = 1
            AND other.deleted_at IS NULL AND other.owner = one.owner)
          ORDER BY position, number
        """,
        (owner,),
    )
    set_deleted(connection, deleted, "deleted_at = ?", now())
    return deleted


def _with_groups(
    connection: "sqlite3.Connection", ids: Iterable[str], condition: _Condition
) -> tuple[list[str], list[str]]:
    """Those of the ids that fit the condition, with what shares their groups; and the others."""
    asked = list(dict.fromkeys(ids))
    found: dict[str, None] = {}
    there: set[str] = set()
    for some in batches(asked):
        there |= set(ids_of(connection, f"SELECT id FROM chunks WHERE {condition} AND id IN ({marks(some)})", some))
        query = f"""
        SELECT one.id FROM chunks AS one JOIN (
            SELECT DISTINCT owner, group_id FROM chunks WHERE {condition} AND id IN ({marks(some)})
              AND group_id IS NOT NULL) AS taken
          ON one.group_id = taken.group_id AND one.owner = taken.owner WHERE one.{condition}
        """
        found |= dict.fromkeys(ids_of(connection, query, some))
    wanted = {chunk_id: None for chunk_id in asked if chunk_id in there} | found
    return list(wanted), [chunk_id for chunk_id in asked if chunk_id not in there]


def set_deleted(connection: "sqlite3.Connection", ids: Sequence[str], change: str, value: object) -> None:
    for some in batches(ids):
        connection.execute(f"UPDATE chunks SET {change} WHERE id IN ({marks(some)})", (value, *some))


def ids_of(connection: "sqlite3.Connection", query: str, values: Sequence[object]) -> list[str]:
    return [str(chunk_id) for (chunk_id,) in connection.execute(query, tuple(values))]
