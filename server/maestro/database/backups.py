"""Bringing a backup back, into the file that other running instances have open."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from maestro.database.copies import connected, copy_into
from maestro.database.files import SIDE_FILES, delete_stages, stage
from maestro.database.migrations import VERSION, back_up, migrate, number_of
from maestro.database.opening import open_database
from maestro.database.problems import cannot_open, failed
from maestro.database.shape import SESSIONS, columns, mend, misshapen
from maestro.database.transactions import transaction
from maestro.errors import MaestroError
from maestro.private_files import alone_in, create_private, private_directory

if TYPE_CHECKING:
    import sqlite3


def restore(path: Path, backup: Path) -> Path:
    """Replace what is in the database by what is in a backup, as other programs' next read shows.

    Returns a backup of the database as it was; one that could not be read was set aside under the name returned.
    The keys of stored credentials stay, for the key a backup was written with may be the one still in use.

    Raises:
        MaestroError: 4901 with what is wrong with the backup; the database is untouched then.
    """
    import sqlite3

    try:
        private_directory(path.parent)
        with _staged(path, backup) as staged:
            return _bring_in(path, staged)
    except OSError as error:
        raise cannot_open(path, error) from error
    except sqlite3.Error as error:
        raise failed(path, error) from error


@contextmanager
def _staged(path: Path, backup: Path) -> "Iterator[sqlite3.Connection]":
    """A private copy of the backup in today's shape. The backup itself is only read."""
    delete_stages(path)
    copy = stage(path)
    try:
        _copy_files(backup, copy)
        with connected(copy) as connection:
            _check(connection, backup)
            _bring_to_date(connection, copy, backup)
            yield connection
    finally:
        _delete(copy)


def _copy_files(backup: Path, copy: Path) -> None:
    if not backup.is_file():
        raise _unusable(backup, "is not there or is no file; list the directory for the name of the backup")
    try:
        for suffix in ("", "-wal"):
            source, target = backup.with_name(backup.name + suffix), copy.with_name(copy.name + suffix)
            if source.exists():
                create_private(target)
                shutil.copyfile(source, target)
    except OSError as error:
        raise _unusable(backup, "cannot be copied; make it readable for you, or free some space") from error


def _check(connection: "sqlite3.Connection", backup: Path) -> None:
    import sqlite3

    try:
        (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        version, there = number_of(connection), set(columns(connection, SESSIONS))
    except sqlite3.DatabaseError as error:
        raise _unusable(backup, "is no database or is damaged; choose another one") from error
    if result != "ok":
        raise _unusable(backup, "is damaged; choose another one")
    if version > VERSION:
        raise _unusable(backup, "was written by a newer Maestro; update Maestro first")
    if not {"provider", "auth_type", "credentials"} <= there:
        raise _unusable(backup, "is no database of Maestro; choose another one")


def _bring_to_date(connection: "sqlite3.Connection", copy: Path, backup: Path) -> None:
    import sqlite3

    try:
        migrate(connection, copy, backup=False)
        if wrong := misshapen(connection):
            raise _unusable(backup, f"has other columns than Maestro's in {', '.join(wrong)}; choose another one")
        mend(connection)
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise _unusable(backup, "cannot be brought to today's format; choose another one") from error


def _bring_in(path: Path, staged: "sqlite3.Connection") -> Path:
    opening = open_database(path)
    live = opening.connection
    try:
        # Not around the opening, which takes the same lock to set a file aside.
        with alone_in(path.parent):
            with transaction(live):
                kept = opening.aside or back_up(path, VERSION)
            _keep_keys(live, staged)
            _same_pages(live, staged)
            copy_into(staged, live)
    finally:
        live.close()
    return kept


def _keep_keys(live: "sqlite3.Connection", staged: "sqlite3.Connection") -> None:
    """Credentials of the backup open with the keys it names; new ones are sealed with the key in use now."""
    keys = live.execute("SELECT * FROM vault_keys").fetchall()
    if any(active for *_, active, _ in keys):
        staged.execute("UPDATE vault_keys SET active = 0")
    staged.executemany("INSERT OR REPLACE INTO vault_keys VALUES (?, ?, ?, ?, ?, ?)", keys)


def _same_pages(live: "sqlite3.Connection", staged: "sqlite3.Connection") -> None:
    """A database with a log cannot change its page size, so the copy does."""
    (size,) = live.execute("PRAGMA page_size").fetchone()
    if staged.execute("PRAGMA page_size").fetchone() != (size,):
        staged.execute(f"PRAGMA page_size = {size}")
        staged.execute("VACUUM")


def _unusable(backup: Path, problem: str) -> MaestroError:
    return MaestroError("storageFailed", f"The backup {backup} {problem}. Nothing was changed.", retryable=False)


def _delete(copy: Path) -> None:
    for suffix in ("", *SIDE_FILES):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
