"""The files beside a database: what SQLite, backups and restores put there."""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time

from maestro.private_files import PARTIAL, tighten

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database."""

RESTORING = ".restore"
_IN_USE_SECONDS = 3600


def delete_partial(path: Path) -> None:
    """Delete what a process that died left half-written beside `path`. Only while no other one makes backups there.

    What a restore works on is its own: it goes with its process, or when it is too old to be in use.
    """
    delete_stages(path)
    for partial in path.parent.glob(f"{path.name}.*{PARTIAL}*"):
        if not partial.name.startswith(f"{path.name}{RESTORING}."):
            partial.unlink(missing_ok=True)


def stage(path: Path) -> Path:
    """A name for what one restore works on."""
    return path.with_name(f"{path.name}{RESTORING}.{os.getpid()}.{secrets.token_hex(4)}{PARTIAL}")


def delete_stages(path: Path) -> None:
    """Delete what restores that died worked on, at any time."""
    from maestro.database.leases import lives  # not before there is something to do: it imports SQLite

    for partial in path.parent.glob(f"{path.name}{RESTORING}.*{PARTIAL}*"):
        process = partial.name.removeprefix(f"{path.name}{RESTORING}.").partition(".")[0]
        with suppress(FileNotFoundError):
            if not lives(process) or time() - partial.stat().st_mtime > _IN_USE_SECONDS:
                partial.unlink()


def beside(path: Path, kind: str) -> Path:
    """A name that is not taken: `maestro.db.<kind>-<UTC time>`."""
    name = f"{path.name}.{kind}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    candidate, number = path.with_name(name), 2
    while candidate.exists():
        candidate, number = path.with_name(f"{name}-{number}"), number + 1
    return candidate


def set_aside(path: Path) -> Path:
    """Move a database out of the way, with what belongs to it. Nothing is deleted or overwritten."""
    target = beside(path, "unreadable")
    # The database goes last: without it SQLite would delete a log it finds beside the next one.
    for suffix in (*SIDE_FILES, ""):
        source = path.with_name(path.name + suffix)
        with suppress(FileNotFoundError):
            tighten(source)
            source.rename(target.with_name(target.name + suffix))
    return target
