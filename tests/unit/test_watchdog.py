"""The watchdog alone: what adds to its patience and what does not."""

import asyncio

import pytest

from maestro.watchdog import Watchdog

pytestmark = pytest.mark.asyncio


async def test_messages_without_content_do_not_set_it_back() -> None:
    idle = asyncio.Event()
    watchdog = Watchdog(0.02, idle.set)
    while not idle.is_set():
        watchdog.begin()
        await asyncio.sleep(0)
        watchdog.end(content=False)


async def test_a_wait_that_goes_on_after_a_pause_ends_too() -> None:
    idle = asyncio.Event()
    watchdog = Watchdog(0.02, idle.set)
    watchdog.begin()
    watchdog.end(content=True)
    await asyncio.sleep(0.03)  # the timer fires while nobody reads
    assert not idle.is_set()
    watchdog.begin()
    await idle.wait()


async def test_stopped_it_looks_no_more() -> None:
    idle = asyncio.Event()
    watchdog = Watchdog(0, idle.set)
    watchdog.begin()
    watchdog.stop()
    watchdog.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not idle.is_set()
