"""The HTTP layer says exactly what it should, and notices who closed what."""

import asyncio

import httpx
import pytest

from tests.simulators.http import Server, chunk, head_bytes
from tests.simulators.wire import Answer, Hangup, Paced, Request, Reset, Stall, json_answer

pytestmark = pytest.mark.asyncio


class _Serving:
    """A server that gives one answer to all requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.server = Server(self._handle)

    async def _handle(self, request: Request) -> Answer:
        return self.answer

    async def __aenter__(self) -> Server:
        await self.server.start()
        return self.server

    async def __aexit__(self, *_: object) -> None:
        await self.server.aclose()


async def _raw(server: Server, request: bytes) -> bytes:
    """All bytes the server sends to this request until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received


async def test_an_answer_is_exact_to_the_byte() -> None:
    async with _Serving(Answer(529, {"x-one": "1"}, (b"ab", b"c"))) as server:
        received = await _raw(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert received == b"HTTP/1.1 529 Overloaded\r\nx-one: 1\r\ncontent-length: 3\r\n\r\nabc"


async def test_a_chunked_answer_is_exact_to_the_byte() -> None:
    async with _Serving(Answer(200, {}, (b"ab", b"", b"c"), "chunked")) as server:
        received = await _raw(server, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert received == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async with _Serving(Answer(200, {}, (b"ab",), "close")) as server:
        assert (await _raw(server, b"GET / HTTP/1.1\r\n\r\n")).endswith(b"connection: close\r\n\r\nab")


async def test_requests_are_recorded_as_received() -> None:
    async with _Serving(json_answer(200, {})) as server:
        body = b"2\r\n{\n\r\n3;x=y\r\n\n }\r\n0\r\n\r\n"
        await _raw(
            server,
            b"POST /a?b=c%20d HTTP/1.1\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body,
        )
        request = server.requests[0]
    assert request.raw_headers[0] == ("X-One", "1")
    assert (request.method, request.path, request.query, request.body) == ("POST", "/a", {"b": "c d"}, b"{\n\n }")
    assert request.json == {}


async def test_one_connection_serves_many_requests() -> None:
    async with _Serving(json_answer(200, {})) as server, httpx.AsyncClient() as client:
        for _ in range(3):
            await client.get(f"http://127.0.0.1:{server.port}/")
        assert len(server.requests) == 3
        assert len(server.connections) == len(server.open_connections) == 1


@pytest.mark.parametrize(
    "junk", [b"hello\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n"]
)
async def test_junk_is_refused(junk: bytes) -> None:
    async with _Serving(json_answer(200, {})) as server:
        assert (await _raw(server, junk)).startswith(b"HTTP/1.1 400 ")
        assert server.requests == []


async def test_a_client_that_leaves_is_noticed_while_the_server_is_silent() -> None:
    async with _Serving(Answer(200, {}, (b"x", Stall()), "chunked")) as server, httpx.AsyncClient() as client:
        async with client.stream("GET", f"http://127.0.0.1:{server.port}/") as response:
            assert await anext(response.aiter_raw()) == b"x"
            (connection,) = server.open_connections
        await connection.closed.wait()
    assert connection.closed_by == "client"
    assert connection.closed_at is not None and connection.closed_at > connection.opened_at


async def test_a_reset_is_a_reset() -> None:
    async with _Serving(Answer(200, {}, (b"x", Reset()), "chunked")) as server, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ReadError):
            await client.get(f"http://127.0.0.1:{server.port}/")
        await server.until(lambda: not server.open_connections)
    assert server.connections[0].closed_by == "server"


async def test_a_hangup_is_no_end_of_a_body() -> None:
    async with _Serving(Answer(200, {}, (b"x", Hangup()), "chunked")) as server, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"http://127.0.0.1:{server.port}/")


async def test_a_stall_with_comments_ends_when_the_answer_is_stopped() -> None:
    stop = asyncio.Event()
    answer = Answer(200, {}, (Stall(b":\n", 0.001), b"never"), "chunked", stop=stop)
    async with _Serving(answer) as server, httpx.AsyncClient() as client:
        async with client.stream("GET", f"http://127.0.0.1:{server.port}/") as response:
            parts = response.aiter_raw()
            assert await anext(parts) == b":\n"
            stop.set()
            assert b"never" not in b"".join([part async for part in parts])


async def test_paced_streams_share_a_timer_and_all_arrive() -> None:
    parts = tuple(b"%d\n" % number for number in range(20))
    async with _Serving(Answer(200, {}, (Paced(parts, 1000),), "chunked")) as server, httpx.AsyncClient() as client:
        replies = await asyncio.gather(*(client.get(f"http://127.0.0.1:{server.port}/") for _ in range(5)))
    assert [reply.content for reply in replies] == [b"".join(parts)] * 5


async def test_closing_ends_streams_that_would_never_end() -> None:
    serving = _Serving(Answer(200, {}, (Stall(),), "chunked"))
    async with httpx.AsyncClient() as client:
        async with serving as server:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{server.port}/"))
            await server.until(lambda: bool(server.requests))
        with pytest.raises(httpx.TransportError):
            await asking


async def test_an_empty_part_does_not_end_a_chunked_body() -> None:
    assert chunk(b"") == b""
    assert b"content-length: 0" in head_bytes(Answer(204))
