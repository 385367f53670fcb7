"""A page of chunks, in the order they are sent, or of those that can be restored."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maestro.context import cursors
from maestro.context.rows import COLUMNS, Row, chunk_of, total
from maestro.errors import MaestroError
from maestro_protocol.context import Chunk, ContextListParams, ContextTotal

if TYPE_CHECKING:
    import sqlite3

_SENT = f"""
SELECT position, number, {COLUMNS} FROM chunks WHERE owner = ? AND deleted_at IS NULL AND (position, number) > (?, ?)
  ORDER BY position, number LIMIT ?
"""
_GONE = f"""
SELECT deleted_at, number, {COLUMNS} FROM chunks WHERE owner = ? AND deleted_at IS NOT NULL
  AND (deleted_at, number) < (?, ?) ORDER BY deleted_at DESC, number DESC LIMIT ?
"""
_FIRST_SENT = (-1.0, -1)
_FIRST_GONE = ("~", 2**63 - 1)


def page(
    connection: "sqlite3.Connection", params: ContextListParams, owners: Sequence[str]
) -> tuple[list[Chunk], str | None, ContextTotal]:
    """A page of the owners' chunks, one owner's after the other's, the marker of the next one, and what is sent in all.

    Those that can be restored come with the one deleted last first. A page costs the same wherever it is.

    Raises:
        MaestroError: 4303 for a marker that is none of this list.
    """
    places, rows = _rows(connection, params, owners)
    more = len(rows) > params.limit
    next_cursor = cursors.dump(places[params.limit - 1]) if more else None
    return [chunk_of(row) for row in rows[: params.limit]], next_cursor, total(connection, owners)


def beginning(owner: str, *, deleted: bool) -> str:
    """The marker of the page that begins with an owner's first chunk."""
    key, number = _FIRST_GONE if deleted else _FIRST_SENT
    return cursors.dump((owner, key, number))


def _rows(
    connection: "sqlite3.Connection", params: ContextListParams, owners: Sequence[str]
) -> tuple[list[cursors.Place], list[Row]]:
    """At most one more than the page holds."""
    query, begin = (_GONE, _FIRST_GONE) if params.deleted else (_SENT, _FIRST_SENT)
    first, after = _start(params, owners, begin)
    places: list[cursors.Place] = []
    rows: list[Row] = []
    for owner in owners[first:]:
        wanted = params.limit + 1 - len(rows)
        for key, number, *row in connection.execute(query, (owner, *after, wanted)):
            places.append((owner, key, number))
            rows.append(tuple(row))
        after = begin
    return places, rows


def _start(
    params: ContextListParams, owners: Sequence[str], begin: tuple[float | str, int]
) -> tuple[int, tuple[float | str, int]]:
    if params.cursor is None:
        return 0, begin
    owner, key, number = cursors.load(params.cursor)
    if owner not in owners or isinstance(key, str) is not params.deleted:
        raise MaestroError("cursorExpired", "The page marker belongs to another list; list again without it.")
    return owners.index(owner), (key, number)
