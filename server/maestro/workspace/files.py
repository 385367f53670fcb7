"""Bytes in and out of a folder, safe against a component that is swapped for a link after it was checked.

Every component below the folder is opened from the descriptor of the one above and never followed if it is a link.
Where the system has no such descriptors, where the file really is, is looked at again once it is open.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import NoReturn

from maestro.errors import MaestroError

LARGEST = 1024 * 1024
"""Bytes of one file that a model may be sent."""

_BY_DESCRIPTOR = {os.open, os.mkdir, os.unlink, os.rename} <= os.supports_dir_fd
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_IS_LINK = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)


def read_bytes(folder: Path, path: str, limit: int = LARGEST) -> bytes:
    """A regular file; `path` is relative to `folder`, "/"-separated and free of links.

    Raises:
        MaestroError: 4406 if a link leads elsewhere, 4502 for more than `limit` bytes, -32803 for what is no file.
    """
    with _parent(folder, path) as (parent, name), _refusing(path), _opened(parent, name) as descriptor:
        _check_still_there(parent, name)
        return _read(descriptor, path, limit)


def create(folder: Path, path: str, data: bytes) -> None:
    """A new file, with the folders it needs.

    Raises:
        MaestroError: -32801 if it exists meanwhile, 4406 if a link leads elsewhere, -32803 if it cannot be written.
    """
    with _parent(folder, path, create=True) as (parent, name), _refusing(path):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o666, dir_fd=parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except BaseException:
            with suppress(OSError):
                os.unlink(name, dir_fd=parent)
            raise


def replace(folder: Path, path: str, data: bytes, expected: bytes) -> None:
    """A file's content in one step, unless it is no longer the expected one; its mode stays.

    Raises:
        MaestroError: -32801 if it changed or is gone, 4406 if a link leads elsewhere, -32803 if it cannot be written.
    """
    with _parent(folder, path) as (parent, name), _refusing(path):
        temporary = os.path.join(os.path.dirname(name), f".maestro-{token_hex(8)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600, dir_fd=parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                _set_mode(descriptor, _mode_if_unchanged(parent, name, path, expected))
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise


@contextmanager
def _parent(folder: Path, path: str, *, create: bool = False) -> Iterator[tuple[int | None, str]]:
    """The folder a path is in, as a descriptor, and the name there; without descriptors None and the whole path."""
    *above, name = path.split("/")
    if not _BY_DESCRIPTOR:
        yield None, _whole_path(folder, above, name, path, create=create)
        return
    with _refusing(path):
        descriptor = os.open(folder, _FOLDER | _PLAIN)
    try:
        for component in above:
            with _refusing(path):
                descriptor = _descend(descriptor, component, create=create)
        yield descriptor, name
    finally:
        os.close(descriptor)


def _descend(parent: int, name: str, *, create: bool) -> int:
    """The descriptor of a folder in another one, whose own is closed."""
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
    below = os.open(name, _FOLDER | _PLAIN, dir_fd=parent)
    os.close(parent)
    return below


def _whole_path(folder: Path, above: list[str], name: str, path: str, *, create: bool) -> str:
    parent = folder
    with _refusing(path):
        for component in above:
            parent = parent / component
            if create:
                parent.mkdir(exist_ok=True)
            if Path(os.path.realpath(parent)) != parent:
                raise OSError(errno.ELOOP, "")
    return str(parent / name)


@contextmanager
def _opened(parent: int | None, name: str) -> Iterator[int]:
    descriptor = os.open(name, os.O_RDONLY | _PLAIN, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_still_there(parent: int | None, name: str) -> None:
    if parent is None and os.path.realpath(name) != name:
        raise OSError(errno.ELOOP, "")


def _read(descriptor: int, path: str, limit: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        what = "a folder; name a file in it" if stat.S_ISDIR(status.st_mode) else "no regular file; name one that is"
        raise MaestroError("requestFailed", f"{quoted(path)} is {what}.")
    pieces, size = [], 0
    while size <= limit and (piece := os.read(descriptor, limit + 1 - size)):
        pieces.append(piece)
        size += len(piece)
    if size > limit:
        raise too_large(path, max(status.st_size, size), limit)
    return b"".join(pieces)


def _mode_if_unchanged(parent: int | None, name: str, path: str, expected: bytes) -> int:
    """The mode bits of a file that has the expected content."""
    with _opened(parent, name) as descriptor:
        _check_still_there(parent, name)
        status = os.fstat(descriptor)
        if status.st_size != len(expected) or _read(descriptor, path, len(expected)) != expected:
            raise changed(path)
        return stat.S_IMODE(status.st_mode)


def _set_mode(descriptor: int, mode: int) -> None:
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)


@contextmanager
def _refusing(path: str) -> Iterator[None]:
    """The system's failures as sentences."""
    try:
        yield
    except OSError as error:
        _refuse(error, path)


def _refuse(error: OSError, path: str) -> NoReturn:
    if isinstance(error, FileNotFoundError):
        raise missing(path) from None
    if isinstance(error, FileExistsError):
        raise changed(path) from None
    if error.errno in _IS_LINK:
        raise swapped(path) from None
    if isinstance(error, IsADirectoryError):
        raise MaestroError("requestFailed", f"{quoted(path)} is a folder; name a file in it.") from None
    if isinstance(error, PermissionError):
        message = f"You may not open {quoted(path)} for this; change its permissions, or use another file."
        raise MaestroError("requestFailed", message) from None
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    raise MaestroError("requestFailed", f"{quoted(path)} cannot be used: {reason}.") from None


def missing(path: str) -> MaestroError:
    """-32803 for a file that is not there."""
    return MaestroError("requestFailed", f"There is no file {quoted(path)} in the workspace; check the path.")


def changed(path: str) -> MaestroError:
    """-32801 for a file that is not what it was."""
    return MaestroError("contentModified", f"{quoted(path)} changed meanwhile; read it again.")


def swapped(path: str) -> MaestroError:
    """4406 for a path that leads elsewhere than when it was checked."""
    message = f"{quoted(path)} leads through a link that was put there meanwhile, or through a file; try again."
    return MaestroError("outsideWorkspace", message)


def too_large(path: str, size: int, limit: int) -> MaestroError:
    """4502, with the numbers in bytes."""
    message = (
        f"{quoted(path)} has {size:,} bytes, more than the {limit:,} that are read of one file;"
        " use a smaller one, or paste the part you mean."
    )
    return MaestroError("contextTooLarge", message)


def quoted(path: str) -> str:
    """A path as it stands in a sentence: one line, and not endless."""
    shown = "".join(char if char.isprintable() else "?" for char in path)
    return f"`{shown if len(shown) <= 200 else f'…{shown[-199:]}'}`"
