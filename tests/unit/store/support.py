"""What the tests of the store share: a database of the legacy system, and other processes."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeAlias

from maestro.database.database import Database
from maestro.vault.vault import Label, Vault

ROOT = Path(__file__).resolve().parents[3]

LegacyRow: TypeAlias = tuple[int | str, str, str, str, str | None, str | None, str | None]

CANARY = "canary-legacy-4711"
SECRET = f'{{"api_key": "{CANARY}"}}'

INTEGER_ROWS: Sequence[LegacyRow] = (
    (1, "openai", "api_key", SECRET, None, "2025-01-02 03:04:05", "2025-01-02 03:04:05"),
    (2, "openai", "oauth", SECRET, "2025-06-01T00:00:00", "2025-01-02T03:04:05Z", "2025-01-02T03:04:05Z"),
    (7, "anthropic", "api_key", SECRET, None, "1735787045", "2025-01-02 03:04:05"),
)
TEXT_ROWS: Sequence[LegacyRow] = (
    ("a-1", "openai", "api_key", SECRET, None, "2025-01-02 03:04:05", "2025-01-02 03:04:05"),
    ("a-2", "gemini", "oauth", SECRET, "nonsense", "nonsense", "nonsense"),
)

TABLE = """
CREATE TABLE saved_authentications(id {kind} PRIMARY KEY, provider TEXT NOT NULL, auth_type TEXT NOT NULL,
  credentials BLOB NOT NULL, expires_at TEXT, created_at TEXT {must}, updated_at TEXT {must},
  UNIQUE(provider, auth_type))
"""


def make_legacy(
    path: Path, rows: Sequence[LegacyRow] = INTEGER_ROWS, version: int = 1, must: str = " NOT NULL"
) -> Path:
    """A database as the legacy system left it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "INTEGER" if isinstance(rows[0][0], int) else "TEXT"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(TABLE.format(kind=kind, must=must))
        connection.executemany("INSERT INTO saved_authentications VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute(f"PRAGMA user_version = {version}")
    return path


VERSION_2 = (
    """
CREATE TABLE saved_authentications(id TEXT PRIMARY KEY, provider TEXT NOT NULL, auth_type TEXT NOT NULL,
  name TEXT NOT NULL, credentials BLOB NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT 'unverified', source TEXT NOT NULL DEFAULT 'vault', expires_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_used_at TEXT, revision INTEGER NOT NULL DEFAULT 1,
  UNIQUE(provider, auth_type, name))
""",
    "CREATE TABLE session_defaults(provider TEXT PRIMARY KEY, session_id TEXT NOT NULL)",
    """
CREATE TABLE session_bindings(kind TEXT NOT NULL CHECK (kind IN ('workspaceFolder','chat')),
  target TEXT NOT NULL, provider TEXT NOT NULL, session_id TEXT NOT NULL, PRIMARY KEY (kind, target, provider))
""",
    """
CREATE TABLE vault_keys(id TEXT PRIMARY KEY, source TEXT NOT NULL CHECK (source IN ('keyring','passphrase','file')),
  parameters TEXT NOT NULL DEFAULT '{}', check_value BLOB NOT NULL, active INTEGER NOT NULL, created_at TEXT NOT NULL)
""",
    "CREATE TABLE leases(name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL)",
    "CREATE TABLE notes(key TEXT PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL)",
    """
INSERT INTO saved_authentications VALUES
  ('ses_1', 'openai', 'oauth', 'work', x'00ff01', '{"mode": "chatgpt"}', 'active', 'vault', '2026-01-01T00:00:00+00:00',
   '2025-01-01T00:00:00+00:00', '2025-02-01T00:00:00+00:00', NULL, 7),
  ('ses_2', 'gemini', 'api_key', 'home', x'02', '{}', 'unverified', 'vault', NULL,
   '2025-01-01T00:00:00+00:00', '2025-01-01T00:00:00+00:00', '2025-03-01T00:00:00+00:00', 1)
""",
    "INSERT INTO session_defaults VALUES ('openai', 'ses_1')",
    "INSERT INTO session_bindings VALUES ('chat', 'chat_1', 'openai', 'ses_1')",
    "INSERT INTO vault_keys VALUES ('key_1', 'file', '{}', x'0a', 1, '2025-01-01T00:00:00+00:00')",
    "INSERT INTO leases VALUES ('renew:ses_1', '1:aa', 0)",
    "INSERT INTO notes VALUES ('imported', 'x', '2025-01-01T00:00:00+00:00')",
)
"""A database of the time before there were chats, and what was in it."""


def make_version_2(path: Path, version: int = 2) -> Path:
    for statement in VERSION_2:
        query(path, statement)
    query(path, "PRAGMA journal_mode = WAL")
    query(path, f"PRAGMA user_version = {version}")
    return path


def query(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """What another program sees, or does."""
    with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
        return connection.execute(statement, values).fetchall()


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    database = Database(path)
    try:
        yield database
    finally:
        await database.aclose()


async def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    return await database.read(lambda connection: connection.execute(statement).fetchall())


async def store(database: Database, vault: Vault, session: str, label: Label, plain: bytes) -> None:
    """What the sessions do with a credential."""
    sealed = await vault.seal(label, plain)
    values = (session, *label, sealed)
    statement = (
        "INSERT OR REPLACE INTO saved_authentications"
        "(id, provider, auth_type, name, credentials, created_at, updated_at) VALUES (?, ?, ?, ?, ?, '', '')"
    )
    await database.run(lambda connection: connection.execute(statement, values))


async def load(database: Database, vault: Vault, session: str) -> bytes:
    statement = "SELECT provider, auth_type, name, credentials FROM saved_authentications WHERE id = ?"
    *label, sealed = await database.read(lambda connection: connection.execute(statement, (session,)).fetchone())
    return await vault.open(Label(*label), sealed, session=session)


def coverage() -> dict[str, str]:
    """What makes a process count as a part of this run."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}


def script(
    name: str, *arguments: object, measured: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a module of this package in a process of its own, with nothing but the given environment."""
    whole = {**(coverage() if measured else {}), **environment}
    return subprocess.run(
        command(name, *arguments), cwd=ROOT, env=whole, capture_output=True, text=True, timeout=100, check=False
    )


def command(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"tests.unit.store.{name}", *map(str, arguments)]


def texts_on_disk(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def on_disk(directory: Path, secret: str) -> list[str]:
    """The files that hold a text."""
    return [name for name, content in texts_on_disk(directory).items() if secret.encode() in content]
