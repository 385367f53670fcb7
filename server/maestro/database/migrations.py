"""The shape of the database, and how each older shape becomes the next one."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from maestro.database.copies import copy_database
from maestro.database.files import beside, delete_partial
from maestro.database.problems import newer
from maestro.database.shape import SESSION_COLUMNS, SESSIONS, columns, create, misshapen, missing, tables
from maestro.database.tables import SINCE_3, SINCE_4, SINCE_5
from maestro.database.transactions import transaction

if TYPE_CHECKING:
    import sqlite3

VERSION = 5
"""What `PRAGMA user_version` says of a database of this shape."""

Column: TypeAlias = "str | int | float | bytes | None"

_LEGACY = """
CREATE TABLE IF NOT EXISTS saved_authentications(id INTEGER PRIMARY KEY, provider TEXT NOT NULL,
  auth_type TEXT NOT NULL, credentials BLOB NOT NULL, expires_at TEXT, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, UNIQUE(provider, auth_type))
"""

LEGACY_NOTE = "vault.legacy"
"""The note that stands while rows of the legacy system, whose credentials are in clear text, wait for being sealed."""

_AUTH_TYPES = {
    "apikey": "api_key",
    "api-key": "api_key",
    "api_key": "api_key",
    "key": "api_key",
    "oauth": "oauth",
    "oauth2": "oauth",
    "bearer": "oauth",
    "token": "oauth",
}
"""What the legacy system and its users wrote, where the meaning is plain."""


def migrate(connection: "sqlite3.Connection", path: Path, *, backup: bool = True) -> Path | None:
    """Bring a database to `VERSION`, whole or not at all; the backup that was made first, if there was one to make.

    Whoever comes second waits for the first one's transaction and finds the work done.

    Raises:
        MaestroError: 4901 if the database is newer than this program.
    """
    if version_of(connection, path) == VERSION == number_of(connection):
        return None
    kept = None
    with transaction(connection):
        version = version_of(connection, path)
        if backup and version < VERSION and tables(connection):
            kept = back_up(path, max(version, 1))
        try:
            for number in range(version, VERSION):
                _STEPS[number](connection)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            if kept is not None:
                kept.unlink(missing_ok=True)  # nothing has changed, and the next attempt makes another one
            raise
    return kept


def back_up(path: Path, version: int) -> Path:
    """A copy of the database as it is committed. Only for who is in a transaction that writes, and so alone."""
    delete_partial(path)
    target = beside(path, f"backup-v{version}")
    copy_database(path, target)
    return target


def version_of(connection: "sqlite3.Connection", path: Path) -> int:
    """Which shape a database has. A number that no Maestro writes says nothing, so the tables are looked at then.

    Raises:
        MaestroError: 4901 if it is newer than this program.
    """
    version = number_of(connection)
    if version > VERSION:
        raise newer(path, version)
    if version < 0:
        named = set(SESSION_COLUMNS) <= set(columns(connection, SESSIONS))
        return (2 if missing(connection) else VERSION) if named else 0
    return version


def number_of(connection: "sqlite3.Connection") -> int:
    """The version as it stands in the file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def upgraded(connection: "sqlite3.Connection") -> "Iterator[tuple[int, dict[str, Column]]]":
    """The rows of an older database as they are after `migrate`, each with its rowid in this one."""
    there = columns(connection, SESSIONS)
    # As bytes, for credentials that are text which is not UTF-8 would be changed by being read.
    wanted = ", ".join(f'CAST("{name}" AS BLOB)' if name == "credentials" else f'"{name}"' for name in there)
    found = connection.execute(f"SELECT rowid, {wanted} FROM {SESSIONS} ORDER BY rowid").fetchall()
    named = _named(dict(zip(there, row[1:], strict=True)) for row in found)
    return zip((row[0] for row in found), named, strict=True)


def legacy_name(provider: str, auth_type: str) -> str:
    """What a session from before sessions had names is called."""
    return f"default_{provider}_{auth_type}"


def _to_1(connection: "sqlite3.Connection") -> None:
    """The legacy system made this table without giving it a number."""
    connection.execute(_LEGACY)


def _to_2(connection: "sqlite3.Connection") -> None:
    """Sessions get names, and everything around them its tables."""
    rows = [row for _, row in upgraded(connection)]
    connection.execute(f"DROP TABLE {SESSIONS}")
    _create_beside(connection)
    marks = ", ".join("?" * len(SESSION_COLUMNS))
    connection.executemany(
        f"INSERT INTO {SESSIONS}({', '.join(SESSION_COLUMNS)}) VALUES ({marks})",
        ([row[column] for column in SESSION_COLUMNS] for row in rows),
    )
    # Where there is a key, no older Maestro wrote the rows.
    if rows and connection.execute("SELECT 1 FROM vault_keys").fetchone() is None:
        connection.execute("INSERT OR IGNORE INTO notes(key, value, at) VALUES (?, '', ?)", (LEGACY_NOTE, _now()))


def _to_3(connection: "sqlite3.Connection") -> None:
    """Chats, their context and the ledger of intents get their tables."""
    _create_beside(connection)


def _to_4(connection: "sqlite3.Connection") -> None:
    """What people say of findings, and the lines that intents wrote, get their tables."""
    _create_beside(connection)


def _to_5(connection: "sqlite3.Connection") -> None:
    """Which documents have findings gets a table."""
    _create_beside(connection)


def newer_names(connection: "sqlite3.Connection") -> Sequence[str]:
    """Names of tables that this database's version does not know yet, so that anybody's table may have them."""
    number = number_of(connection)
    since = {3: SINCE_3, 4: SINCE_4, 5: SINCE_5}
    return [name for version, names in since.items() if number < version for name in names]


def _create_beside(connection: "sqlite3.Connection") -> None:
    """Create every table; what somebody else keeps under one of the names is kept under another."""
    for name in misshapen(connection):
        if name in tables(connection):
            connection.execute(f"ALTER TABLE {name} RENAME TO {name}_{uuid4().hex[:8]}")
    create(connection)


_STEPS: tuple[Callable[["sqlite3.Connection"], None], ...] = (_to_1, _to_2, _to_3, _to_4, _to_5)


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
    provider, auth_type = _text(old.get("provider")) or "unknown", _auth_type(old.get("auth_type"))
    credentials = old.get("credentials")
    created = _time(old.get("created_at")) or _now()
    return {
        "id": _id(old.get("id")),
        "provider": provider,
        "auth_type": auth_type,
        "name": _text(old.get("name")) or legacy_name(provider, auth_type),
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


def _text(old: Column) -> str:
    return old.decode("utf-8", "replace") if isinstance(old, bytes) else str(old or "")


def _auth_type(old: Column) -> str:
    text = _text(old)
    return _AUTH_TYPES.get(text.strip().lower(), text or "api_key")


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
