"""The connection to a database, for the one thread that owns it."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from maestro.database.opening import open_database
from maestro.database.problems import failed, is_damage, is_misfit
from maestro.database.shape import create
from maestro.database.transactions import transaction
from maestro.errors import MaestroError

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_LARGE_LOG = 4 * 1024 * 1024
"""Bytes. SQLite does it by itself at four times that (`opening.py`), while somebody waits."""

_NO_FILE = 0
"""No `data_version` is 0."""


class Owner(Protocol):
    """All methods are called on the one thread."""

    def execute(self, work: "Callable[[sqlite3.Connection], T]", *, writes: bool) -> T:
        """Do a piece of work. Raises 4901, or whatever `work` raises."""
        ...

    def changed(self) -> bool:
        """Whether another connection committed since the last look."""
        ...

    def tidy(self) -> None:
        """Do what takes a while and need not be done at once."""
        ...

    def close(self) -> None: ...


class MemoryOwner:
    """A database that nobody else sees."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None

    def execute(self, work: "Callable[[sqlite3.Connection], T]", *, writes: bool) -> T:
        import sqlite3

        if self._connection is None:
            self._connection = sqlite3.connect(":memory:", isolation_level=None)
            create(self._connection)
        if not writes:
            return work(self._connection)
        with transaction(self._connection):
            return work(self._connection)

    def changed(self) -> bool:
        return False

    def tidy(self) -> None:
        """There is no log."""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class FileOwner:
    """Opens the connection when it is needed, and again when another file lies at the path."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._seen: int | None = None
        self._abandoned: list[sqlite3.Connection] = []

    def execute(self, work: "Callable[[sqlite3.Connection], T]", *, writes: bool) -> T:
        """Do a piece of work. Raises 4901, or whatever `work` raises."""
        import sqlite3

        connection = self._current()
        try:
            if not writes:
                return work(connection)
            with transaction(connection):
                return work(connection)
        except sqlite3.Error as error:
            if is_damage(error) or is_misfit(error):
                self._disconnect()  # the next opening looks at the file and mends it or sets it aside
            raise failed(self._path, error) from error

    def changed(self) -> bool:
        """Whether another connection committed since the last look. Creates nothing; what cannot be told is no."""
        import sqlite3

        if not self._path.exists():
            self._seen = _NO_FILE
            return False
        before = self._seen
        try:
            self._seen = _version(self._current())
        except (MaestroError, sqlite3.Error):
            return False
        return before not in (None, self._seen)

    def tidy(self) -> None:
        """Write the log back once it is large, as far as nobody reads from it."""
        import sqlite3

        log = self._path.with_name(f"{self._path.name}-wal")
        with suppress(OSError, sqlite3.Error):
            if self._connection is not None and log.stat().st_size > _LARGE_LOG:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Write the log back, as far as nobody else is in the way, and disconnect."""
        import sqlite3

        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA busy_timeout = 100")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._disconnect()
        for connection in self._abandoned:
            connection.close()

    def _current(self) -> "sqlite3.Connection":
        if self._connection is not None and self._file == self._identity():
            return self._connection
        replaced = self._connection is not None
        if self._connection is not None:
            # Closing it now would delete the log of the file that took its place.
            self._abandoned.append(self._connection)
            self._connection = None
        opening = open_database(self._path)
        for notice in opening.notices():
            self._say(notice)
        self._connection = opening.connection
        self._file = self._identity()
        self._seen = _NO_FILE if replaced else _version(self._connection)
        return self._connection

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _version(connection: "sqlite3.Connection") -> int:
    """Changes when, and only when, another connection committed."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)
