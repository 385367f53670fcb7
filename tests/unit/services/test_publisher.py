"""Documents are shown at once, and then not more often than somebody reads."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from random import Random

from maestro.services.publisher import INTERVAL, Publisher
from tests.bench.audit.virtual import VirtualLoop

Shown = list[tuple[float, str, bool]]


def play(story: Callable[[Publisher], Coroutine[None, None, None]]) -> Shown:
    """What a publisher shows in a story, on a clock that nobody waits for: when, which document, and whether forced."""
    shown: Shown = []
    loop = VirtualLoop(Random(1))
    publisher = Publisher(lambda uri, force: shown.append((round(loop.time(), 3), uri, force)))

    async def told() -> None:
        await story(publisher)
        await asyncio.sleep(10 * INTERVAL)
        assert not publisher._resting, "nothing is left"

    try:
        loop.run_until_complete(told())
    finally:
        loop.close()
    return shown


def test_the_first_time_is_at_once_and_the_next_after_the_interval() -> None:
    async def story(publisher: Publisher) -> None:
        for _ in range(5):
            publisher.soon("a")
            await asyncio.sleep(0.01)

    assert play(story) == [(0, "a", False), (0.1, "a", False)]


def test_who_insisted_is_remembered() -> None:
    async def story(publisher: Publisher) -> None:
        publisher.soon("a")
        publisher.soon("a", force=True)
        publisher.soon("a")

    assert play(story) == [(0, "a", False), (0.1, "a", True)]


def test_documents_do_not_wait_for_each_other() -> None:
    async def story(publisher: Publisher) -> None:
        publisher.soon("a")
        await asyncio.sleep(0.05)
        publisher.soon("b", force=True)
        publisher.soon("a")

    assert play(story) == [(0, "a", False), (0.05, "b", True), (0.1, "a", False)]


def test_after_a_pause_it_is_at_once_again() -> None:
    async def story(publisher: Publisher) -> None:
        publisher.soon("a")
        await asyncio.sleep(0.3)
        publisher.soon("a")

    assert play(story) == [(0, "a", False), (0.3, "a", False)]


def test_a_busy_document_is_shown_once_per_interval() -> None:
    async def story(publisher: Publisher) -> None:
        for _ in range(1000):
            publisher.soon("a")
            await asyncio.sleep(0.001)

    times = [at for at, _, _ in play(story)]
    assert len(times) == 11
    assert all(later - earlier >= 0.099 for earlier, later in itertools.pairwise(times))


def test_a_closed_one_shows_nothing_any_more() -> None:
    loop = VirtualLoop(Random(1))
    shown: list[str] = []
    publisher = Publisher(lambda uri, force: shown.append(uri))

    async def story() -> None:
        publisher.soon("a")
        publisher.soon("a")
        publisher.close()
        await asyncio.sleep(1)

    loop.run_until_complete(story())
    loop.close()
    assert shown == ["a"]
