"""One timer per rate that feeds many connections: a paced stream costs one write per tick and no task switch."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.simulators.wire import STAMP

_SLOTS = 10
"""Streams of one rate are spread over this many moments of a tick, as independent clients would be."""


@dataclass(slots=True)
class _Stream:
    writer: asyncio.StreamWriter
    parts: Iterator[bytes]
    done: asyncio.Future[None]
    stamped: bool


class _Clock:
    """Ticks at a fixed rate for as long as it has streams; lateness of one tick is not added to the next."""

    def __init__(self, rate: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._interval = 1 / (rate * _SLOTS)
        self._slots: list[list[_Stream]] = [[] for _ in range(_SLOTS)]
        self._tick = 0
        self._handle: asyncio.TimerHandle | None = None
        self._start = 0.0

    def add(self, stream: _Stream) -> None:
        min(self._slots, key=len).append(stream)
        if self._handle is None:
            self._start, self._tick = self._loop.time(), 0
            self._schedule()

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _schedule(self) -> None:
        self._tick += 1
        self._handle = self._loop.call_at(self._start + self._tick * self._interval, self._fire)

    def _fire(self) -> None:
        slot = self._slots[self._tick % _SLOTS]
        slot[:] = [stream for stream in slot if _send(stream)]
        if any(self._slots):
            self._schedule()
        else:
            self._handle = None


def _send(stream: _Stream) -> bool:
    """Write the next part; False when the stream is over or its reader has gone."""
    if stream.done.done() or stream.writer.is_closing():
        return False
    part = next(stream.parts, None)
    if part is None:
        stream.done.set_result(None)
        return False
    if stream.stamped:
        part = part.replace(STAMP, b"%0*d" % (len(STAMP), time.monotonic_ns()))
    stream.writer.write(part)
    return True


class Ticker:
    """The clocks of a server, one per rate."""

    def __init__(self) -> None:
        self._clocks: dict[float, _Clock] = {}

    async def play(self, writer: asyncio.StreamWriter, parts: list[bytes], rate: float, *, stamped: bool) -> None:
        """Write one part per tick; returns after the last one. Cancelling it ends the stream."""
        if rate not in self._clocks:
            self._clocks[rate] = _Clock(rate)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clocks[rate].add(_Stream(writer, iter(parts), done, stamped))
        await done

    def close(self) -> None:
        for clock in self._clocks.values():
            clock.close()
