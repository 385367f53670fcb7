"""A server on this machine whose every byte a test decides, and which tells when its peer is gone."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> JsonValue:
        value: JsonValue = json.loads(self.body)
        return value


@dataclass(eq=False)
class Peer:
    """One connection. The script reads a request from it and answers as it likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[Request]

    async def receive(self) -> Request:
        """The next request; raises asyncio.IncompleteReadError when the peer is gone."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        request = Request(method, path, headers, body)
        self.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, status: int, body: JsonValue | bytes = b"", **headers: str) -> None:
        """A whole answer; underscores in header names become hyphens."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"content-type": "application/json", **headers, "content-length": str(len(data))}
        await self.send(_head(status, fields) + data)

    async def start(self, status: int = 200, **headers: str) -> None:
        """The head of an answer in chunks."""
        fields = {"content-type": "text/event-stream", **headers, "transfer-encoding": "chunked"}
        await self.send(_head(status, fields))

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def stream(self, *chunks: bytes) -> None:
        """A whole answer in chunks."""
        await self.start()
        for data in chunks:
            await self.chunk(data)
        await self.end()

    async def gone(self) -> None:
        """Wait until the peer has closed its side."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """Hang up the hard way: the peer gets a TCP reset."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def _head(status: int, fields: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{k.replace('_', '-')}: {v}" for k, v in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Loopback:
    """`scripts` serve the connections in order; the last one serves all that follow."""

    scripts: Sequence[Script]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    faults: list[BaseException] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        try:
            await script(Peer(reader, writer, self.requests))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the peer hung up; tests that care await `gone`
        except Exception as fault:
            self.faults.append(fault)
        finally:
            writer.close()


@asynccontextmanager
async def loopback(*scripts: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serve until the block ends; what went wrong in a script is raised then."""
    served = Loopback(scripts)
    running: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(served.serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(lambda _: writer.close())  # also of one that is cancelled before it begins

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    served.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield served
    finally:
        server.close()
        for task in tuple(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed just now lets go of its socket
    if served.faults:
        raise served.faults[0]


def sse(*events: JsonValue) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
