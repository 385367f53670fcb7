"""From a path to a connection: private, checked, of today's shape; what cannot be read is set aside, never deleted."""

import errno
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from maestro.database.copies import decoded
from maestro.database.files import SIDE_FILES, set_aside
from maestro.database.migrations import VERSION, migrate, newer_names, version_of
from maestro.database.problems import cannot_open, failed, is_busy, is_damage, newer, no_file
from maestro.database.shape import SESSIONS, mend, misshapen, tables
from maestro.private_files import alone_in, create_private, private_directory, tighten

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 5.0
CHECKED_BYTES = 2 * 1024 * 1024
"""Up to this size every page is looked at when a database is opened (a few milliseconds)."""

_MAGIC = b"SQLite format 3\0"
_LOG_HEADER_BYTES = 32
# In pages of 4 KiB: the log is written back in pauses, and by who commits only if there was none for long.
_PRAGMAS = ("synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON", "wal_autocheckpoint = 4000")


class Opening(NamedTuple):
    """A connection that belongs to the calling thread, and what happened on the way to it."""

    path: Path
    connection: "sqlite3.Connection"
    backup: Path | None
    """The database as it was before it got today's shape."""
    aside: Path | None = None
    """What lay there and could not be read."""
    mended: Sequence[str] = ()
    """Tables that were missing and were made again, empty."""

    def notices(self) -> Iterator[str]:
        """What a person should know about it."""
        if self.aside is not None:
            yield f"{self.path} could not be read; it was set aside as {self.aside}, and an empty database was begun."
        if self.backup is not None:
            yield f"Your saved sessions were brought to today's format; the database as it was is kept: {self.backup}."
        if self.mended:
            lost = "; your sessions were in it, so restore a backup or sign in again" if SESSIONS in self.mended else ""
            yield f"{self.path} had lost tables, which were made again, empty: {', '.join(self.mended)}{lost}."


class _Damaged(Exception):
    """The file is no database, or no longer one."""


def open_database(path: Path) -> Opening:
    """Open the database, or begin one.

    Raises:
        MaestroError: 4901 with what is wrong with the path, or because a newer Maestro wrote the file; nothing was
            changed then.
    """
    import sqlite3

    try:
        _prepare(path)
        try:
            return _open(path)
        except _Damaged:
            return _begin_again(path)
    except OSError as error:
        raise cannot_open(path, error) from error
    except sqlite3.Error as error:
        raise failed(path, error) from error


def _prepare(path: Path) -> None:
    private_directory(path.parent)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "")
    # By its status: opening a pipe waits for ever.
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise no_file(path)
    _refuse_newer(path)
    create_private(path)
    for suffix in SIDE_FILES:
        tighten(path.with_name(path.name + suffix))


def _refuse_newer(path: Path) -> None:
    """By the header alone: opening a database can already write beside it."""
    if not path.exists():
        return
    with path.open("rb") as file:
        header = file.read(100)
    version = int.from_bytes(header[60:64], "big", signed=True)
    if header.startswith(_MAGIC) and version > VERSION:
        raise newer(path, version)


def _is_something_else(path: Path) -> bool:
    """SQLite would take a very short file for an empty database, and delete a log that does not belong to it."""
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    log = path.with_name(f"{path.name}-wal")
    has_frames = log.exists() and log.stat().st_size > _LOG_HEADER_BYTES
    return bool(start) and start != _MAGIC and not has_frames


def _open(path: Path) -> Opening:
    import sqlite3

    if _is_something_else(path):
        raise _Damaged
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    connection.text_factory = decoded
    try:
        _check(connection, path)
        _configure(connection)
        _check_shape(connection, older=True)
        backup = migrate(connection, path)
        _check_shape(connection)
        mended = mend(connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error) and is_damage(error):
            raise _Damaged from error
        raise
    return Opening(path, connection, backup, mended=mended)


def _check(connection: "sqlite3.Connection", path: Path) -> None:
    version_of(connection, path)
    tables(connection)
    if path.stat().st_size > CHECKED_BYTES:
        return
    problems = [text for (text,) in connection.execute("PRAGMA quick_check(20)")]
    # A value that breaks a rule of its table is no damage.
    if [text for text in problems if text != "ok" and not text.startswith(("NULL value in", "CHECK constraint"))]:
        raise _Damaged


def _check_shape(connection: "sqlite3.Connection", *, older: bool = False) -> None:
    """Before the migration sessions may lie in a table of an older shape, and others under names that are new."""
    allowed = {SESSIONS, *newer_names(connection)} if older else set()
    there = tables(connection)
    if any(name not in allowed or name not in there for name in misshapen(connection)):
        raise _Damaged


def _configure(connection: "sqlite3.Connection") -> None:
    # Two processes that switch at once get "busy" from each other without waiting.
    end = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except connection.OperationalError as error:
            if not is_busy(error) or monotonic() > end:
                raise
            sleep(0.01)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_again(path: Path) -> Opening:
    with alone_in(path.parent):
        try:
            return _open(path)  # another process came first
        except _Damaged:
            aside = set_aside(path)
        create_private(path)
        return _open(path)._replace(aside=aside)
