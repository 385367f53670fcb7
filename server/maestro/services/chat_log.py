"""A turn's events on their way through the chat's log: written, then sent, so that nobody sees what can be lost."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeAlias, cast

from maestro.chats import journal
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.services.sink import EventSink
from maestro_protocol.base import WireModel
from maestro_protocol.events import ChatEvent, ToolCompleted, TurnCompleted

Work: TypeAlias = Callable[[sqlite3.Connection], object]

_CAPACITY = 64
"""Events that may wait to be written before the provider is not read any more."""


class ChatLog:
    """An `EventSink` in front of the editor's. What comes while a transaction runs goes into the next one together.

    When the log cannot be written, nothing more is logged; what is left is sent, the last event as the failure it is.
    """

    def __init__(self, database: Database, chat_id: str, sink: EventSink | None) -> None:
        self._database = database
        self._chat_id = chat_id
        self._sink = sink
        self._events: list[ChatEvent] = []
        self._works: list[Work] = []
        self._with: dict[str | None, Work] = {}
        self._writing: asyncio.Task[None] | None = None
        self.failure: MaestroError | None = None
        self.last_seq = 0

    def send(self, event: WireModel) -> None:
        one = cast("ChatEvent", event)
        self.last_seq = one.seq
        self._events.append(one)
        if (work := self._with.pop(_key(event), None)) is not None:
            self._works.append(work)
        self._write_soon()

    def attach(self, work: Work) -> None:
        """Do `work` in the next transaction."""
        self._works.append(work)
        self._write_soon()

    def with_completed(self, tool_call_id: str | None, work: Work) -> None:
        """Do `work` in the transaction of the call's `tool.completed`, or without a call of `turn.completed`."""
        self._with[tool_call_id or ""] = work

    @property
    def has_room(self) -> bool:
        return len(self._events) < _CAPACITY and (self._sink is None or self._sink.has_room)

    async def room(self) -> None:
        while len(self._events) >= _CAPACITY and self._writing is not None:
            await asyncio.shield(self._writing)
        if self._sink is not None:
            await self._sink.room()

    async def settled(self) -> None:
        """Wait until everything is written and sent.

        Raises:
            MaestroError: 4901 if something could not be written.
        """
        while self._writing is not None:
            await asyncio.shield(self._writing)
        if self.failure is not None:
            raise self.failure

    def _write_soon(self) -> None:
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            await asyncio.sleep(0)  # what belongs together is handed in within one step of the loop
            while self._events or self._works:
                events, self._events = self._events, []
                works, self._works = self._works, []
                if self.failure is None:
                    await self._commit(events, works)
                self._pass_on(events)
        finally:
            self._writing = None

    async def _commit(self, events: list[ChatEvent], works: list[Work]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            if events:
                journal.append(connection, self._chat_id, events)
            for work in works:
                work(connection)

        try:
            await self._database.run(write)
        except MaestroError as failure:
            self.failure = failure

    def _pass_on(self, events: list[ChatEvent]) -> None:
        if self._sink is None:
            return
        for event in events:
            if self.failure is not None and isinstance(event, TurnCompleted) and event.error is None:
                event = event.model_copy(update={"stop_reason": "error", "error": self.failure.info()})
            self._sink.send(event)


def _key(event: WireModel) -> str | None:
    match event:
        case ToolCompleted(tool_call_id=tool_call_id):
            return tool_call_id
        case TurnCompleted():
            return ""
        case _:
            return None
