"""A process and everything it started, to be ended together."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import NamedTuple

MARK = "MAESTRO_CALL"
"""The variable that says to which call a process belongs; it stays in `/proc` whatever the process does."""

GRACE_SECONDS = 1.0
"""Between SIGTERM and SIGKILL."""
HURRIED_SECONDS = 0.08
"""The same when somebody waits for it to be gone."""

_ON_LINUX = sys.platform.startswith("linux")
_ON_WINDOWS = os.name == "nt"
_PROC = Path("/proc")
_LOOKING = ThreadPoolExecutor(1, "maestro-families")
"""A thread of its own: who is to be ended does not wait for a free one."""
_SETTLE_SECONDS = 0.02
_FIRST_LOOK_SECONDS = 0.01
_LONGEST_LOOK_SECONDS = 0.04
_ROUNDS = 50
"""Killing is repeated, since a process may have started another one between the look and the signal."""


class _Row(NamedTuple):
    parent: int
    session: int
    began: int
    marked: bool


@dataclass(slots=True)
class Family:
    """What was started as a session of its own, with `MARK` in its environment.

    On Linux this also finds those that left the session; elsewhere the process group is all there is, on Windows the
    tree of processes. One that left the session, was orphaned *and* threw its environment away is not found.
    """

    leader: int
    mark: str
    _seen: dict[int, int] = field(default_factory=dict)
    """By process, when it began. One that is just ending shows neither session nor mark, and is still there."""

    async def end(self, hurry: asyncio.Event) -> None:
        """SIGTERM, and SIGKILL for those that are still there after a while; a shorter one once `hurry` is set."""
        if _ON_WINDOWS:
            return await _end_tree(self.leader)
        await self._signal(signal.SIGTERM)
        began, pause = monotonic(), _FIRST_LOOK_SECONDS
        while await self._lives() and monotonic() - began < (HURRIED_SECONDS if hurry.is_set() else GRACE_SECONDS):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_LOOK_SECONDS)
        for _ in range(_ROUNDS):
            if not await self._lives():
                return
            await self._signal(signal.SIGKILL)
            await asyncio.sleep(_FIRST_LOOK_SECONDS)

    async def leftovers(self) -> int:
        """How many run on although the leader has ended; those about to end by themselves are not counted."""
        if _ON_WINDOWS or not await self._lives():
            return 0
        await asyncio.sleep(_SETTLE_SECONDS)
        return len(await self._look()) if _ON_LINUX else int(_group_lives(self.leader))

    def kill(self) -> None:
        """SIGKILL to the group, at once and without looking for others."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.leader, signal.SIGTERM) if _ON_WINDOWS else os.killpg(self.leader, signal.SIGKILL)

    async def _lives(self) -> bool:
        return bool(await self._look()) if _ON_LINUX else _group_lives(self.leader)

    async def _signal(self, number: signal.Signals) -> None:
        if not _ON_LINUX:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.leader, number)
            return
        for process in await self._look():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)

    async def _look(self) -> set[int]:
        return await asyncio.get_running_loop().run_in_executor(_LOOKING, self._members)

    def _members(self) -> set[int]:
        """The processes of the session, those with the mark, and the children of either."""
        rows = dict(_processes(f"{MARK}={self.mark}".encode()))
        members = {pid for pid, row in rows.items() if self._is_one(pid, row)}
        while more := {pid for pid, row in rows.items() if row.parent in members} - members:
            members |= more
        members -= {os.getpid()}
        self._seen |= {pid: rows[pid].began for pid in members}
        return members

    def _is_one(self, pid: int, row: _Row) -> bool:
        return row.marked or row.session == self.leader or self._seen.get(pid) == row.began


async def _end_tree(leader: int) -> None:
    """Windows' own way."""
    ending = await asyncio.create_subprocess_exec(
        *("taskkill", "/T", "/F", "/PID", str(leader)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await ending.wait()


def _group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _processes(mark: bytes) -> Iterator[tuple[int, _Row]]:
    """The living processes whose state can be read."""
    for name in os.listdir(_PROC):
        if name.isdecimal():
            with suppress(OSError):
                # The command's name stands in parentheses and may hold anything.
                fields = (_PROC / name / "stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] not in (b"Z", b"X"):
                    yield int(name), _Row(int(fields[1]), int(fields[3]), int(fields[19]), _is_marked(name, mark))


def _is_marked(name: str, mark: bytes) -> bool:
    try:
        return mark in (_PROC / name / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's
        return False


def marked(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment for a family's first process."""
    return {**environment, MARK: mark}
