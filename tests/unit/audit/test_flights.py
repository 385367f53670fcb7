"""Requests that several audits wait for."""

import asyncio
from collections.abc import Mapping

import pytest

from maestro.audit.asking.flights import Flights
from maestro.audit.asking.review import Review

pytestmark = pytest.mark.asyncio
DONE = Review("reviewed")


class Request:
    """Work that goes on until it is let go."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.cancelled = False

    async def __call__(self) -> Mapping[str, Review]:
        self.begun.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return dict.fromkeys(self.keys, DONE)


async def test_two_who_wait_get_what_one_request_brings() -> None:
    flights, request = Flights(), Request("a", "b")
    flight = flights.launch(request.keys, request())
    assert flights.of("a") is flights.of("b") is flight
    waiting = [asyncio.create_task(flights.wait([flight])) for _ in range(2)]
    await request.begun.wait()
    request.let_go.set()
    assert await asyncio.gather(*waiting) == [{"a": DONE, "b": DONE}] * 2
    assert flights.of("a") is flights.of("b") is None


async def test_a_request_is_cancelled_with_the_last_who_waits() -> None:
    flights, request = Flights(), Request("a")
    flight = flights.launch(request.keys, request())
    first, second = (asyncio.create_task(flights.wait([flight])) for _ in range(2))
    await request.begun.wait()
    for one, is_over in ((first, False), (second, True)):
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        assert (request.cancelled, flights.of("a") is None) == (is_over, is_over)


async def test_a_request_begun_anew_is_not_forgotten_with_the_old_one() -> None:
    flights, old, new = Flights(), Request("a"), Request("a")
    waiting = asyncio.create_task(flights.wait([flights.launch(old.keys, old())]))
    await old.begun.wait()
    again = flights.launch(new.keys, new())
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert old.cancelled
    assert flights.of("a") is again
    new.let_go.set()
    assert await flights.wait([again, again]) == {"a": DONE}
    assert again.waiting == 0


async def test_a_fault_reaches_all_who_wait_and_leaves_nothing() -> None:
    async def broken() -> Mapping[str, Review]:
        raise ZeroDivisionError

    flights = Flights()
    flight = flights.launch(["a"], broken())
    outcomes = await asyncio.gather(*(flights.wait([flight]) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [ZeroDivisionError] * 2
    assert flights.of("a") is None


async def test_who_waits_for_nothing_is_answered_at_once() -> None:
    assert await Flights().wait([]) == {}
