"""Shows a document at once, and then not more often than somebody reads."""

import asyncio
from collections.abc import Callable

INTERVAL = 0.1
"""Seconds between two showings of a document."""


class Publisher:
    """Calls `publish(uri, force)`; `force` if any request since the last call insisted."""

    def __init__(self, publish: Callable[[str, bool], None]) -> None:
        self._publish = publish
        self._waiting: dict[str, bool] = {}
        self._resting: dict[str, asyncio.TimerHandle] = {}

    def soon(self, uri: str, *, force: bool = False) -> None:
        """Publish now, or when the interval since the last time is over."""
        if uri in self._resting:
            self._waiting[uri] = self._waiting.get(uri, False) or force
        else:
            self._now(uri, force)

    def close(self) -> None:
        """Publish nothing any more."""
        for timer in self._resting.values():
            timer.cancel()
        self._waiting.clear()

    def _now(self, uri: str, force: bool) -> None:
        self._resting[uri] = asyncio.get_running_loop().call_later(INTERVAL, self._rested, uri)
        self._publish(uri, force)

    def _rested(self, uri: str) -> None:
        del self._resting[uri]
        if uri in self._waiting:
            self._now(uri, self._waiting.pop(uri))
