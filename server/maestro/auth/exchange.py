"""Codes for a grant: one exchange at a time, and never two of the same code at once."""

import asyncio
from collections.abc import Awaitable, Callable

from maestro.auth.outcome import Outcome, seen
from maestro.providers.oauth import CodeGrant, Granted


class Exchange:
    """`redeem` asks the service; `end` is told what it granted. Goes on when whoever asked for it goes away."""

    def __init__(
        self,
        redeem: Callable[[CodeGrant], Awaitable[Granted]],
        end: Callable[[Granted], object],
        outcome: Outcome,
    ) -> None:
        self._redeem, self._end, self._outcome = redeem, end, outcome
        self._one_at_a_time = asyncio.Lock()
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self, grant: CodeGrant) -> Granted:
        """The login's outcome, once this code or another one brought it; raises why this one did not."""
        task = self._running.get(grant.code) or self._start(grant)
        if not await self._outcome.reached_before(task):
            task.result()
        return self._outcome.get()

    def stop(self) -> None:
        """Give up what is running, but for the exchange that calls this."""
        for task in self._running.values():
            if task is not asyncio.current_task():
                task.cancel()
        self._running.clear()

    def _start(self, grant: CodeGrant) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(self._run(grant))
        self._running[grant.code] = task
        task.add_done_callback(seen)
        task.add_done_callback(lambda _: self._running.pop(grant.code, None))
        return task

    async def _run(self, grant: CodeGrant) -> None:
        async with self._one_at_a_time:  # one that grants stops those that wait
            self._end(await self._redeem(grant))
