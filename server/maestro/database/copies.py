"""Copies of a database through SQLite's own backup interface, which sees what is committed and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from maestro.errors import MaestroError
from maestro.private_files import replacement

if TYPE_CHECKING:
    import sqlite3

PATIENCE = 10.0
"""Seconds that a copy waits for other programs."""


def copy_database(source: Path, target: Path, change: "Callable[[sqlite3.Connection], None] | None" = None) -> None:
    """Copy a database into one private file, which appears when it is complete. `change` works on the copy before."""
    with replacement(target) as partial, connected(source) as old, connected(partial) as new:
        copy_into(old, new)
        if change is not None:
            change(new)
        # One file, without a log beside it.
        new.execute("PRAGMA journal_mode = DELETE")


def copy_into(source: "sqlite3.Connection", target: "sqlite3.Connection") -> None:
    """Replace everything in `target`, in one transaction."""
    end = monotonic() + PATIENCE

    def look(_status: int, _remaining: int, _total: int) -> None:
        if monotonic() > end:
            raise MaestroError("storageFailed", "The database was in use by other programs for too long; try again.")

    source.backup(target, progress=look, sleep=0.02)


@contextmanager
def connected(path: Path) -> "Iterator[sqlite3.Connection]":
    """A connection of its own that is closed at the end; what it deletes is overwritten."""
    import sqlite3

    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as connection:
        connection.text_factory = decoded
        connection.execute("PRAGMA secure_delete = ON")
        yield connection


def decoded(text: bytes) -> str:
    """Text as every connection reads it: a row whose text is not UTF-8 keeps nobody from reading the others."""
    return text.decode("utf-8", "replace")
