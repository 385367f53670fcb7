"""Credentials the legacy system left in clear text: sealed in the database and in every backup of it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from maestro.database.copies import connected, copy_database
from maestro.database.files import SIDE_FILES, delete_partial
from maestro.database.migrations import LEGACY_NOTE, VERSION, number_of, upgraded
from maestro.database.problems import is_damage
from maestro.database.shape import SESSIONS, tables
from maestro.private_files import PARTIAL
from maestro.vault.envelope import Key, Label, is_clear, seal

if TYPE_CHECKING:
    import sqlite3

_UNCLEAN = "vault.unclean"
"""The note that stands while pages freed by the legacy system may still hold what was in them."""


def has_clear_rows(connection: "sqlite3.Connection") -> bool:
    """Whether there is anything to seal, in the table."""
    if SESSIONS not in tables(connection):
        return False
    return any(
        is_clear(stored) for (stored,) in connection.execute(f"SELECT CAST(credentials AS BLOB) FROM {SESSIONS}")
    )


def trusts_clear(connection: "sqlite3.Connection") -> bool:
    """Whether clear text may be a credential. Later than that, somebody else put it there."""
    return _stands(connection, LEGACY_NOTE) or connection.execute("SELECT 1 FROM vault_keys").fetchone() is None


def is_due(connection: "sqlite3.Connection") -> bool:
    """Whether `accept` has anything to do."""
    return has_clear_rows(connection) or _stands(connection, LEGACY_NOTE)


def accept(connection: "sqlite3.Connection", *, trusted: bool) -> bool:
    """Whether the clear rows are to be sealed. Noted before there is a key, so that dying in between loses none."""
    if not has_clear_rows(connection):
        _remove(connection, LEGACY_NOTE)
        return False
    if not (trusted or trusts_clear(connection)):
        return False
    _write(connection, LEGACY_NOTE)
    return True


def settle(connection: "sqlite3.Connection", sealed: int) -> None:
    """In the transaction that sealed clear rows: no other is accepted from now on, and the file is to be rewritten."""
    _remove(connection, LEGACY_NOTE)
    if sealed:
        _write(connection, _UNCLEAN)


def clear_backups(path: Path) -> Iterator[Path]:
    """Backups beside the database that hold clear text."""
    import sqlite3

    for backup in sorted(path.parent.glob(f"{path.name}.backup-v*")):
        if PARTIAL in backup.name or backup.name.endswith(SIDE_FILES) or not backup.is_file():
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
    clear = [row for row in _labelled(connection) if is_clear(row[-1])]
    for rowid, label, stored in clear:
        connection.execute(f"UPDATE {SESSIONS} SET credentials = ? WHERE rowid = ?", (seal(key, label, stored), rowid))
    return len(clear)


def seal_database(connection: "sqlite3.Connection", key: Key) -> int:
    """Seal the rows of the database in use, and note that it is to be rewritten."""
    sealed = seal_clear_rows(connection, key)
    settle(connection, sealed)
    return sealed


def seal_backups(path: Path, backups: list[Path], key: Key) -> int:
    """Replace backups by sealed ones. Only in a transaction that writes: nobody else makes backups then."""
    delete_partial(path)
    total = 0

    def change(connection: "sqlite3.Connection") -> None:
        nonlocal total
        total += seal_clear_rows(connection, key)
        if "notes" in tables(connection):
            _remove(connection, LEGACY_NOTE)
        connection.execute("VACUUM")

    for backup in backups:
        copy_database(backup, backup, change)
    return total


def is_unclean(connection: "sqlite3.Connection") -> bool:
    return _stands(connection, _UNCLEAN)


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
        _remove(connection, _UNCLEAN)
    except sqlite3.OperationalError as error:
        if is_damage(error):
            raise
        return False
    return True


def _labelled(connection: "sqlite3.Connection") -> list[tuple[int, Label, bytes]]:
    """Each row with the label it has once the database is of today's shape."""
    if 0 <= number_of(connection) < VERSION:
        rows = upgraded(connection)
        return [
            (rowid, _label(row), row["credentials"]) for rowid, row in rows if isinstance(row["credentials"], bytes)
        ]
    wanted = ", ".join(f"CAST({name} AS TEXT)" for name in Label._fields)
    found = connection.execute(f"SELECT rowid, {wanted}, CAST(credentials AS BLOB) FROM {SESSIONS}")
    return [(rowid, Label(*label), stored) for rowid, *label, stored in found]


def _label(row: Mapping[str, object]) -> Label:
    return Label(*(str(row[name]) for name in Label._fields))


def _stands(connection: "sqlite3.Connection", note: str) -> bool:
    return connection.execute("SELECT 1 FROM notes WHERE key = ?", (note,)).fetchone() is not None


def _write(connection: "sqlite3.Connection", note: str) -> None:
    values = (note, "", datetime.now(UTC).isoformat())
    connection.execute("INSERT OR REPLACE INTO notes(key, value, at) VALUES (?, ?, ?)", values)


def _remove(connection: "sqlite3.Connection", note: str) -> None:
    connection.execute("DELETE FROM notes WHERE key = ?", (note,))
