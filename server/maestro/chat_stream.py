"""One answer of a provider, read message by message: retried before its first content, resumed or failed after it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias, cast

from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import Failure, UpstreamError
from maestro.providers.base import (
    ByteStream,
    CancellableStreamingRole,
    ChatRequest,
    Connection,
    ResumableStreamingRole,
    StreamingRole,
)
from maestro.retry import ONCE, RULES, Backoff, RequestCount, is_stale_login
from maestro.streaming.messages import Done, Message, ResumePoint, StreamError, UsageReport
from maestro.streaming.parser import StreamOptions, StreamParser
from maestro.tokens import Access
from maestro.transport import HttpStream
from maestro.watchdog import Watchdog
from maestro_protocol.chat import Usage
from maestro_protocol.errors import ErrorInfo
from maestro_protocol.settings import Settings


@dataclass(frozen=True, slots=True)
class Retrying:
    """Nothing was shown yet; the request goes out again after the delay. `attempt` is 1 for the first repetition."""

    type: ClassVar[Literal["retrying"]] = "retrying"
    attempt: int
    delay_ms: int
    error: ErrorInfo


ChatItem: TypeAlias = Message | Retrying

_ENDLESS: Sequence[Message] = (StreamError("stream_interrupted", "The answer ended without its end.", partial=True),)
_GIVEN_UP = Failure("stream_interrupted", "The answer was given up.")
_CANCEL_SECONDS = 5.0
_cancelling: set[asyncio.Task[None]] = set()
"""Requests nobody waits for; the event loop itself would not keep them."""


class ChatStream:
    """An answer that begins when it is first asked for. Never yields a `StreamError`: failures are raised.

    Not a generator, so that another task can end it while one waits for it. Iterate to the end, or call `aclose`.
    """

    def __init__(
        self,
        access: Access,
        request: ChatRequest,
        role: StreamingRole,
        settings: Settings,
        count: RequestCount,
        *,
        once: bool = False,
        on_failure: Callable[[MaestroError], Awaitable[None]] | None = None,
    ) -> None:
        """A credential the service refuses is renewed at most once; `on_failure` hears what will be raised.

        With `once` the request is not repeated; what can be resumed is resumed.
        """
        self._access = access
        self._request = request
        self._role = role
        self._retry = settings.retry
        self._count = count
        self._refresh = access.refresh
        self._on_failure = on_failure
        self._backoff = Backoff(settings.retry.model_copy(update=ONCE) if once else settings.retry)
        self._watchdog = Watchdog(settings.transport.idle_timeout_ms / 1000, self._give_up_waiting)
        self._idle = False
        self._closing: asyncio.Task[None] | None = None
        self._pause = 0.0
        self._bytes: ByteStream | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._parser: StreamParser | None = None
        self._read: deque[Message] = deque()
        self._resume_at: ResumePoint | None = None
        self._shown = False
        self._reader: asyncio.Task[object] | None = None
        self._interrupted = False
        self._cancellations = 0
        self.usage_so_far: Usage | None = None
        """Tokens of an answer that was given up, if the provider had told by then."""
        self.is_taken = False
        """Whether the service may have begun to answer: a request was sent and not refused."""
        self._state: Literal["open", "done", "ended"] = "open"

    def __aiter__(self) -> AsyncIterator[ChatItem]:
        return self

    async def __anext__(self) -> ChatItem:
        """The next message.

        Raises:
            MaestroError: the failure, once there is nothing left to try; 4205 if content had been shown.
        """
        if self._state == "open" and (message := self._take()) is not None:
            return message
        self._reader = asyncio.current_task()
        try:
            while self._state == "open":
                item = await self._next()
                if item is not None:
                    return item
        except BaseException as stop:
            # Whoever cancelled may count on the socket being closed when the cancellation arrives.
            await self._end(cancelled=isinstance(stop, asyncio.CancelledError))
            if not self._is_interruption(stop):
                raise
        finally:
            self._reader = None
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the connection now, or keep it for the next request if the answer was read to its end."""
        if self._reader not in (None, asyncio.current_task()):
            await self.interrupt()
            return
        if self._state == "done" and isinstance(self._bytes, HttpStream):
            await self._bytes.drain()
        await self._end(cancelled=True)

    async def interrupt(self) -> None:
        """End the answer from any task: a reader that waits sees its end at once."""
        if self._state != "open" or self._interrupted:
            return
        self._interrupted = True
        if self._reader is None or self._reader is asyncio.current_task():
            await self.aclose()
        else:
            self._cancellations = self._reader.cancelling()
            self._reader.cancel()

    def _take(self) -> Message | None:
        """The next of the messages that were read, up to a failure."""
        if not self._read or type(self._read[0]) is StreamError:
            return None
        message = self._read.popleft()
        self._shown = self._shown or type(message) is not UsageReport
        if type(message) is Done:
            self._state = "done"
            self._count.succeeded()
        return message

    async def _next(self) -> ChatItem | None:
        """The next message, or None where one must read on or the next attempt may begin."""
        try:
            if not self._read:
                await self._fill()
        except UpstreamError as broken:
            error = broken
        else:
            if (message := self._take()) is not None or not self._read:
                return message
            error = self._read_error(cast("StreamError", self._read.popleft()))
        return await self._recover(error)

    async def _fill(self) -> None:
        """Read once. A stream that breaks off, or just ends, says so by its last message.

        Raises:
            UpstreamError: it could not be opened.
        """
        parser, chunks = self._parser, self._chunks
        if parser is None or chunks is None:
            parser, chunks = await self._open()
        messages: Sequence[Message] = ()
        self._watchdog.begin()
        try:
            messages = parser.feed(await anext(chunks))
        except StopAsyncIteration:
            messages = parser.close() or _ENDLESS
        except UpstreamError as error:
            messages = parser.fail(error.failure) or _ENDLESS
        finally:
            self._watchdog.end(content=any(type(message) is not UsageReport for message in messages))
        self._read.extend(messages)

    async def _open(self) -> tuple[StreamParser, AsyncIterator[bytes]]:
        """Send the request, or take the answer up again where it broke off."""
        if self._pause:
            await asyncio.sleep(self._pause)
            self._pause = 0.0
        self._count.sent()
        if self._resume_at is None or self._parser is None:
            ready = await self._access.connect()
            self.is_taken = True
            self._bytes = await self._role.open_stream(ready, self._request)
            self._parser = StreamParser(self._access.connection.info.id, StreamOptions(self._bytes.wire))
        else:
            resumable = cast("ResumableStreamingRole", self._role)
            self._bytes = await resumable.resume_stream(await self._access.connect(), self._resume_at)
            self._parser.resume()
        self._chunks = aiter(self._bytes)
        return self._parser, self._chunks

    def _read_error(self, message: StreamError) -> UpstreamError:
        if message.resume is not None and hasattr(self._role, "resume_stream"):
            if message.resume != self._resume_at:
                self._backoff = Backoff(self._retry)  # it went on in between
            self._resume_at = message.resume
        failure = Failure(message.kind, message.message, message.code, message.retry_after)
        return UpstreamError(failure, request_id=self._bytes.request_id if self._bytes else None)

    async def _recover(self, error: UpstreamError) -> ChatItem | None:
        """What follows a failed attempt: another one, announced if nothing was shown yet, or the error itself."""
        await self._close()
        self.is_taken = self._shown or error.failure.kind == "content_filter"
        error = self._backoff.judge(error)
        kind = error.failure.kind
        if kind == "content_filter":  # an ending like any other, with a reason
            self._state = "done"
            self._count.succeeded()
            return Done("contentFilter", error.failure.code)
        if self._refresh is not None and is_stale_login(error):
            refresh, self._refresh = self._refresh, None
            self._count.failed(kind)
            await refresh()
            return None
        may_go_on = self._resume_at is not None or not self._shown
        delay = self._backoff.next_delay(error) if may_go_on else None
        error = self._name(error)
        self._count.failed(error.failure.kind)
        if delay is None:
            raise await self._fail(error)
        self._pause = delay
        if self._resume_at is not None:
            return None
        return Retrying(self._backoff.attempt, round(delay * 1000), self._explain(error).info())

    def _name(self, error: UpstreamError) -> UpstreamError:
        """Silence is told as such; once something was shown, what may pass, or keeps it from going on, interrupts."""
        failure = error.failure
        if self._idle:
            self._idle = False
            failure = replace(
                failure, kind="network", message="No content came for longer than `transport.idleTimeoutMs`."
            )
        if self._shown and (RULES[failure.kind].budget is not None or self._resume_at is not None):
            failure = replace(failure, kind="stream_interrupted")
        return UpstreamError(failure, http_status=error.http_status, request_id=error.request_id)

    def _explain(self, error: UpstreamError) -> MaestroError:
        return to_maestro_error(error, self._access.connection, self._request.model)

    async def _fail(self, error: UpstreamError) -> MaestroError:
        self._state = "ended"
        self._count.exhausted()
        failure = self._explain(error)
        if self._on_failure is not None:
            await self._on_failure(failure)
        return failure

    def _give_up_waiting(self) -> None:
        """Closing the connection ends the wait, and lets the parser say how far the answer came."""
        if self._bytes is not None:
            self._idle = True
            self._closing = asyncio.create_task(_close_bytes(self._bytes))

    def _is_interruption(self, stop: BaseException) -> bool:
        """Whether the task was cancelled by `interrupt` and by nobody else."""
        if not (isinstance(stop, asyncio.CancelledError) and self._interrupted and self._reader):
            return False
        return self._reader.uncancel() <= self._cancellations

    async def _end(self, *, cancelled: bool) -> None:
        if self._state == "open" and cancelled:
            self._count.cancelled()
            self._note_usage()
        elif self._state == "open":
            self._count.exhausted()  # the credential could not be renewed
        self._state = "ended"
        self._cancel_at_service()
        await self._close()

    def _cancel_at_service(self) -> None:
        """A background answer that was not read to its end would go on; nobody waits for it to be told to stop."""
        parser, self._parser = self._parser, None
        if parser is None or parser.decoder.finished or not hasattr(self._role, "cancel_stream"):
            return
        if (response_id := parser.decoder.background_id) is not None:
            role = cast("CancellableStreamingRole", self._role)
            task = asyncio.create_task(_cancel(role, self._access.connection, response_id))
            _cancelling.add(task)
            task.add_done_callback(_cancelling.discard)

    def _note_usage(self) -> None:
        """What the answer had cost when it was given up, where the provider counts as it goes."""
        for message in self._parser.fail(_GIVEN_UP) if self._parser else ():
            if type(message) is UsageReport:
                self.usage_so_far = message.usage

    async def _close(self) -> None:
        self._watchdog.stop()
        source, self._bytes = self._bytes, None
        chunks, self._chunks = self._chunks, None
        self._read.clear()
        if source is not None:
            await source.aclose()
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


async def _cancel(role: CancellableStreamingRole, connection: Connection, response_id: str) -> None:
    with suppress(Exception):  # whatever it is, the answer was given up
        async with asyncio.timeout(_CANCEL_SECONDS):
            await role.cancel_stream(connection, response_id)


async def _close_bytes(source: ByteStream) -> None:
    await source.aclose()
