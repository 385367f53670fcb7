"""A turn's events on their way out: adjacent deltas merge, then everything is numbered, logged and sent in order."""

import asyncio
from asyncio import Task, TimerHandle
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from maestro.services.sink import EventSink
from maestro_protocol.events import (
    ReasoningDelta,
    TextDelta,
    ToolInputDelta,
    TurnCompleted,
    TurnEvent,
    TurnEventBase,
)

FLUSH_SIZE = 16 * 1024
"""Merged text that is due at once; while the queue is full, the point from which on the provider is not read."""
_EVENT_SIZE = 256

_Key: TypeAlias = tuple[type[TurnEventBase], str, str]


@dataclass(slots=True)
class _Segment:
    """One event to be: a delta that still grows, or any other event."""

    event_class: type[TurnEventBase]
    fields: dict[str, object]
    texts: list[str] = field(default_factory=list)
    key: _Key | None = None


class TurnStream:
    """The outlet of one turn.

    A delta is due at once when it opens a part or nothing was sent for `max_latency` seconds, else `max_latency` after
    what was sent last; "at once" is the loop's next turn, so that deltas of one read share an event. While the queue
    has no room, events wait here and adjacent deltas go on merging. `turn.completed` takes everything with it.
    """

    def __init__(
        self,
        sink: EventSink | None,
        chat_id: str | None,
        turn_id: str,
        next_seq: Callable[[], int],
        max_latency: float,
        on_event: Callable[[TurnEvent], None] | None = None,
    ) -> None:
        self._sink = sink
        self._ids = {"chat_id": chat_id, "turn_id": turn_id}
        self._next_seq = next_seq
        self._max_latency = max_latency
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._segments: deque[_Segment] = deque()
        self._opened: set[_Key] = set()
        self._size = 0
        self._last_flush = float("-inf")
        self._timer: asyncio.Handle | None = None
        self._waiting: Task[None] | None = None
        self._closed = False

    def text(self, message_id: str, part_id: str, text: str) -> None:
        self._merge((TextDelta, message_id, part_id), text)

    def reasoning(self, message_id: str, part_id: str, text: str) -> None:
        self._merge((ReasoningDelta, message_id, part_id), text)

    def tool_input(self, tool_call_id: str, text: str) -> None:
        self._merge((ToolInputDelta, tool_call_id, ""), text)

    def emit(self, event_class: type[TurnEventBase], **fields: object) -> None:
        """Send any other event; what was merged so far goes first."""
        if self._closed:
            return
        self._segments.append(_Segment(event_class, fields))
        self._size += _EVENT_SIZE
        if event_class is TurnCompleted:
            self.close()
        else:
            self._flush()

    @property
    def full(self) -> bool:
        """Whether so much waits for room that the provider should not be read."""
        return self._size >= FLUSH_SIZE and self._sink is not None and not self._sink.has_room

    async def room(self) -> None:
        """Wait until the queue has room, and pass on what waited."""
        while self.full and self._sink is not None:
            await self._sink.room()
            self._flush()

    async def flushed(self) -> None:
        """Wait until everything that came so far is handed on."""
        self._flush(final=True)
        while self._segments and self._sink is not None:
            await self._sink.room()
            self._flush(final=True)

    async def pause_if_full(self) -> None:
        """Call between two reads of the provider."""
        if self.full:
            await self.room()

    def close(self) -> None:
        """Send what is left, room or not. Nothing is sent afterwards."""
        self._send_while(lambda: True, final=True)
        self._closed = True
        self._stop_timer()
        if self._waiting is not None:
            self._waiting.cancel()

    def _merge(self, key: _Key, text: str) -> None:
        if self._closed or not text:
            return
        last = self._segments[-1] if self._segments else None
        if last is not None and last.key == key:
            last.texts.append(text)
        else:
            if last is not None:
                self._flush(final=True)
            self._segments.append(_Segment(key[0], _part(key), [text], key))
        self._size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self._waiting is not None:
            return
        if self._timer is None:
            self._schedule(key)
        elif self._size >= FLUSH_SIZE:
            self._due_at_once()

    def _schedule(self, key: _Key) -> None:
        now = self._loop.time()
        wait = self._last_flush + self._max_latency - now
        if wait <= 0 or key not in self._opened or self._size >= FLUSH_SIZE:
            self._opened.add(key)
            self._due_at_once()
        else:
            self._timer = self._loop.call_later(wait, self._due)

    def _due_at_once(self) -> None:
        if self._timer is None or isinstance(self._timer, TimerHandle):
            self._stop_timer()
            self._timer = self._loop.call_soon(self._due)

    def _due(self) -> None:
        self._timer = None
        self._flush()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self, *, final: bool = False) -> None:
        """Send what there is room for. `final` says that the last segment will not grow any more."""
        self._stop_timer()
        sink = self._sink
        if sink is None:
            self._send_while(lambda: True, final=final)
            return
        self._send_while(lambda: sink.has_room, final=final)
        if self._segments and not sink.has_room and self._waiting is None:
            self._waiting = self._loop.create_task(self._flush_later(sink))

    async def _flush_later(self, sink: EventSink) -> None:
        try:
            await sink.room()
        finally:
            self._waiting = None
        self._flush()

    def _send_while(self, has_room: Callable[[], bool], *, final: bool) -> None:
        while self._segments and has_room():
            segment = self._segments[0]
            grows = not final and len(self._segments) == 1 and segment.key is not None
            if segment.key is not None:
                text, held = _join(segment.texts, hold=grows)
                segment.texts = [held] if held else []
                segment.fields["text"] = text
            if segment.key is None or segment.fields["text"]:
                self._send(segment)
            if segment.key is not None and segment.texts:
                break
            self._segments.popleft()
        self._size = sum(_size(segment) for segment in self._segments) if self._segments else 0

    def _send(self, segment: _Segment) -> None:
        event = segment.event_class.model_validate({**self._ids, "seq": self._next_seq(), **segment.fields})
        self._last_flush = self._loop.time()
        if self._on_event is not None:
            self._on_event(cast("TurnEvent", event))
        if self._sink is not None:
            self._sink.send(event)


def _part(key: _Key) -> dict[str, object]:
    kind, first, second = key
    return {"tool_call_id": first} if kind is ToolInputDelta else {"message_id": first, "part_id": second}


def _join(texts: list[str], *, hold: bool) -> tuple[str, str]:
    """The text, its surrogate pairs made whole, and the half of a pair to hold back until the other half comes."""
    text = "".join(texts)
    held = ""
    if hold and "\ud800" <= text[-1] <= "\udbff":
        text, held = text[:-1], text[-1]
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text, held


def _size(segment: _Segment) -> int:
    return sum(map(len, segment.texts)) if segment.key is not None else _EVENT_SIZE
