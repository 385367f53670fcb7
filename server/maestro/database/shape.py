"""The tables of a database of today's shape, and what one lacks of them."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from maestro.database.tables import SESSIONS as SESSIONS
from maestro.database.tables import TABLES
from maestro.database.transactions import transaction

if TYPE_CHECKING:
    import sqlite3

SESSION_COLUMNS = (
    "id", "provider", "auth_type", "name", "credentials", "metadata", "status", "source",
    "expires_at", "created_at", "updated_at", "last_used_at", "revision",
)  # fmt: skip


def tables(connection: "sqlite3.Connection") -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def columns(connection: "sqlite3.Connection", table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def missing(connection: "sqlite3.Connection") -> list[str]:
    """Tables of ours that are not there."""
    there = tables(connection)
    return [name for name in TABLES if name not in there]


def misshapen(connection: "sqlite3.Connection") -> list[str]:
    """Names of ours under which something else lies: a table without our columns, or a view."""
    taken = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")}
    there = tables(connection)
    return [
        name
        for name in TABLES
        if name in taken and (name not in there or not _expected()[name] <= set(columns(connection, name)))
    ]


def mend(connection: "sqlite3.Connection") -> list[str]:
    """Create the tables that are missing; which those were."""
    if not missing(connection):
        return []
    with transaction(connection):
        lacking = missing(connection)  # another process may have come first
        create(connection, lacking)
    return lacking


def create(connection: "sqlite3.Connection", names: Iterable[str] = tuple(TABLES)) -> None:
    """Create these tables with what belongs to them, where they are not there."""
    for name in names:
        for statement in TABLES[name]:
            connection.execute(statement)


@cache
def _expected() -> Mapping[str, set[str]]:
    """The columns of each table, as its statement makes them."""
    import sqlite3

    connection = sqlite3.connect(":memory:")
    create(connection)
    found = {name: set(columns(connection, name)) for name in TABLES}
    connection.close()
    return found
