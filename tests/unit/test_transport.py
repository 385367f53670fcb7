"""HTTP as services really answer it: streams, refusals, silence, resets, and the secrets that must not come along."""

import asyncio
import gzip
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from maestro import __version__
from maestro.failures import UpstreamError
from maestro.transport import HttpRequest, HttpStream, Transport, errors
from maestro_protocol.settings import TransportSettings
from tests.unit.loopback import Peer, loopback

KEY = "sk-canary-0123456789"
pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def client(**settings: int) -> AsyncIterator[Transport]:
    http = Transport(TransportSettings(**settings))
    try:
        yield http
    finally:
        await http.aclose()


def post(url: str) -> HttpRequest:
    return HttpRequest("POST", url, {"authorization": f"Bearer {KEY}"}, {"model": "m"})


async def read(stream: HttpStream) -> bytes:
    return b"".join([chunk async for chunk in stream])


async def refused(http: Transport, request: HttpRequest) -> UpstreamError:
    """The error of a request, which must show neither the key nor anything of httpx."""
    with pytest.raises(UpstreamError) as caught:
        await read(await http.open(request, "chat"))
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert KEY not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


async def silent(peer: Peer) -> None:
    await peer.receive()
    await peer.gone()


async def test_a_stream_is_asked_for_plainly_and_passed_on_as_bytes() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start(x_request_id="req_7")
        await peer.chunk(b"data: 1\n\n")
        await peer.chunk(b"data: 2\n\n")
        await peer.end()

    async with loopback(script) as server, client() as http:
        stream = await http.open(post(server.url), "responses")
        assert await read(stream) == b"data: 1\n\ndata: 2\n\n"
        assert (stream.wire, stream.request_id) == ("responses", "req_7")
        assert [chunk async for chunk in stream] == []
        [request] = server.requests
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["user-agent"] == f"maestro/{__version__}"
        assert request.headers["content-type"] == "application/json"
        assert request.body == b'{"model":"m"}'


async def test_a_json_answer_with_200_is_passed_on_as_bytes() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(200, {"error": "no"})

    async with loopback(script) as server, client() as http:
        assert await read(await http.open(post(server.url), "chat")) == b'{"error": "no"}'


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind"),
    [
        (401, {"error": {"message": "Incorrect API key provided"}}, {}, "auth_invalid"),
        (403, {"error": {"message": "no"}}, {}, "permission"),
        (404, {"error": {"message": "no such model"}}, {}, "invalid_request"),
        (429, {"error": {"message": "slow down"}}, {"retry-after": "7"}, "rate_limited"),
        (429, {"error": {"code": "insufficient_quota", "message": "pay"}}, {}, "billing_quota"),
        (500, b"<html><title>502 Bad Gateway</title></html>", {"content-type": "text/html"}, "server"),
        (503, b"", {}, "overloaded"),
    ],
)
async def test_a_refusal_is_read_and_classified(status: int, body: bytes, headers: dict[str, str], kind: str) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.receive()
            await peer.reply(status, body, **headers, x_request_id="req_9")

    async with loopback(script) as server, client() as http:
        error = await refused(http, post(server.url))
        assert (error.failure.kind, error.http_status, error.request_id) == (kind, status, "req_9")
        assert error.failure.retry_after == (7 if headers.get("retry-after") else None)
        await refused(http, post(server.url))
        assert server.connections == 1


async def test_the_services_word_on_retrying_is_kept() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(503, {}, x_should_retry="false")

    async with loopback(script) as server, client() as http:
        assert (await refused(http, post(server.url))).failure.should_retry is False


async def test_an_endless_refusal_is_read_up_to_a_limit() -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start(500)
        try:
            while True:
                await peer.chunk(b"x" * 4096)
        except ConnectionError:
            closed.set()

    async with loopback(script) as server, client() as http:
        assert (await refused(http, post(server.url))).failure.kind == "server"
        await closed.wait()


async def test_a_refusal_that_stalls_is_told_by_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_REFUSAL_SECONDS", 0.05)

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start(429, retry_after="3")
        await peer.chunk(b'{"error": {"message": "per minute"}}')
        await peer.gone()

    async with loopback(script) as server, client() as http:
        error = await refused(http, post(server.url))
        assert (error.failure.kind, error.failure.message) == ("rate_limited", "per minute")


async def test_redirects_are_not_followed() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(307, b"", location="http://127.0.0.1:1/elsewhere")

    async with loopback(script) as server, client() as http:
        assert (await refused(http, post(server.url))).http_status == 307
        assert len(server.requests) == 1


async def test_a_reset_within_an_event_is_a_network_failure() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start(x_request_id="req_1")
        await peer.chunk(b"data: {")
        heard.set()
        await read_it.wait()
        peer.reset()

    heard, read_it = asyncio.Event(), asyncio.Event()
    async with loopback(script) as server, client() as http:
        stream = await http.open(post(server.url), "chat")
        assert await anext(stream) == b"data: {"
        read_it.set()
        with pytest.raises(UpstreamError, match=r"The connection broke\.") as caught:
            await anext(stream)
        assert (caught.value.failure.kind, caught.value.request_id) == ("network", "req_1")
        assert caught.value.__context__ is None
        await stream.aclose()


async def test_a_body_without_its_last_chunk_is_a_network_failure() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        await peer.chunk(b"data: 1\n\n")

    async with loopback(script) as server, client() as http:
        error = await refused(http, post(server.url))
        assert error.failure.kind == "network"
        assert "closed before" in error.failure.message


async def test_hanging_up_before_the_answer_is_a_network_failure() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()

    async with loopback(script) as server, client() as http:
        assert (await refused(http, post(server.url))).failure.kind == "network"


async def test_silence_is_a_network_failure() -> None:
    async with loopback(silent) as server, client(read_timeout_ms=30) as http:
        error = await refused(http, post(server.url))
        assert (error.failure.kind, "readTimeoutMs" in error.failure.message) == ("network", True)


async def test_a_compressed_stream_is_read_all_the_same_and_its_truncation_adds_nothing() -> None:
    whole = gzip.compress(b"data: 1\n\ndata: 2\n\n")

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start(content_encoding="gzip")
        await peer.chunk(whole[:-12])
        await peer.end()

    async with loopback(script) as server, client() as http:
        assert b"data: 1\n\ndata: 2\n\n".startswith(await read(await http.open(post(server.url), "chat")))


async def test_a_body_that_is_not_compressed_as_it_says_is_malformed() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start(content_encoding="gzip")
        await peer.chunk(b"data: 1\n\n")
        await peer.end()

    async with loopback(script) as server, client() as http:
        assert (await refused(http, post(server.url))).failure.kind == "malformed"


@pytest.mark.parametrize(
    ("request_", "kind", "word"),
    [
        (post("http://no-such-host.invalid/v1"), "network", "host name"),
        (post("ftp://127.0.0.1/v1"), "invalid_request", "https://"),
        (post("http://127.0.0.1:port/v1"), "invalid_request", "not a URL"),
        (HttpRequest("GET", "http://127.0.0.1:1/", {"x-api-key": f"{KEY}…"}), "invalid_request", "header"),
        (HttpRequest("POST", "http://127.0.0.1:1/", {}, {"x": float("nan")}), "invalid_request", "number"),
    ],
)
async def test_requests_that_cannot_be_sent(request_: HttpRequest, kind: str, word: str) -> None:
    async with client() as http:
        error = await refused(http, request_)
        assert (error.failure.kind, word in error.failure.message) == (kind, True)


async def test_a_key_with_a_line_break_is_not_sent() -> None:
    async with loopback(silent) as server, client() as http:
        error = await refused(http, HttpRequest("GET", server.url, {"x-api-key": f"{KEY}\n"}))
        assert (error.failure.kind, "API key" in error.failure.message) == ("invalid_request", True)


async def test_nobody_listening_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with client() as http:
            error = await refused(http, post(f"http://127.0.0.1:{free.getsockname()[1]}"))
    assert (error.failure.kind, error.failure.message) == ("network", "Nothing accepts connections at its address.")


async def test_half_characters_do_not_break_a_request() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.stream(b"ok")

    async with loopback(script) as server, client() as http:
        await read(await http.open(HttpRequest("POST", server.url, {}, {"text": "a\ud83db"}), "chat"))
        assert server.requests[0].json == {"text": "a?b"}


async def test_cancelling_the_reader_closes_the_socket() -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        await peer.chunk(b"data: 1\n\n")
        await peer.gone()
        closed.set()

    async with loopback(script) as server, client() as http:
        stream = await http.open(post(server.url), "chat")
        assert await anext(stream)
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await closed.wait()
        await stream.aclose()


async def test_cancelling_before_the_status_closes_the_socket() -> None:
    closed, asked = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        asked.set()
        await peer.gone()
        closed.set()

    async with loopback(script) as server, client() as http:
        opening = asyncio.create_task(http.open(post(server.url), "chat"))
        await asked.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await closed.wait()


@pytest.mark.parametrize("twice", [False, True])
async def test_no_moment_of_cancelling_leaves_a_socket_open(twice: bool) -> None:
    """Cancels after every number of turns of the loop that a request takes up to its second chunk."""
    open_, all_closed = set[Peer](), asyncio.Condition()

    async def script(peer: Peer) -> None:
        open_.add(peer)
        try:
            await peer.receive()
            await peer.start()
            await peer.chunk(b"data: 1\n\n")
            await peer.gone()
        finally:
            open_.discard(peer)
            async with all_closed:
                all_closed.notify_all()

    async def use(http: Transport, url: str) -> None:
        await read(await http.open(post(url), "chat"))

    async with loopback(script) as server, client() as http:
        for turns in range(60):
            task = asyncio.create_task(use(http, server.url))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            if twice:
                await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with all_closed:
            await all_closed.wait_for(lambda: not open_)
        assert server.connections > 30


async def test_closing_from_another_task_ends_the_reader() -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        await peer.gone()
        closed.set()

    async with loopback(script) as server, client() as http:
        stream = await http.open(post(server.url), "chat")
        reader = asyncio.create_task(read(stream))
        await asyncio.sleep(0)
        await stream.aclose()
        await stream.aclose()
        assert await reader == b""
        await closed.wait()


async def answers(peer: Peer) -> None:
    while True:
        await peer.receive()
        await peer.stream(b"data: 1\n\n", b"data: [DONE]\n\n")


async def test_a_connection_is_used_again_after_its_end_was_read() -> None:
    async with loopback(answers) as server, client() as http:
        for _ in range(3):
            await read(await http.open(post(server.url), "chat"))
        assert (server.connections, len(server.requests)) == (1, 3)


async def test_a_connection_is_used_again_after_draining() -> None:
    async with loopback(answers) as server, client() as http:
        for _ in range(3):
            stream = await http.open(post(server.url), "chat")
            assert await anext(stream)
            await stream.drain()
        assert server.connections == 1


async def test_a_connection_that_was_cut_is_not_used_again() -> None:
    async with loopback(answers) as server, client() as http:
        for _ in range(2):
            stream = await http.open(post(server.url), "chat")
            await stream.aclose()
        assert server.connections == 2


@pytest.mark.parametrize("endless", [True, False])
async def test_draining_has_an_end(endless: bool) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        try:
            await peer.chunk(b"data: [DONE]\n\n")
            while endless:
                await peer.chunk(b": more\n\n" * 1024)
        except ConnectionError:
            pass
        await peer.gone()
        closed.set()

    async with loopback(script) as server, client() as http:
        stream = await http.open(post(server.url), "chat")
        await anext(stream)
        await stream.drain()
        await closed.wait()


async def test_fetch_reads_json() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(200, {"data": []}, x_more="yes")

    async with loopback(script) as server, client() as http:
        reply = await http.fetch(HttpRequest("GET", server.url + "/models", {}))
        assert (reply.status, reply.json, reply.headers["x-more"]) == (200, {"data": []}, "yes")
        assert server.requests[0].path == "/models"


@pytest.mark.parametrize("body", [b"<html>", b"\xff\xfe\xff", b'{"a":', b"[" * 100_000])
async def test_fetch_of_something_else_is_malformed(body: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(200, body)

    async with loopback(script) as server, client() as http:
        with pytest.raises(UpstreamError) as caught:
            await http.fetch(HttpRequest("GET", server.url, {}))
        assert (caught.value.failure.kind, caught.value.http_status) == ("malformed", 200)


async def test_fetch_that_breaks_off_is_a_network_failure() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[")

    async with loopback(script) as server, client() as http:
        with pytest.raises(UpstreamError) as caught:
            await http.fetch(HttpRequest("GET", server.url, {}))
        assert caught.value.failure.kind == "network"


async def test_cookies_are_not_kept() -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.receive()
            await peer.reply(200, {}, set_cookie="who=you; Path=/")

    async with loopback(script) as server, client() as http:
        for _ in range(2):
            await http.fetch(HttpRequest("GET", server.url, {}))
        assert "cookie" not in server.requests[1].headers


async def test_proxies_come_from_the_environment_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.receive()
            await peer.reply(200, {})

    async with loopback(script) as proxy, loopback(script) as local, client() as http:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        await http.fetch(HttpRequest("GET", "http://gateway.invalid/v1/models", {}))
        await http.fetch(HttpRequest("GET", local.url, {}))
        assert [request.path for request in proxy.requests] == ["http://gateway.invalid/v1/models"]
        assert len(local.requests) == 1


async def test_logs_show_neither_keys_nor_addresses(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with loopback(answers) as server, client() as http:
            await read(await http.open(post(server.url + "/secret-path"), "chat"))
    assert KEY not in caplog.text
    assert "secret-path" not in caplog.text


async def test_a_request_never_shows_its_headers() -> None:
    assert KEY not in repr(post("http://127.0.0.1"))
