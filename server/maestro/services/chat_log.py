"""A turn's events on their way through the chat's log: written, then sent, so that nobody sees what can be lost."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from maestro.chats import journal
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.services.sink import EventSink
from maestro_protocol.base import WireModel
from maestro_protocol.context import ContextDidChangeParams
from maestro_protocol.events import ChatEvent, ToolCompleted, TurnCompleted

Work: TypeAlias = Callable[[sqlite3.Connection], Sequence[ContextDidChangeParams] | None]
"""Something that belongs to an event; what it changed of the context."""

_log = logging.getLogger(__name__)

_CAPACITY = 64
"""Events that may wait to be written before the provider is not read any more."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of what is written: the editor's sink, and what follows from a change of the context or a failure."""

    sink: EventSink | None = None
    context_changed: Callable[[Sequence[ContextDidChangeParams]], None] = lambda changes: None
    failed: Callable[[], None] = lambda: None


class ChatLog:
    """An `EventSink` in front of the editor's. What comes while a transaction runs goes into the next one together.

    When the log cannot be written nothing more is told: who saw an event finds it in the log, whatever happens.
    """

    def __init__(self, database: Database, chat_id: str, listener: Listener) -> None:
        self._database = database
        self._chat_id = chat_id
        self._listener = listener
        self._events: list[ChatEvent] = []
        self._works: list[Work] = []
        self._with: dict[str | None, Work] = {}
        self._writing: asyncio.Task[None] | None = None
        self.failure: MaestroError | None = None
        self.last_seq = 0

    def send(self, event: WireModel) -> None:
        self._events.append(cast("ChatEvent", event))
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
        sink = self._listener.sink
        return len(self._events) < _CAPACITY and (sink is None or sink.has_room)

    async def room(self) -> None:
        while len(self._events) >= _CAPACITY and self._writing is not None:
            await asyncio.shield(self._writing)
        if self._listener.sink is not None:
            await self._listener.sink.room()

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
                    await self._pass_on(events, works)
        finally:
            self._writing = None

    async def _pass_on(self, events: list[ChatEvent], works: list[Work]) -> None:
        def write(connection: sqlite3.Connection) -> list[ContextDidChangeParams]:
            journal.append(connection, self._chat_id, events)
            return [change for work in works for change in work(connection) or ()]

        try:
            changes = await self._database.run(write)
        except Exception as error:
            self._fail(error)
            return
        for event in events:
            self.last_seq = event.seq
            if self._listener.sink is not None:
                self._listener.sink.send(event)
        self._listener.context_changed(changes)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, MaestroError):
            self.failure = error
        else:
            _log.error("a chat's log could not be written: %s", type(error).__name__)
            self.failure = MaestroError("storageFailed", "The chat could not be written down; Maestro's log says more.")
        self._listener.failed()


def _key(event: WireModel) -> str | None:
    match event:
        case ToolCompleted(tool_call_id=tool_call_id):
            return tool_call_id
        case TurnCompleted():
            return ""
        case _:
            return None
