"""Credentials the legacy system left in clear text: sealed in the database and in every backup of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from maestro.database.copies import connected, copy_database
from maestro.database.files import PARTIAL, SIDE_FILES, delete_partial
from maestro.database.migrations import columns, legacy_name, tables
from maestro.database.problems import is_damage
from maestro.vault.envelope import Key, Label, is_clear, seal

if TYPE_CHECKING:
    import sqlite3

_TABLE = "saved_authentications"
_UNCLEAN = "vault.unclean"
"""The note that stands while pages freed by the legacy system may still hold what was in them."""


def has_clear_rows(connection: "sqlite3.Connection") -> bool:
    """Whether there is anything to seal, in the table."""
    if _TABLE not in tables(connection):
        return False
    return any(is_clear(stored) for (stored,) in connection.execute(f"SELECT CAST(credentials AS BLOB) FROM {_TABLE}"))


def clear_backups(path: Path) -> Iterator[Path]:
    """Backups beside the database that hold clear text."""
    import sqlite3

    for backup in sorted(path.parent.glob(f"{path.name}.backup-v*")):
        if PARTIAL in backup.name or backup.name.endswith(SIDE_FILES):
            continue
        try:
            with connected(backup) as connection:
                found = has_clear_rows(connection)
        except sqlite3.Error:
            continue  # nothing can be sealed in a file that is no database
        if found:
            yield backup


def seal_clear_rows(connection: "sqlite3.Connection", key: Key) -> int:
    """Seal what is in clear, in the caller's transaction; how many there were."""
    named = "name" in columns(connection, _TABLE)
    query = f"SELECT rowid, provider, auth_type, {'name' if named else 'NULL'}, CAST(credentials AS BLOB) FROM {_TABLE}"
    clear = [row for row in connection.execute(query) if is_clear(row[-1])]
    for rowid, provider, auth_type, name, stored in clear:
        label = Label(provider, auth_type, name or legacy_name(provider, auth_type))
        connection.execute(f"UPDATE {_TABLE} SET credentials = ? WHERE rowid = ?", (seal(key, label, stored), rowid))
    return len(clear)


def seal_database(connection: "sqlite3.Connection", key: Key) -> int:
    """Seal the rows of the database in use, and note that it is to be rewritten."""
    sealed = seal_clear_rows(connection, key)
    if sealed:
        note = (_UNCLEAN, "", datetime.now(UTC).isoformat())
        connection.execute("INSERT OR REPLACE INTO notes(key, value, at) VALUES (?, ?, ?)", note)
    return sealed


def seal_backups(path: Path, backups: list[Path], key: Key) -> int:
    """Replace backups by sealed ones. Only in a transaction that writes: nobody else makes backups then."""
    delete_partial(path)
    total = 0

    def change(connection: "sqlite3.Connection") -> None:
        nonlocal total
        total += seal_clear_rows(connection, key)
        connection.execute("VACUUM")

    for backup in backups:
        copy_database(backup, backup, change)
    return total


def is_unclean(connection: "sqlite3.Connection") -> bool:
    return connection.execute("SELECT 1 FROM notes WHERE key = ?", (_UNCLEAN,)).fetchone() is not None


def rewrite(connection: "sqlite3.Connection") -> bool:
    """Write the whole database anew, so that nothing is left in free pages or in the log. Not in a transaction.

    While another connection reads it is not possible; then it is left for the next time.
    """
    import sqlite3

    try:
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return False
        connection.execute("DELETE FROM notes WHERE key = ?", (_UNCLEAN,))
    except sqlite3.OperationalError as error:
        if is_damage(error):
            raise
        return False
    return True
