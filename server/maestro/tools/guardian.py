"""The program that ends a command when the server is killed, and how a command's processes are found.

Started for each command with `-I -S`, so it imports nothing of ours. On stdin it gets the command's mark and then its
process id, a line each; the end of stdin says that the server is done with the command, or gone: what is left of it
then is killed. It starts beside the command, which never waits for it.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

MARK = "MAESTRO_CALL"
"""The variable that says to which call a process belongs; it stays in `/proc` whatever the process does."""
ON_LINUX = sys.platform.startswith("linux")
ON_WINDOWS = os.name == "nt"
ROUNDS = 50
"""Killing is repeated, since a process may have started another one between the look and the signal."""
PAUSE_SECONDS = 0.01


def members(leader: int | None, mark: str, seen: dict[int, int]) -> set[int]:
    """The processes of the leader's session, those with the mark, and the children of either; only on Linux.

    `seen` keeps when each began, by process: one that is just ending shows neither session nor mark, and is still
    there.
    """
    rows = dict(_processes(f"{MARK}={mark}".encode()))
    found = {
        pid
        for pid, (_, session, began, marked) in rows.items()
        if marked or (leader is not None and session == leader) or seen.get(pid) == began
    }
    while more := {pid for pid, (parent, *_) in rows.items() if parent in found} - found:
        found |= more
    found -= {os.getpid()}
    seen.update({pid: rows[pid][2] for pid in found})
    return found


def kill_all(leader: int | None, mark: str) -> None:
    """SIGKILL to a command and everything it started, until nothing of it is there."""
    if ON_WINDOWS:
        import subprocess

        if leader is not None:
            subprocess.run(tree_killer(leader), check=False)
        return
    seen: dict[int, int] = {}
    for _ in range(ROUNDS if ON_LINUX else 1):
        if leader is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
        left = members(leader, mark, seen) if ON_LINUX else set()
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        if not left:
            return
        time.sleep(PAUSE_SECONDS)


def tree_killer(leader: int) -> tuple[str, ...]:
    """Windows' own way."""
    return ("taskkill", "/T", "/F", "/PID", str(leader))


def _processes(mark: bytes) -> Iterator[tuple[int, tuple[int, int, int, bool]]]:
    """Parent, session, beginning and whether it has the mark, of the living processes whose state can be read."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError):
                # The command's name stands in parentheses and may hold anything.
                fields = _read(f"/proc/{name}/stat").rpartition(b")")[2].split()
                if fields[0] not in (b"Z", b"X"):
                    yield int(name), (int(fields[1]), int(fields[3]), int(fields[19]), _is_marked(name, mark))


def _is_marked(name: str, mark: bytes) -> bool:
    try:
        return mark in _read(f"/proc/{name}/environ").split(b"\0")
    except OSError:  # another user's
        return False


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def serve(told: list[bytes]) -> None:
    """End what was told, by the lines of stdin; without the last one the server ended before it knew it."""
    mark, leader, *_ = [*(line.strip() for line in told), b"", b""]
    if mark:
        kill_all(int(leader) if leader else None, mark.decode())


if __name__ == "__main__":
    serve(sys.stdin.buffer.readlines())
