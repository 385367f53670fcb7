"""A right that one process holds at a time, for a while: rows in the store, so that it ends with whoever held it."""

import os
import secrets
import sqlite3
import time
from contextlib import suppress
from typing import NamedTuple


class Lease(NamedTuple):
    name: str
    holder: str
    """`pid:process:nonce`; the process id tells whether the holder lives, the second part that it is not another one
    which got the same id, as in a container that was started again."""


def _namespace() -> str:
    """Which processes our process ids are about: in a container they mean others than outside."""
    with suppress(OSError):
        return str(os.stat("/proc/self/ns/pid").st_ino)
    return "0"


_NAMESPACE = _namespace()
_PROCESS = f"{_NAMESPACE}-{secrets.token_hex(8)}"


def new(name: str) -> Lease:
    return Lease(name, f"{os.getpid()}:{_PROCESS}:{secrets.token_hex(8)}")


def take(connection: sqlite3.Connection, lease: Lease, seconds: float, *, from_own: bool = False) -> bool:
    """Hold the lease from now for so long; False while a living process holds it. Takes a dead one's at once.

    `from_own` is for who makes sure otherwise that nothing in this process holds it: what is left of it was forgotten.
    """
    now = time.time()
    row = connection.execute("SELECT holder, expires_at FROM leases WHERE name = ?", (lease.name,)).fetchone()
    own = row is not None and from_own and row[0].startswith(f"{os.getpid()}:{_PROCESS}:")
    if row is not None and not own and row[0] != lease.holder and now < row[1] < now + 3600 and lives(row[0]):
        return False
    connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (lease.name, lease.holder, now + seconds))
    return True


def release(connection: sqlite3.Connection, lease: Lease) -> None:
    """Let go; nothing happens if it is somebody else's by now."""
    connection.execute("DELETE FROM leases WHERE name = ? AND holder = ?", lease)


def lives(holder: str) -> bool:
    """Whether the process that took a lease is still there; yes, where it cannot be told."""
    process, _, rest = holder.partition(":")
    if rest and process == str(os.getpid()):
        return rest.startswith(_PROCESS)
    namespace = rest.partition("-")[0] if "-" in rest else _NAMESPACE
    if namespace != _NAMESPACE or not process.isdecimal() or os.name == "nt":  # there signal 0 would end the process
        return True
    with suppress(PermissionError, OverflowError):
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
        return not _is_zombie(process)
    return True


def _is_zombie(process: str) -> bool:
    """Whether it has ended and only its parent has not noticed yet."""
    with suppress(OSError, IndexError), open(f"/proc/{process}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] == b"Z"
    return False
