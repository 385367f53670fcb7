"""An event loop with a clock of its own: nobody sleeps, and threads finish when dice say so."""

import asyncio
import selectors
from collections.abc import Callable
from random import Random
from typing import Any

from maestro.database.database import Database

_DELAYS = (0.0, 0.0, 0.001, 0.02, 0.15)
"""Seconds until a thread has begun, and until its result is seen."""


class Stuck(Exception):
    """Everybody waits for somebody else."""


class _Selector(selectors.DefaultSelector):
    """Waits by moving the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.now += max(timeout, 0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """What others give to threads is done here, after a while: it sees the world as it is then, or as it was."""

    def __init__(self, dice: Random) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)
        self._dice = dice
        self._stored_until = 0.0
        self.faults: list[object] = []
        self.set_exception_handler(lambda _, context: self.faults.append(context.get("exception") or context))

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: object) -> "asyncio.Future[Any]":
        """See `asyncio.to_thread`."""
        future = self.create_future()
        self.call_later(self._dice.choice(_DELAYS), self._run, func, args, future)
        return future

    def store(self, _: Database, job: Callable[[], None] | None) -> None:
        """Do a database's job after those before it."""
        self._stored_until = max(self._stored_until, self.time() + self._dice.choice(_DELAYS)) + 1e-6
        if job is not None:
            self.call_at(self._stored_until, self._away, job)

    def _run(self, func: Callable[..., Any], args: tuple[object, ...], future: "asyncio.Future[Any]") -> None:
        try:
            tell, outcome = future.set_result, self._away(func, *args)
        except Exception as error:
            tell, outcome = future.set_exception, error
        self.call_later(self._dice.choice(_DELAYS), lambda: future.done() or tell(outcome))

    def _away(self, func: Callable[..., Any], *args: object) -> Any:
        """As on another thread, where no loop runs."""
        asyncio._set_running_loop(None)
        try:
            return func(*args)
        finally:
            asyncio._set_running_loop(self)
