"""The turns under way in this process: one per chat at a time, others refused or in line."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from maestro.cancelling import cancel_once
from maestro.errors import MaestroError
from maestro.runtime import Runtime


@dataclass(slots=True, eq=False)
class Slot:
    """A turn under way, and the task it lives in."""

    turn_id: str
    task: "asyncio.Task[object]"
    begun: bool = False
    """Whether it answers, and does not wait for another window's turn to end."""

    def cancel(self) -> None:
        cancel_once(self.task)


class Running:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._active = 0
        self._slots: dict[str, Slot] = {}
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[str, int] = defaultdict(int)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count as one of the turns that run at once. Raises 4701 if there are as many as may be."""
        limit = self._runtime.settings.limits.max_active_turns
        if self._active >= limit:
            raise MaestroError("serverBusy", f"{limit} turns are running; wait for one to end or stop it.")
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1

    def of(self, chat_id: str) -> Slot | None:
        """The turn of a chat that runs here."""
        return self._slots.get(chat_id)

    def cancel(self, turn_ids: Collection[str]) -> None:
        """Stop those of these turns that run here."""
        for slot in self._slots.values():
            if slot.turn_id in turn_ids:
                slot.cancel()

    @asynccontextmanager
    async def turn(self, chat_id: str, turn_id: str, *, queue: bool) -> AsyncIterator[Slot]:
        """Hold the chat for one turn; with `queue` after those that came before.

        Raises:
            MaestroError: 4302 with the turn that is running.
        """
        if not queue and (running := self._slots.get(chat_id)):
            raise turn_in_progress(chat_id, running.turn_id)
        self._waiting[chat_id] += 1
        try:
            async with self._lines[chat_id]:
                task = asyncio.current_task()
                assert task is not None  # turns are tasks
                slot = self._slots[chat_id] = Slot(turn_id, task)
                try:
                    yield slot
                finally:
                    del self._slots[chat_id]
        finally:
            self._waiting[chat_id] -= 1
            if not self._waiting[chat_id]:
                del self._waiting[chat_id], self._lines[chat_id]


def turn_in_progress(chat_id: str, turn_id: str | None) -> MaestroError:
    message = "The chat is still answering; wait for it, cancel it first, or send with `delivery: queue`."
    return MaestroError("turnInProgress", message, chat_id=chat_id, turn_id=turn_id)
