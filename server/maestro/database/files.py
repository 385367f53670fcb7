"""Files that only their owner may read, and that are replaced whole or not at all."""

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time

POSIX = sys.platform != "win32"
"""Windows keeps a user's data directory private by itself; permission bits mean nothing there."""

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database."""

PARTIAL = ".partial"
"""How a file is called while it is being written."""

RESTORING = ".restore"
_IN_USE_SECONDS = 3600


def private_directory(path: Path) -> None:
    """Make the directory, for its owner alone; one that others may look into is closed to them."""
    if path.is_dir():
        tighten(path)
        return
    path.mkdir(parents=True, exist_ok=True)
    if POSIX:
        path.chmod(0o700)


def create_private(path: Path) -> None:
    """Make sure that the file is there and private before anybody writes into it."""
    with suppress(FileExistsError):
        os.close(_create(path))
    tighten(path)


def tighten(path: Path) -> None:
    """Take away what others may do with a file or directory, if it is there."""
    if not POSIX:
        return
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole; it is on the disk when this returns."""
    with replacement(path) as partial:
        partial.write_bytes(content)


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """A private, empty file that takes the place of `path` at the end, or is deleted if that is not reached."""
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    partial.unlink(missing_ok=True)
    create_private(partial)
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if POSIX:
        _sync(path.parent)


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


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """One process at a time, by a lock on the directory, where the file system has such locks."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _create(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if sys.platform != "win32":
        os.fchmod(descriptor, 0o600)
    return descriptor


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if POSIX else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
