"""What a feature gets beside its parameters: the services, two progress outlets and the moment after the answer."""

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass, field

from maestro.app import Services
from maestro.lsp.messages import RequestId, Token, dump, encode, frame, progress
from maestro.lsp.writer import Outbox
from maestro_protocol.base import JsonObject, WireModel

REPORT_INTERVAL = 0.25
"""Seconds between two reports on a work-done token."""


class ProgressSink:
    """Typed events on a partial-result token (a `services.sink.EventSink`); silent once the answer is written."""

    def __init__(self, outbox: Outbox, token: Token) -> None:
        self._outbox = outbox
        self._token = token
        self._closed = False

    def send(self, event: WireModel) -> None:
        if not self._closed:
            self._outbox.push(frame(progress(self._token, dump(event))))

    @property
    def has_room(self) -> bool:
        return self._outbox.has_room

    async def room(self) -> None:
        await self._outbox.room()

    def close(self) -> None:
        self._closed = True


class Work:
    """Standard begin/report/end progress for people; without a token it says nothing.

    Reports are thinned to four a second, the latest wins, and wait for room in the queue.
    """

    def __init__(self, outbox: Outbox, token: Token | None, *, cancellable: bool = True) -> None:
        self._outbox = outbox
        self._token = token
        self._cancellable = cancellable
        self._open = False
        self._pending: JsonObject | None = None
        self._timer: TimerHandle | None = None

    def begin(self, title: str, message: str | None = None, *, counted: bool = False) -> None:
        """Once per request; a second begin is a report. Only of `counted` work do editors draw a percentage."""
        if self._open:
            self.report(message or title)
        elif self._token is not None:
            self._open = True
            counter: JsonObject = {"percentage": 0} if counted else {}
            self._send({"kind": "begin", "title": title, "cancellable": self._cancellable, **counter}, message)
            self._rest()

    def report(self, message: str, percentage: int | None = None) -> None:
        """How it goes; `percentage` from 0 to 100."""
        if self._open:
            self._pending = {"kind": "report", "message": message}
            if percentage is not None:
                self._pending["percentage"] = percentage
            if self._timer is None:
                self._flush()

    def end(self, message: str | None = None) -> None:
        """Idempotent; the answer of a request ends what it forgot to end. Without a message the last word stays."""
        if self._open:
            self._open = False
            last = (self._pending or {}).get("message")
            self._send({"kind": "end"}, message or (last if isinstance(last, str) else None))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._timer = None
        if self._pending is not None and self._outbox.has_room:
            value, self._pending = self._pending, None
            self._send(value)
            self._rest()
        elif self._pending is not None:
            self._rest()

    def _rest(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(REPORT_INTERVAL, self._flush)

    def _send(self, value: JsonObject, message: str | None = None) -> None:
        if self._token is not None:
            body = {**value, "message": message} if message else value
            self._outbox.push(frame(progress(self._token, encode(body))))


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request's surroundings."""

    services: Services
    request_id: RequestId
    events: ProgressSink | None
    """Where typed events go, if the client gave a `partialResultToken`."""
    work: Work
    """Where human progress goes; silent without a `workDoneToken`."""
    max_latency_ms: int
    """How long deltas may wait to be merged: the client's word, else the setting's."""
    hooks: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def after_response(self, call: Callable[[], None]) -> None:
        """Run `call` right after the answer is queued."""
        self.hooks.append(call)
