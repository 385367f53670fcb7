"""The shape of the database, and how each older shape becomes the next one."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from maestro.database.copies import copy_database
from maestro.database.files import beside, delete_partial
from maestro.database.problems import newer
from maestro.database.transactions import transaction

if TYPE_CHECKING:
    import sqlite3

VERSION = 2
"""What `PRAGMA user_version` says of a database of this shape."""

Column: TypeAlias = "str | int | float | bytes | None"

_LEGACY = """
CREATE TABLE IF NOT EXISTS saved_authentications(id INTEGER PRIMARY KEY, provider TEXT NOT NULL,
  auth_type TEXT NOT NULL, credentials BLOB NOT NULL, expires_at TEXT, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, UNIQUE(provider, auth_type))
"""

_TABLES = (
    """
CREATE TABLE saved_authentications(id TEXT PRIMARY KEY, provider TEXT NOT NULL, auth_type TEXT NOT NULL,
  name TEXT NOT NULL, credentials BLOB NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT 'unverified', source TEXT NOT NULL DEFAULT 'vault', expires_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_used_at TEXT, revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE(provider, auth_type, name))
""",
    "CREATE TABLE IF NOT EXISTS session_defaults(provider TEXT PRIMARY KEY, session_id TEXT NOT NULL)",
    """
CREATE TABLE IF NOT EXISTS session_bindings(kind TEXT NOT NULL CHECK (kind IN ('workspaceFolder','chat')),
  target TEXT NOT NULL, provider TEXT NOT NULL, session_id TEXT NOT NULL, PRIMARY KEY (kind, target, provider))
""",
    """
CREATE TABLE IF NOT EXISTS vault_keys(id TEXT PRIMARY KEY,
  source TEXT NOT NULL CHECK (source IN ('keyring','passphrase','file')), parameters TEXT NOT NULL DEFAULT '{}',
  check_value BLOB NOT NULL, active INTEGER NOT NULL, created_at TEXT NOT NULL)
""",
    "CREATE TABLE IF NOT EXISTS leases(name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notes(key TEXT PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL)",
)

_COLUMNS = (
    "id", "provider", "auth_type", "name", "credentials", "metadata", "status", "source",
    "expires_at", "created_at", "updated_at", "last_used_at", "revision",
)  # fmt: skip


def migrate(connection: "sqlite3.Connection", path: Path, *, backup: bool = True) -> Path | None:
    """Bring a database to `VERSION`, whole or not at all; the backup that was made first, if there was one to make.

    Whoever comes second waits for the first one's transaction and finds the work done.

    Raises:
        MaestroError: 4901 if the database is newer than this program.
    """
    if version_of(connection, path) == VERSION:
        return None
    kept = None
    with transaction(connection):
        version = version_of(connection, path)
        if backup and version < VERSION and tables(connection):
            kept = back_up(path, max(version, 1))
        for number in range(version, VERSION):
            _STEPS[number](connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    return kept


def back_up(path: Path, version: int) -> Path:
    """A copy of the database as it is committed. Only for who is in a transaction that writes, and so alone."""
    delete_partial(path)
    target = beside(path, f"backup-v{version}")
    copy_database(path, target)
    return target


def version_of(connection: "sqlite3.Connection", path: Path) -> int:
    """Which shape a database has.

    Raises:
        MaestroError: 4901 if it is newer than this program.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise newer(path, version)
    return int(version)


def tables(connection: "sqlite3.Connection") -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def columns(connection: "sqlite3.Connection", table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def legacy_name(provider: str, auth_type: str) -> str:
    """What a session from before sessions had names is called."""
    return f"default_{provider}_{auth_type}"


def _to_1(connection: "sqlite3.Connection") -> None:
    """The legacy system made this table without giving it a number."""
    connection.execute(_LEGACY)


def _to_2(connection: "sqlite3.Connection") -> None:
    """Sessions get names, and everything around them its tables."""
    there = columns(connection, "saved_authentications")
    rows = list(_named(dict(zip(there, row, strict=True)) for row in _legacy_rows(connection)))
    connection.execute("DROP TABLE saved_authentications")
    for statement in _TABLES:
        connection.execute(statement)
    marks = ", ".join("?" * len(_COLUMNS))
    connection.executemany(
        f"INSERT INTO saved_authentications({', '.join(_COLUMNS)}) VALUES ({marks})",
        ([row[column] for column in _COLUMNS] for row in rows),
    )


_STEPS: tuple[Callable[["sqlite3.Connection"], None], ...] = (_to_1, _to_2)


def _legacy_rows(connection: "sqlite3.Connection") -> "sqlite3.Cursor":
    return connection.execute("SELECT * FROM saved_authentications ORDER BY rowid")


def _named(rows: Iterator[dict[str, Column]]) -> Iterator[dict[str, Column]]:
    """Rows as version 2 has them. No row is lost because another one took its id or its name."""
    ids: set[str] = set()
    names: set[tuple[str, str, str]] = set()
    for old in rows:
        new = _version_2(old)
        while str(new["id"]) in ids:
            new["id"] = _new_id()
        wanted, number = str(new["name"]), 2
        while (label := (str(new["provider"]), str(new["auth_type"]), str(new["name"]))) in names:
            new["name"], number = f"{wanted}_{number}", number + 1
        ids.add(str(new["id"]))
        names.add(label)
        yield new


def _version_2(old: dict[str, Column]) -> dict[str, Column]:
    provider, auth_type = str(old.get("provider") or "unknown"), str(old.get("auth_type") or "api_key")
    credentials = old.get("credentials")
    created = _time(old.get("created_at")) or _now()
    return {
        "id": _id(old.get("id")),
        "provider": provider,
        "auth_type": auth_type,
        "name": old.get("name") or legacy_name(provider, auth_type),
        "credentials": credentials if isinstance(credentials, bytes) else str(credentials or "").encode(),
        "metadata": old.get("metadata") or json.dumps({}),
        "status": old.get("status") or "unverified",
        "source": old.get("source") or "vault",
        "expires_at": _time(old.get("expires_at")),
        "created_at": created,
        "updated_at": _time(old.get("updated_at")) or created,
        "last_used_at": _time(old.get("last_used_at")),
        "revision": old.get("revision") or 1,
    }


def _id(old: Column) -> str:
    if old is None or isinstance(old, bytes):
        return _new_id()
    return f"ses_{old}" if isinstance(old, int) else str(old)


def _new_id() -> str:
    return f"ses_{uuid4().hex[:16]}"


def _time(old: Column) -> str | None:
    """A time as version 2 writes it. The legacy system wrote UTC, with and without saying so, or seconds."""
    try:
        if isinstance(old, int | float) or (isinstance(old, str) and old.isdigit()):
            return datetime.fromtimestamp(float(old), UTC).isoformat()
        if isinstance(old, str):
            time = datetime.fromisoformat(old)
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _now() -> str:
    return datetime.now(UTC).isoformat()
