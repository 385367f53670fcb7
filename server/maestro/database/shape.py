"""The tables of a database of today's shape, and what one lacks of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from maestro.database.transactions import transaction

if TYPE_CHECKING:
    import sqlite3

SESSIONS = "saved_authentications"

SESSION_COLUMNS = (
    "id", "provider", "auth_type", "name", "credentials", "metadata", "status", "source",
    "expires_at", "created_at", "updated_at", "last_used_at", "revision",
)  # fmt: skip

TABLES: Mapping[str, str] = {
    SESSIONS: """
CREATE TABLE IF NOT EXISTS saved_authentications(id TEXT PRIMARY KEY, provider TEXT NOT NULL, auth_type TEXT NOT NULL,
  name TEXT NOT NULL, credentials BLOB NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT 'unverified', source TEXT NOT NULL DEFAULT 'vault', expires_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_used_at TEXT, revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE(provider, auth_type, name))
""",
    "session_defaults": """
CREATE TABLE IF NOT EXISTS session_defaults(provider TEXT PRIMARY KEY, session_id TEXT NOT NULL)
""",
    "session_bindings": """
CREATE TABLE IF NOT EXISTS session_bindings(kind TEXT NOT NULL CHECK (kind IN ('workspaceFolder','chat')),
  target TEXT NOT NULL, provider TEXT NOT NULL, session_id TEXT NOT NULL, PRIMARY KEY (kind, target, provider))
""",
    "vault_keys": """
CREATE TABLE IF NOT EXISTS vault_keys(id TEXT PRIMARY KEY,
  source TEXT NOT NULL CHECK (source IN ('keyring','passphrase','file')), parameters TEXT NOT NULL DEFAULT '{}',
  check_value BLOB NOT NULL, active INTEGER NOT NULL, created_at TEXT NOT NULL)
""",
    "leases": """
CREATE TABLE IF NOT EXISTS leases(name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL)
""",
    "notes": "CREATE TABLE IF NOT EXISTS notes(key TEXT PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL)",
}

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    SESSIONS: SESSION_COLUMNS,
    "session_defaults": ("provider", "session_id"),
    "session_bindings": ("kind", "target", "provider", "session_id"),
    "vault_keys": ("id", "source", "parameters", "check_value", "active", "created_at"),
    "leases": ("name", "holder", "expires_at"),
    "notes": ("key", "value", "at"),
}


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
        if name in taken and (name not in there or not set(_COLUMNS[name]) <= set(columns(connection, name)))
    ]


def mend(connection: "sqlite3.Connection") -> list[str]:
    """Create the tables that are missing; which those were."""
    if not missing(connection):
        return []
    with transaction(connection):
        lacking = missing(connection)  # another process may have come first
        for name in lacking:
            connection.execute(TABLES[name])
    return lacking
