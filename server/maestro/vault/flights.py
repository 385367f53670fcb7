"""Several who want the same thing at once wait for one who fetches it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """What is fetched right now, by name. It remembers no results."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def join(self, name: str, fetch: Callable[[], Coroutine[None, None, T]]) -> T:
        """The result of the fetch that is under way, or of a new one. It goes on when a caller stops waiting."""
        task = self._tasks.get(name)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = self._tasks[name] = asyncio.create_task(fetch())
            task.add_done_callback(self._landed)
        return await asyncio.shield(task)

    def _landed(self, task: asyncio.Task[T]) -> None:
        self._tasks = {name: other for name, other in self._tasks.items() if other is not task}
        if not task.cancelled():
            task.exception()  # those who wait have it; if nobody does, it is not worth a complaint
