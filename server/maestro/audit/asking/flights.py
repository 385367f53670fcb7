"""Requests that several audits wait for: asked once, and given up when nobody waits any more."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import TypeAlias

from maestro.audit.asking.review import Review
from maestro.cancelling import cancel_once

_CLOSING = 1.0
"""Seconds in which a request that was given up has closed its socket."""

Reviews: TypeAlias = Mapping[str, Review]
"""By the keys of their chunks."""


class Flight:
    """One request under way, for the chunks of these keys."""

    def __init__(self, keys: Sequence[str], task: "asyncio.Task[Reviews]") -> None:
        self.keys = keys
        self.task = task
        self.waiting = 0


class Flights:
    """All requests of audits that are under way."""

    def __init__(self) -> None:
        self._by_key: dict[str, Flight] = {}

    def of(self, key: str) -> Flight | None:
        """The request that will tell about this chunk."""
        return self._by_key.get(key)

    def launch(self, keys: Sequence[str], work: Coroutine[None, None, Reviews]) -> Flight:
        """Begin a request; somebody must wait for it."""
        flight = Flight(keys, asyncio.create_task(work))
        self._by_key.update(dict.fromkeys(keys, flight))
        flight.task.add_done_callback(lambda _: self._forget(flight))
        return flight

    async def wait(self, flights: Iterable[Flight]) -> Reviews:
        """What they all bring. A request that nobody waits for any longer is cancelled, its socket with it."""
        joined = list(dict.fromkeys(flights))
        for flight in joined:
            flight.waiting += 1
        try:
            if joined:
                await asyncio.wait([flight.task for flight in joined])
            return {key: review for flight in joined for key, review in flight.task.result().items()}
        finally:
            for flight in joined:
                flight.waiting -= 1
            await self._give_up([flight for flight in joined if not flight.waiting and not flight.task.done()])

    async def _give_up(self, flights: Sequence[Flight]) -> None:
        for flight in flights:
            self._forget(flight)
            cancel_once(flight.task)
        if flights:
            await asyncio.wait([flight.task for flight in flights], timeout=_CLOSING)

    def _forget(self, flight: Flight) -> None:
        for key in flight.keys:
            if self._by_key.get(key) is flight:
                del self._by_key[key]
