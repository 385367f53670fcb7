"""One SQLite file, and the thread that works on it."""

import asyncio
import logging
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from maestro.database.owner import FileOwner, MemoryOwner, Owner
from maestro.errors import MaestroError

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
Follow: TypeAlias = Callable[[], Coroutine[None, None, None]]

POLL_SECONDS = 0.5
CLOSE_SECONDS = 0.9
PAUSE_SECONDS = 0.2
"""Without work for so long, the log is written back, which nobody then waits for."""

_log = logging.getLogger(__name__)


class _Watcher(NamedTuple):
    loop: AbstractEventLoop
    follow: Follow


class Database:
    """Work is handed to the thread and done in order. Nothing is touched before the first.

    A caller that stops waiting changes nothing about its work: what was begun is finished, what was not is not begun.
    If opening fails, the next call tries again. Without a path the database lives in memory and ends with `aclose`.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._notices: deque[str] = deque()
        self._owner: Owner = MemoryOwner() if path is None else FileOwner(path, self._notices.append)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._watchers: list[_Watcher] = []
        self._following: set[asyncio.Task[None]] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._closed = False
        self._written = False
        self._ended: Future[None] = Future()

    @property
    def path(self) -> Path:
        """Where the file is."""
        assert self._path is not None, "this database has no file"
        return self._path

    async def run(self, work: "Callable[[sqlite3.Connection], T]") -> T:
        """Do work that writes, in one transaction: whole or not at all.

        Raises:
            MaestroError: 4901 if the database failed; whatever `work` raises.
        """
        return await asyncio.wrap_future(self._submit(work, writes=True))

    async def read(self, work: "Callable[[sqlite3.Connection], T]") -> T:
        """Do work that only reads, without a transaction. Raises as `run`."""
        return await asyncio.wrap_future(self._submit(work, writes=False))

    def run_now(self, work: "Callable[[sqlite3.Connection], T]") -> T:
        """The same as `run`, for callers without an event loop: it blocks. Raises as `run`."""
        return self._submit(work, writes=True).result()

    def post(self, work: "Callable[[sqlite3.Connection], object]") -> None:
        """Do work that writes, some time; nobody but the log hears of its failure."""
        try:
            self._submit(work, writes=True).add_done_callback(_log_failure)
        except MaestroError as error:
            _log.warning("A write to the database was dropped: %s", error.message)

    def watch(self, follow: Follow) -> None:
        """Have `follow` run on this loop soon after another connection committed; `aclose` ends it."""
        self._watchers.append(_Watcher(asyncio.get_running_loop(), follow))
        self._put(_nothing)

    @property
    def notices(self) -> Sequence[str]:
        """What a person should know about how the database was opened."""
        return tuple(self._notices)

    def take_notices(self) -> Sequence[str]:
        """The notices, once."""
        taken: list[str] = []
        while self._notices:
            taken.append(self._notices.popleft())
        return taken

    async def aclose(self) -> None:
        """Finish what was handed in, close the file and end the thread; who takes longer than a second is left."""
        with self._lock:
            ending, self._closed = not self._closed, True
            if self._thread is None:
                return
            if ending:
                self._jobs.put(None)
        for task in [*self._following]:
            task.cancel()
        await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=CLOSE_SECONDS)

    def _submit(self, work: "Callable[[sqlite3.Connection], T]", *, writes: bool) -> "Future[T]":
        done: Future[T] = Future()
        self._put(partial(self._do, work, writes, done))
        return done

    def _put(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                raise MaestroError("storageFailed", "The database is closed because Maestro is ending; start it again.")
            if self._thread is None:
                self._thread = Thread(target=self._run, name="maestro-store", daemon=True)
                self._thread.start()
            self._jobs.put(job)

    def _run(self) -> None:
        self._ended.set_running_or_notify_cancel()
        next_look = 0.0
        while self._do_next(next_look):
            if self._watchers and monotonic() >= next_look:
                next_look = monotonic() + POLL_SECONDS
                if self._owner.changed():
                    self._tell()
        self._owner.close()
        self._ended.set_result(None)

    def _do_next(self, next_look: float) -> bool:
        try:
            job = self._jobs.get(timeout=self._patience(next_look))
        except Empty:
            if self._written:
                self._written = False
                self._owner.tidy()
            return True
        if job is None:
            return False
        job()
        return True

    def _patience(self, next_look: float) -> float | None:
        """Seconds to wait for work: until the next look at what others did, or until there is a pause to tidy up in."""
        waits = [max(next_look - monotonic(), 0)] if self._watchers else []
        return min([*waits, *([PAUSE_SECONDS] if self._written else [])], default=None)

    def _do(self, work: "Callable[[sqlite3.Connection], T]", writes: bool, done: "Future[T]") -> None:
        if not done.set_running_or_notify_cancel():
            return
        self._written |= writes
        try:
            result = self._owner.execute(work, writes=writes)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher.loop.call_soon_threadsafe(self._follow, watcher.follow)
            except RuntimeError:
                self._watchers.remove(watcher)  # its loop is closed: nobody is left to tell

    def _follow(self, follow: Follow) -> None:
        if not self._closed:
            task = asyncio.create_task(follow())
            self._following.add(task)
            task.add_done_callback(self._following.discard)


def _nothing() -> None:
    """Wakes the thread, so that it sees that somebody watches."""


def _log_failure(done: "Future[T]") -> None:
    error = done.exception()
    if isinstance(error, MaestroError):
        _log.warning("A write to the database was lost: %s", error.message)
    elif error is not None:
        _log.error("A write to the database was lost.", exc_info=error)
