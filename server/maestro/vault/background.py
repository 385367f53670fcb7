"""Calls that may block for ever, on threads that nobody waits for at the end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class StillHanging(Exception):
    """An earlier call did not return yet."""


class Background:
    """Gives each call its own daemon thread and a deadline.

    Not the event loop's threads: those are joined at the end, and a call that hangs would keep the process alive.
    """

    def __init__(self) -> None:
        self._stuck: Future[object] | None = None

    async def call(self, work: Callable[[], T], seconds: float) -> T:
        """Whatever `work` returns or raises.

        Raises:
            TimeoutError: it took too long. It goes on, and what it returns is lost.
            StillHanging: a call that took too long has not returned yet.
        """
        if self._stuck is not None and not self._stuck.done():
            raise StillHanging
        done: Future[object] = Future()
        done.set_running_or_notify_cancel()  # from here on nobody can cancel it
        Thread(target=_run, args=(work, done), name="maestro-background", daemon=True).start()
        result: asyncio.Future[T] = asyncio.wrap_future(done)  # type: ignore[arg-type]
        try:
            return await asyncio.wait_for(result, seconds)
        except TimeoutError:
            if not done.done():
                self._stuck = done
            raise


def _run(work: Callable[[], object], done: "Future[object]") -> None:
    try:
        result = work()
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(result)


async def soon(work: Callable[[], T]) -> T:
    """Work that takes long but comes to an end."""
    return await Background().call(work, 60)
