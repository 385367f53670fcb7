"""Files that only their owner may read, and that are replaced whole or not at all."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POSIX = sys.platform != "win32"
"""Windows keeps a user's data directory private by itself; permission bits mean nothing there."""

PARTIAL = ".partial"
"""How a file is called while it is being written."""


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
