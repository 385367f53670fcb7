"""SQLite's errors as one sentence a person can act on."""

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from maestro.errors import MaestroError

if TYPE_CHECKING:
    import sqlite3

# SQLite's primary result codes.
_ERROR, _PERM, _BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = (
    1,
    3,
    5,
    6,
    8,
    10,
    11,
    13,
    14,
    26,
)

FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
"""What the file system says when there is no space left, for all or for this user."""

_SENTENCES = {
    _ERROR: "The database {path} was changed outside Maestro; try again, which mends what is missing, or restore a "
    "backup.",
    _BUSY: "The database {path} was in use by another program for too long; try again.",
    _LOCKED: "The database {path} was in use by another program for too long; try again.",
    _PERM: "The database {path} may not be opened; make it and its directory readable and writable for you.",
    _READONLY: "The database {path} may not be written; make it and its directory readable and writable for you.",
    _CANTOPEN: "The database {path} cannot be opened; make it and its directory readable and writable for you.",
    _IOERR: "The disk failed to read or write the database {path}; check the disk, then try again.",
    _FULL: "The disk is full, so the database {path} was not written; free some space, then try again.",
    _CORRUPT: "The database {path} is damaged; restart Maestro, which sets it aside, or restore a backup.",
    _NOTADB: "The file {path} is no database; restart Maestro, which sets it aside, or restore a backup.",
}

_REASONS = {
    errno.EACCES: "you may not read or write there",
    errno.EPERM: "you may not read or write there",
    errno.EROFS: "the file system cannot be written",
    **dict.fromkeys(FULL, "the disk is full"),
    errno.EISDIR: "there is a directory in its place",
    errno.ENOTDIR: "a part of the path is no directory",
    errno.EEXIST: "a part of the path is no directory",
}


def failed(path: Path, error: "sqlite3.Error") -> MaestroError:
    """What a person is told about an error of SQLite."""
    other = "The database {path} could not be read or written ({name}); try again, or look into the log."
    sentence = _SENTENCES.get(_primary(error), other)
    return MaestroError("storageFailed", sentence.format(path=path, name=_name(error)))


def cannot_open(path: Path, error: OSError) -> MaestroError:
    """What a person is told when the file system is in the way."""
    reason = _REASONS.get(error.errno or 0, "the file system refused")
    return MaestroError("storageFailed", f"The database {path} cannot be opened: {reason}; correct that, then retry.")


def no_file(path: Path) -> MaestroError:
    """What a person is told about a pipe, a socket or a device at the path."""
    message = f"The database {path} cannot be opened: it is no regular file; move away what lies there, then retry."
    return MaestroError("storageFailed", message)


def newer(path: Path, version: int) -> MaestroError:
    message = (
        f"The database {path} was written by a newer Maestro (version {version}); update Maestro, or set MAESTRO_HOME "
        "to another directory."
    )
    return MaestroError("storageFailed", message, retryable=False)


def is_damage(error: "sqlite3.Error") -> bool:
    """Whether the file itself is at fault, not its surroundings."""
    return _primary(error) in (_CORRUPT, _NOTADB)


def is_misfit(error: "sqlite3.Error") -> bool:
    """Whether a table or a column is not what a statement takes it for."""
    return _primary(error) == _ERROR


def is_refusal(error: "sqlite3.Error") -> bool:
    """Whether it is about what may be read and written."""
    return _primary(error) in (_PERM, _READONLY, _CANTOPEN)


def is_busy(error: "sqlite3.Error") -> bool:
    return _primary(error) in (_BUSY, _LOCKED)


def _primary(error: "sqlite3.Error") -> int:
    # Errors the binding raises by itself have no code.
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _name(error: "sqlite3.Error") -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


class VaultUnavailable(MaestroError):
    """4009: the key is out of reach. What is wrong, and what to do about it, both without a full stop."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__("vaultUnavailable", f"{problem}; {fix}.")
        self.problem = problem
        self.fix = fix
