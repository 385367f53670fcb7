"""Notices that a stream says nothing any more, however alive its connection is."""

import asyncio
from collections.abc import Callable
from time import monotonic


class Watchdog:
    """Calls `on_idle` once when no content came for `patience` seconds of reading.

    Time in which nobody reads does not count, and what is no content does not set it back. Nothing is scheduled per
    message: the one timer looks, when it fires, whether it came too early.
    """

    def __init__(self, patience: float, on_idle: Callable[[], None]) -> None:
        self._patience = patience
        self._on_idle = on_idle
        self._since = 0.0
        self._spent = 0.0
        self._reading = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Somebody waits for content from now on."""
        self._since = monotonic()
        self._reading = True
        if self._timer is None:
            self._look_after(self._patience - self._spent)

    def end(self, *, content: bool) -> None:
        """The wait is over; `content` says whether it brought any."""
        self._reading = False
        self._spent = 0.0 if content else self._spent + monotonic() - self._since

    def stop(self) -> None:
        """Look no more, until the next `begin`."""
        self._spent = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_after(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._reading:
            return  # the next `begin` sets a timer for what is left
        left = self._patience - self._spent - (monotonic() - self._since)
        if left > 0:
            self._look_after(left)
        else:
            self._on_idle()
