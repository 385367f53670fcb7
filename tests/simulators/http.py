"""A byte-exact HTTP/1.1 server on the loopback: it records all it gets and can break off anywhere."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from tests.simulators.pace import Ticker
from tests.simulators.wire import Answer, Connection, Hangup, Paced, Pause, Request, Reset, Stall, Step

Handler = Callable[[Request], Awaitable[Answer]]

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024


class _Broken(Exception):
    """The plan says that this connection ends here."""


class Server:
    """Listens on 127.0.0.1; hands each request to `handler` and carries out the answer."""

    def __init__(self, handler: Handler) -> None:
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        self.ticker = Ticker()
        self._handler = handler
        self._changed = asyncio.Event()
        self._lines: set[_Line] = set()
        self._listener: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Line(self), "127.0.0.1", port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def aclose(self) -> None:
        """Stop listening, end every connection and wait for the tasks that served them."""
        if self._listener is not None:
            self._listener.close()
        self.ticker.close()
        tasks = [line.task for line in self._lines if line.task is not None]
        for line in list(self._lines):
            line.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def open_connections(self) -> list[Connection]:
        return [one for one in self.connections if not one.closed.is_set()]

    def changed(self) -> None:
        """Wake everyone who waits in `until`."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Return once `predicate` holds; it is asked again whenever a request or connection comes or goes."""
        while not predicate():
            await self._changed.wait()

    def attach(self, line: "_Line") -> None:
        self._lines.add(line)
        self.connections.append(line.connection)
        self.changed()

    def detach(self, line: "_Line") -> None:
        self._lines.discard(line)
        self.changed()

    async def serve(self, line: "_Line") -> None:
        """Answer the requests of one connection, one after the other, until it ends."""
        try:
            while (request := await read_request(line.reader, line.connection)) is not None:
                self.requests.append(request)
                line.connection.requests.append(request)
                self.changed()
                answer = await self._handler(request)
                await _Delivery(line.writer, self.ticker, answer).run(head_only=request.method == "HEAD")
                if answer.framing == "close" or request.headers.get("connection", "").lower() == "close":
                    break
        except (_Broken, ConnectionError, asyncio.IncompleteReadError):
            pass
        except ValueError:
            line.writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        finally:
            line.hang_up()


class _Line(asyncio.StreamReaderProtocol):
    """One connection: notices at once when the other side is gone, and ends the task that serves it."""

    def __init__(self, server: Server) -> None:
        loop = asyncio.get_running_loop()
        self.reader = asyncio.StreamReader(limit=MAX_HEAD, loop=loop)
        super().__init__(self.reader, loop=loop)
        self.task: asyncio.Task[None] | None = None
        self.connection = Connection(len(server.connections) + 1, time.monotonic())
        self._server = server
        self._loop_ = loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # drain() returns when the kernel has everything
        self.writer = asyncio.StreamWriter(transport, self, self.reader, self._loop_)
        self._server.attach(self)
        self.task = self._loop_.create_task(self._server.serve(self))

    def eof_received(self) -> bool:
        self.connection.closed_by = self.connection.closed_by or "client"
        super().eof_received()
        return False  # an HTTP client that stops writing has gone

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.closed_by = self.connection.closed_by or ("client" if exc else "server")
        self.connection.closed_at = time.monotonic()
        super().connection_lost(exc)
        self.connection.closed.set()
        if self.task is not None:
            self.task.cancel()
        self._server.detach(self)

    def hang_up(self) -> None:
        self.connection.closed_by = self.connection.closed_by or "server"
        self.writer.close()

    def abort(self) -> None:
        self.connection.closed_by = self.connection.closed_by or "server"
        self.writer.transport.abort()


class _Delivery:
    """Carries out one answer on one connection."""

    def __init__(self, writer: asyncio.StreamWriter, ticker: Ticker, answer: Answer) -> None:
        self._writer = writer
        self._ticker = ticker
        self._answer = answer

    async def run(self, *, head_only: bool = False) -> None:
        answer = self._answer
        for step in answer.before:
            await self._take(step)
        self._writer.write(head_bytes(answer))
        if not head_only:
            for step in answer.steps:
                if answer.stop is not None and answer.stop.is_set():
                    break
                await self._take(step)
            if answer.framing == "chunked":
                self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def _take(self, step: Step) -> None:
        match step:
            case bytes():
                self._writer.write(self._frame(step))
                await self._writer.drain()
                await asyncio.sleep(0)  # a long body leaves room for the other connections
            case Pause(seconds):
                await self._wait(seconds)
            case Paced(parts, rate, stamped):
                framed = [self._frame(part) for part in parts]
                await self._ticker.play(self._writer, framed, rate, stamped=stamped)
            case Stall():
                await self._stall(step)
            case Reset():
                await self._writer.drain()
                linger = struct.pack("ii", 1, 0)
                self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._writer.transport.abort()
                raise _Broken
            case Hangup():
                await self._writer.drain()
                raise _Broken

    async def _stall(self, stall: Stall) -> None:
        if not stall.comment:
            await self._wait(None)
        while self._answer.stop is None or not self._answer.stop.is_set():
            await self._wait(stall.every)
            self._writer.write(self._frame(stall.comment))

    async def _wait(self, seconds: float | None) -> None:
        """Wait, or until the answer is stopped; when the client goes, the whole task is cancelled."""
        stop = self._answer.stop or asyncio.Event()
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            pass

    def _frame(self, part: bytes) -> bytes:
        return chunk(part) if self._answer.framing == "chunked" else part


def chunk(part: bytes) -> bytes:
    """One chunk of a chunked body; nothing for nothing, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(part), part) if part else b""


def head_bytes(answer: Answer) -> bytes:
    """The status line and headers, with the framing that the answer asks for."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Overloaded" if answer.status == 529 else "Unknown"
    headers = dict(answer.headers)
    if answer.framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    elif answer.framing == "close":
        headers["connection"] = "close"
    elif "content-length" not in headers:
        headers["content-length"] = str(sum(len(step) for step in answer.steps if isinstance(step, bytes)))
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def read_request(reader: asyncio.StreamReader, connection: Connection) -> Request | None:
    """The next request, or None at the end of the connection.

    Raises:
        ValueError: this is no HTTP/1.1 request.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise ValueError("The head is too large.") from error
    first, *rest = head.decode("latin-1").split("\r\n")[:-2]
    method, target, version = first.split(" ")
    if version != "HTTP/1.1":
        raise ValueError("Only HTTP/1.1 is spoken here.")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in rest))
    body = await _read_body(reader, {name.lower(): value for name, value in headers})
    return Request(method, target, headers, body, connection, time.monotonic())


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        parts: list[bytes] = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        while (await reader.readuntil(b"\r\n")) != b"\r\n":
            pass
        return b"".join(parts)
    length = int(headers.get("content-length", "0"))
    if length > MAX_BODY:
        raise ValueError("The body is too large.")
    return await reader.readexactly(length)
