"""The way out: one bounded FIFO to the editor with a thread that writes, and one for stderr that may drop."""

import asyncio
import io
import os
import threading
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

CAPACITY = 256 * 1024
"""Bytes in the queue from which on deltas merge and notifications wait."""
BATCH_BYTES = 64 * 1024
LONGEST_TEXT = 16 * 1024


class Outbox:
    """Frames for the editor, in order. Pushing never blocks; `has_room` tells who can wait to wait.

    The loop alone counts what was pushed and the thread alone what was written, so neither needs a lock.
    """

    def __init__(self, descriptor: int, loop: AbstractEventLoop, on_broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._on_broken = on_broken
        self._frames: SimpleQueue[bytes] = SimpleQueue()
        self._pushed = 0
        self._written = 0
        self._broken = False
        self._wanted = False
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._deferred: deque[bytes] = deque()
        self._deferring: asyncio.Task[None] | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="maestro-stdout", daemon=True).start()

    @property
    def size(self) -> int:
        """Bytes that were pushed and not yet taken by the editor."""
        return 0 if self._broken else self._pushed - self._written

    @property
    def has_room(self) -> bool:
        return self.size < CAPACITY

    def push(self, frame: bytes) -> None:
        """Queue a frame, however full it is: answers and terminal events never wait."""
        if not self._broken:
            self._pushed += len(frame)
            self._frames.put(frame)

    def push_when_room(self, frame: bytes) -> None:
        """Queue a frame once there is room; such frames keep their order among themselves."""
        if self.has_room and not self._deferred:
            self.push(frame)
            return
        self._deferred.append(frame)
        if self._deferring is None:
            self._deferring = self._loop.create_task(self._push_deferred())

    async def room(self) -> None:
        """Wait until the queue has room."""
        await self._below(CAPACITY)

    async def drained(self) -> None:
        """Wait until everything pushed is written."""
        await self._below(1)

    async def _push_deferred(self) -> None:
        while self._deferred:
            await self.room()
            self.push(self._deferred.popleft())
        self._deferring = None

    async def _below(self, limit: int) -> None:
        while self.size >= limit:
            waiter = self._loop.create_future()
            entry = (limit, waiter)
            self._waiters.append(entry)
            self._wanted = True
            if self.size < limit:  # written between the two lines above: nobody would wake us
                self._wake()
            try:
                await waiter
            finally:
                if entry in self._waiters:
                    self._waiters.remove(entry)

    def _wake(self) -> None:
        waiting, self._waiters = self._waiters, deque()
        for limit, waiter in waiting:
            if self.size >= limit:
                self._waiters.append((limit, waiter))
            elif not waiter.done():
                waiter.set_result(None)
        self._wanted = bool(self._waiters)
        if self._wanted and any(self.size < limit for limit, _ in self._waiters):
            self._loop.call_soon(self._wake)

    def _run(self) -> None:
        while True:
            data = self._next_batch()
            try:
                write_all(self._descriptor, data)
            except OSError:
                self._broken = True
            self._written += len(data)
            if self._wanted or self._broken:
                self._wanted = False
                self._post(self._wake)
            if self._broken:
                self._post(self._on_broken)
                return

    def _next_batch(self) -> bytes:
        frames = [self._frames.get()]
        size = len(frames[0])
        while size < BATCH_BYTES:
            try:
                frames.append(self._frames.get_nowait())
            except Empty:
                break
            size += len(frames[-1])
        return b"".join(frames)

    def _post(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to tell


class LossyText(io.TextIOBase):
    """A text stream that never blocks its writer: what the other side does not take is dropped, the oldest first."""

    def __init__(self, descriptor: int, lines: int = 1000) -> None:
        self._descriptor = descriptor
        self._texts: deque[str] = deque(maxlen=lines)
        self._filled = threading.Semaphore(0)

    def start(self) -> None:
        threading.Thread(target=self._run, name="maestro-stderr", daemon=True).start()

    def write(self, text: str) -> int:
        self._texts.append(text[:LONGEST_TEXT])
        self._filled.release()
        return len(text)

    def writable(self) -> bool:
        return True

    def _run(self) -> None:
        while True:
            self._filled.acquire()
            try:
                data = self._texts.popleft().encode("utf-8", "backslashreplace")
            except IndexError:
                continue  # it was dropped
            try:
                write_all(self._descriptor, data)
            except OSError:
                return


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, waiting for the other side as long as it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
