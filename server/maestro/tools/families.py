"""A process and everything it started, to be ended together."""

import asyncio
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from maestro.tools.guardian import MARK, ON_LINUX, ON_WINDOWS, PAUSE_SECONDS, ROUNDS, members, tree_killer

GRACE_SECONDS = 1.0
"""Between SIGTERM and SIGKILL."""
HURRIED_SECONDS = 0.08
"""The same when somebody waits for it to be gone."""

_LOOKING = ThreadPoolExecutor(1, "maestro-families")
"""A thread of its own: who is to be ended does not wait for a free one."""
_SETTLE_SECONDS = 0.02
_LONGEST_LOOK_SECONDS = 0.04


@dataclass(slots=True)
class Family:
    """What was started as a session of its own, with `MARK` in its environment.

    On Linux this also finds those that left the session; elsewhere the process group is all there is, on Windows the
    tree of processes. One that left the session, was orphaned *and* threw its environment away is not found.
    """

    leader: int
    mark: str
    _seen: dict[int, int] = field(default_factory=dict)
    """As `guardian.members` has it."""

    async def end(self, hurry: asyncio.Event) -> None:
        """SIGTERM, and SIGKILL for those that are still there after a while; a shorter one once `hurry` is set."""
        if ON_WINDOWS:
            return await _end_tree(self.leader)
        await self._signal(signal.SIGTERM)
        began, pause = monotonic(), PAUSE_SECONDS
        while await self._lives() and monotonic() - began < (HURRIED_SECONDS if hurry.is_set() else GRACE_SECONDS):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_LOOK_SECONDS)
        for _ in range(ROUNDS):
            if not await self._lives():
                return
            await self._signal(signal.SIGKILL)
            await asyncio.sleep(PAUSE_SECONDS)

    async def leftovers(self) -> int:
        """How many run on although the leader has ended; those about to end by themselves are not counted."""
        if ON_WINDOWS or not await self._lives():
            return 0
        await asyncio.sleep(_SETTLE_SECONDS)
        return len(await self._look()) if ON_LINUX else int(_group_lives(self.leader))

    def kill(self) -> None:
        """SIGKILL to the group, at once and without looking for others."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.leader, signal.SIGTERM) if ON_WINDOWS else os.killpg(self.leader, signal.SIGKILL)

    async def _lives(self) -> bool:
        return bool(await self._look()) if ON_LINUX else _group_lives(self.leader)

    async def _signal(self, number: signal.Signals) -> None:
        if not ON_LINUX:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.leader, number)
            return
        for process in await self._look():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)

    async def _look(self) -> set[int]:
        return await asyncio.get_running_loop().run_in_executor(_LOOKING, members, self.leader, self.mark, self._seen)


async def _end_tree(leader: int) -> None:
    """Windows' own way."""
    ending = await asyncio.create_subprocess_exec(
        *tree_killer(leader),
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


def marked(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment for a family's first process."""
    return {**environment, MARK: mark}
