"""A chat stream over a real socket: retries, silence, interruption, resumption, and the connection it leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from maestro import chat_stream, provider
from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.provider import ChatStream, Retrying
from maestro.providers import registry
from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.retry import Refresh
from maestro.runtime import Runtime
from maestro.store.sessions import open_sessions
from maestro.streaming.messages import Content, Done, FunctionCall, FunctionCallDelta, ResumePoint, UsageReport
from maestro.streaming.parser import StreamParser
from maestro.tokens import Access
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ChatParams
from maestro_protocol.settings import Settings
from tests.unit.loopback import Loopback, Peer, Script, loopback, sse

ID = "openai_compatible"
HELLO = [ChatMessage(role="user", content="hello")]
pytestmark = pytest.mark.asyncio


def delta(text: str) -> bytes:
    return sse({"choices": [{"index": 0, "delta": {"content": text}}]})


END = sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}) + b"data: [DONE]\n\n"


@asynccontextmanager
async def service(*scripts: Script, settings: JsonObject | None = None, name: str = ID) -> AsyncIterator[Loopback]:
    """A loopback server as the provider `openai_compatible`, retried without delay."""
    async with loopback(*scripts) as server:
        wire: JsonObject = {
            "retry": {"baseDelayMs": 0},
            "providers": {name: {"baseUrl": server.url, "background": True}},
            **(settings or {}),
        }
        with TemporaryDirectory() as home:
            runtime = Runtime(Settings.from_wire(wire), open_sessions({"MAESTRO_HOME": home}), {})
            await runtime.sessions.sync()
            provider.use(runtime)
            try:
                yield server
            finally:
                provider.use(None)
                await runtime.aclose()


def chat() -> ChatStream:
    return provider.stream_chat(ID, None, HELLO, model="m")


def counted() -> dict[str, tuple[int, int, int, int]]:
    """By class: attempts, successes, exhausted and cancelled; of requests without a session."""
    rows = provider.current().counters.rows()
    assert {(row.provider, row.session_id) for row in rows} <= {(ID, None)}
    return {row.class_: (row.attempts, row.successes, row.exhausted, row.cancelled) for row in rows}


async def failing(stream: ChatStream) -> tuple[list[Any], MaestroError]:
    """What came before the failure, and the failure."""
    items: list[Any] = []
    with pytest.raises(MaestroError) as caught:
        async for item in stream:
            items.append(item)
    assert [item async for item in stream] == []
    assert caught.value.__context__ is None
    return items, caught.value


def answering(*chunks: bytes) -> Script:
    async def script(peer: Peer) -> None:
        while True:
            await peer.receive()
            await peer.stream(*chunks)

    return script


def refusing(status: int, body: Any = None, **headers: str) -> Script:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(status, body or {"error": {"message": "the service's words"}}, **headers, connection="close")

    return script


def cutting(*chunks: bytes) -> Script:
    """Answers so much and hangs up."""

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        for data in chunks:
            await peer.chunk(data)

    return script


def stalling(*chunks: bytes, closed: asyncio.Event, said: asyncio.Event | None = None) -> Script:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        for data in chunks:
            await peer.chunk(data)
        if said:
            said.set()
        await peer.gone()
        closed.set()

    return script


async def test_nothing_is_sent_before_the_first_message_is_asked_for() -> None:
    async with service(answering(delta("hi"), END)) as server:
        stream = chat()
        assert server.connections == 0
        items = [item async for item in stream]
        assert items[0] == Content("hi")
        assert isinstance(items[-1], Done)
        assert [item async for item in stream] == []
        assert server.requests[0].json["messages"] == [{"role": "user", "content": "hello"}]


async def test_the_connection_is_used_again() -> None:
    async with service(answering(delta("hi"), END)) as server:
        for _ in range(3):
            assert [item async for item in chat()]
        assert server.connections == 1
        assert counted() == {"ok": (3, 3, 0, 0)}


async def test_closing_right_after_the_end_keeps_the_connection() -> None:
    async with service(answering(delta("hi"), END)) as server:
        for _ in range(2):
            stream = chat()
            async for item in stream:
                if isinstance(item, Done):
                    break
            await stream.aclose()
        assert server.connections == 1
        assert counted() == {"ok": (2, 2, 0, 0)}


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (refusing(429), 4201),
        (refusing(429, retry_after="0"), 4201),
        (refusing(503), 4203),
        (refusing(500, b"<html><title>Bad Gateway</title></html>", content_type="text/html"), 4203),
        (cutting(), 4204),
        (answering(sse({"error": {"message": "busy", "code": 503}})), 4203),
        (answering(b""), 4205),
        (answering(sse({"choices": [{"index": 0, "delta": {"role": "assistant"}}]})), 4205),
    ],
)
async def test_what_fails_before_any_content_is_tried_again(script: Script, code: int) -> None:
    async with service(script, answering(delta("hi"), END)) as server:
        if script.__qualname__.startswith("answering"):
            server.scripts = [once(script), *server.scripts[1:]]
        retrying, content, *rest = [item async for item in chat()]
        assert isinstance(retrying, Retrying)
        assert (retrying.attempt, retrying.delay_ms, retrying.error.code) == (1, 0, code)
        assert content == Content("hi")
        assert isinstance(rest[-1], Done)
        assert list(counted().values()) == [(2, 1, 0, 0)]
        assert "ok" not in counted()


def once(script: Script) -> Script:
    """Hangs up after one answer."""

    async def served(peer: Peer) -> None:
        async def receive(first: Callable[[], Any] = peer.receive) -> Any:
            if peer.requests:
                raise ConnectionError
            return await first()

        peer.receive = receive  # type: ignore[method-assign]
        await script(peer)

    return served


async def test_the_pause_comes_after_its_announcement() -> None:
    async with service(refusing(429, retry_after="30"), answering(END)) as server:
        stream = chat()
        retrying = await anext(stream)
        assert isinstance(retrying, Retrying)
        assert (retrying.delay_ms, retrying.error.data.retry_after_ms) == (30_000, 30_000)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await provider.interrupt_stream(stream)
        with pytest.raises(StopAsyncIteration):
            await waiting
        assert server.connections == 1
        assert counted() == {"rate_limited": (1, 0, 0, 1)}


async def test_the_wait_is_real() -> None:
    async with service(refusing(429, retry_after_ms="20"), answering(END)):
        retrying, *_ = [item async for item in chat()]
        assert isinstance(retrying, Retrying)
        assert retrying.delay_ms == 20


async def test_a_parser_that_just_stops_is_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StreamParser, "feed", lambda *_: [])
    monkeypatch.setattr(StreamParser, "close", lambda _: [])
    async with service(answering(END)):
        _, error = await failing(chat())
        assert error.code == 4205


async def test_attempts_end_with_the_failure() -> None:
    async with service(refusing(500, x_request_id="req_5")) as server:
        items, error = await failing(chat())
        assert [item.attempt for item in items] == [1, 2]
        assert (error.code, error.data.http_status, error.data.upstream_request_id) == (4203, 500, "req_5")
        assert (error.data.provider, error.data.model, error.data.retryable) == (ID, "m", True)
        assert "the service's words" in error.message
        assert server.connections == 3
        assert counted() == {"server": (3, 0, 1, 0)}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"error": {"message": "Incorrect API key"}}, 4002),
        (400, {"error": {"message": "bad", "code": "context_length_exceeded"}}, 4206),
        (400, {"error": {"message": "bad"}}, 4209),
        (402, {"error": {"message": "pay"}}, 4202),
        (308, b"<html><title>Moved</title></html>", 4209),
    ],
)
async def test_what_cannot_change_is_not_tried_again(status: int, body: JsonObject, code: int) -> None:
    async with service(refusing(status, body)) as server:
        items, error = await failing(chat())
        assert (items, error.code, server.connections) == ([], code, 1)


@pytest.mark.parametrize("end", ["cut", "reset", "end", "error"])
async def test_a_failure_after_content_is_told_and_not_repeated(end: str) -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        await peer.chunk(delta("par") + delta("tial"))
        await read.wait()
        if end == "reset":
            await peer.chunk(b'data: {"choi')
            peer.reset()
        elif end == "end":
            await peer.end()
        elif end == "error":
            await peer.chunk(sse({"error": {"message": "busy", "code": 503}}))
            await peer.end()

    async with service(script) as server:
        stream = chat()
        assert [await anext(stream), await anext(stream)] == [Content("par"), Content("tial")]
        read.set()
        _, error = await failing(stream)
        assert (error.code, error.kind, server.connections) == (4205, "streamInterrupted", 1)
        assert counted() == {"stream_interrupted": (1, 0, 1, 0)}


async def test_a_page_instead_of_a_stream_is_a_failure_of_the_service() -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.receive()
            await peer.reply(200, b"<html><title>Sign in to the portal</title></html>", content_type="text/html")

    async with service(script):
        _, error = await failing(chat())
        assert error.code == 4203


async def test_an_error_as_json_with_200_is_read() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(200, {"error": {"message": "no such model", "type": "invalid_request_error"}})

    async with service(script):
        _, error = await failing(chat())
        assert (error.code, "no such model" in error.message) == (4209, True)


async def test_a_filter_is_an_ending_not_a_failure() -> None:
    async with service(refusing(400, {"error": {"message": "no", "code": "content_filter"}})):
        *_, done = [item async for item in chat()]
        assert isinstance(done, Done)
        assert (done.stop_reason, done.raw_stop_reason) == ("contentFilter", "content_filter")


async def test_cancelling_the_reader_closes_the_socket_first() -> None:
    closed, said = asyncio.Event(), asyncio.Event()
    async with service(stalling(delta("hi"), closed=closed, said=said)):
        stream = chat()

        async def read() -> None:
            async for _ in stream:
                pass

        reader = asyncio.create_task(read())
        await said.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await closed.wait()
        assert (counted(), reader.cancelling()) == ({"ok": (1, 0, 0, 1)}, 1)
        assert [item async for item in stream] == []


async def test_interrupting_ends_the_reader_without_an_error() -> None:
    closed, said = asyncio.Event(), asyncio.Event()
    async with service(stalling(delta("hi"), closed=closed, said=said)):
        stream = chat()

        async def read() -> list[Any]:
            return [item async for item in stream]

        reader = asyncio.create_task(read())
        await said.wait()
        await asyncio.sleep(0)
        await provider.interrupt_stream(stream)
        await provider.interrupt_stream(stream)
        assert all(item == Content("hi") for item in await reader)
        await closed.wait()
        assert (counted(), reader.cancelling()) == ({"ok": (1, 0, 0, 1)}, 0)


async def test_cancelling_and_interrupting_at_once_is_a_cancellation() -> None:
    closed, said = asyncio.Event(), asyncio.Event()
    async with service(stalling(closed=closed, said=said)):
        stream = chat()
        reader = asyncio.ensure_future(anext(stream))
        await said.wait()
        await stream.interrupt()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await closed.wait()


async def test_interrupting_before_the_status_closes_the_socket() -> None:
    closed, asked = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        asked.set()
        await peer.gone()
        closed.set()

    async with service(script):
        stream = chat()
        reader = asyncio.ensure_future(anext(stream))
        await asked.wait()
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await reader
        await closed.wait()


async def test_closing_between_two_messages_closes_the_socket() -> None:
    closed = asyncio.Event()
    async with service(stalling(delta("hi"), closed=closed)):
        stream = chat()
        assert await anext(stream) == Content("hi")
        await provider.interrupt_stream(stream)
        await closed.wait()
        await stream.aclose()
        assert counted() == {"ok": (1, 0, 0, 1)}


async def test_keep_alives_do_not_hold_off_the_watchdog() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        while True:
            await peer.chunk(b": keep-alive\n\n")
            await asyncio.sleep(0.01)

    settings: JsonObject = {"transport": {"idleTimeoutMs": 60}, "retry": {"network": 0}}
    async with service(script, settings=settings):
        _, error = await failing(chat())
        assert ("idleTimeoutMs" in error.message, error.code) == (True, 4204)


async def test_a_reader_that_takes_its_time_does_not_wake_the_watchdog() -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.start()
        await peer.chunk(delta("hi"))
        await go_on.wait()
        await peer.chunk(END)
        await peer.end()

    async with service(script, settings={"transport": {"idleTimeoutMs": 60}}):
        stream = chat()
        await anext(stream)
        await asyncio.sleep(0.2)  # longer than the patience; nobody reads
        go_on.set()
        assert isinstance([item async for item in stream][-1], Done)


async def test_a_fault_of_ours_still_closes_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = asyncio.Event()

    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(chat_stream, "StreamParser", broken)
    async with service(stalling(closed=closed)):
        with pytest.raises(ZeroDivisionError):
            await anext(chat())
        await closed.wait()


class _Plain:
    """Bytes that come from no socket, as the offline provider's do."""

    wire = "chat"
    request_id = None

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk

    async def aclose(self) -> None:
        self.chunks = []


class _Role:
    """Fails as told, then answers; resumable."""

    def __init__(self, *outcomes: UpstreamError | ByteStream) -> None:
        self.outcomes = list(outcomes)
        self.points: list[ResumePoint] = []

    async def open_stream(self, connection: Connection, request: ChatRequest) -> ByteStream:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, UpstreamError):
            raise outcome
        return outcome

    async def resume_stream(self, connection: Connection, point: ResumePoint) -> ByteStream:
        self.points.append(point)
        return await self.open_stream(connection, ChatRequest("m", ()))


async def test_an_expired_login_is_renewed_once() -> None:
    expired = UpstreamError(Failure("auth_expired", "old"), http_status=401)
    renewed: list[int] = []

    class Renewable(Access):
        @property
        def refresh(self) -> Refresh:
            async def renew() -> None:
                renewed.append(1)

            return renew

    async with service(answering(END)):
        runtime, ready = provider.current(), provider.connection(ID)
        request = ChatRequest("m", tuple(HELLO), ChatParams())

        def stream(*outcomes: Any) -> ChatStream:
            role = _Role(*outcomes)
            count = runtime.counters.request(ID)
            return ChatStream(Renewable(runtime, ready), request, role, runtime.settings, count)

        assert isinstance([item async for item in stream(expired, _Plain(END))][-1], Done)
        _, error = await failing(stream(expired, expired))
        assert (error.code, len(renewed)) == (4002, 2)  # the session holds a key, which does not expire
        assert counted() == {"auth_expired": (4, 1, 1, 0)}


def event(kind: str, number: int, **more: Any) -> bytes:
    return sse({"type": f"response.{kind}", "sequence_number": number, **more})


def created(number: int = 0) -> bytes:
    response = {"id": "resp_1", "status": "queued", "background": True, "output": []}
    return event("created", number, response=response) + event("queued", number + 1, response=response)


def words(number: int, text: str) -> bytes:
    return event("output_text.delta", number, output_index=0, content_index=0, item_id="msg_1", delta=text)


def completed(number: int) -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    return event("completed", number, response={"id": "resp_1", "status": "completed", "output": [], "usage": usage})


async def resumed(*scripts: Script, **transport: int) -> tuple[list[Any], Loopback]:
    settings: JsonObject = {"transport": dict(transport)} if transport else {}
    async with service(*scripts, settings=settings, name="openai") as server:
        await provider.create_session("openai", "api_key", name="work", api_key="sk-0123456789ab")
        stream = provider.stream_chat("openai", "work", HELLO, model="gpt-5.5")
        return [item async for item in stream], server


async def test_a_background_answer_goes_on_where_it_broke_off() -> None:
    items, server = await resumed(
        cutting(created(), words(2, "one "), words(3, "two "), b'data: {"type": "respon'),
        cutting(words(4, "three "), words(5, "four ")),
        refusing(503),
        answering(words(6, "five"), completed(7)),
    )
    assert "".join(item.text for item in items if isinstance(item, Content)) == "one two three four five"
    assert isinstance(items[-1], Done)
    assert sum(isinstance(item, Done) for item in items) == 1
    assert not any(isinstance(item, Retrying) for item in items)
    assert [item.usage.total_tokens for item in items if isinstance(item, UsageReport)] == [3]
    paths = [request.path for request in server.requests]
    assert paths[1] == "/responses/resp_1?stream=true&starting_after=3"
    assert paths[2] == paths[3] == "/responses/resp_1?stream=true&starting_after=5"


async def test_a_background_answer_goes_on_before_its_first_word_too() -> None:
    items, server = await resumed(cutting(created()), answering(words(2, "hi"), completed(3)))
    assert [item for item in items if isinstance(item, Content)] == [Content("hi")]
    assert [request.method for request in server.requests] == ["POST", "GET"]


async def test_a_background_answer_that_falls_silent_goes_on() -> None:
    closed = asyncio.Event()
    items, _ = await resumed(
        stalling(created(), words(2, "one "), closed=closed),
        answering(words(3, "two"), completed(4)),
        idleTimeoutMs=50,
    )
    assert "".join(item.text for item in items if isinstance(item, Content)) == "one two"
    await closed.wait()


@pytest.mark.parametrize("status", [503, 404])
async def test_resuming_has_an_end(status: int) -> None:
    async with service(cutting(created(), words(2, "hi")), refusing(status), name="openai") as server:
        await provider.create_session("openai", "api_key", name="work", api_key="sk-0123456789ab")
        items, error = await failing(provider.stream_chat("openai", "work", HELLO, model="gpt-5.5"))
        assert (error.code, [item for item in items if isinstance(item, Content)]) == (4205, [Content("hi")])
        assert [request.method for request in server.requests].count("GET") == {503: 3, 404: 1}[status]


def item(kind: str, number: int, **fields: Any) -> bytes:
    row = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "", **fields}
    return event(f"output_item.{kind}", number, output_index=1, item=row)


def piece(number: int, text: str) -> bytes:
    return event("function_call_arguments.delta", number, output_index=1, delta=text)


async def test_a_break_inside_a_character_and_inside_a_call_loses_nothing() -> None:
    arguments = '{"a":"\U0001f600"}'
    items, _ = await resumed(
        cutting(created(), words(2, "llo \ud83d")),
        cutting(words(3, "\ude00 wor"), item("added", 4), piece(5, '{"a":"\ud83d')),
        answering(piece(6, '\ude00"}'), item("done", 7, arguments=arguments), completed(8)),
    )
    assert "".join(item.text for item in items if isinstance(item, Content)) == "llo \U0001f600 wor"
    assert "".join(item.text for item in items if isinstance(item, FunctionCallDelta)) == arguments
    assert [item.arguments for item in items if isinstance(item, FunctionCall)] == [{"a": "\U0001f600"}]


@pytest.mark.parametrize("how", ["close", "interrupt", "cancel"])
async def test_a_background_answer_that_is_given_up_is_cancelled_at_the_service(how: str) -> None:
    cancelled, closed, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        cancelled.set()
        await answered.wait()
        await peer.reply(500, b"nobody reads this", connection="close")

    async with service(stalling(created(), words(2, "hi"), closed=closed), script, name="openai") as server:
        await provider.create_session("openai", "api_key", name="work", api_key="sk-0123456789ab")
        stream = provider.stream_chat("openai", "work", HELLO, model="gpt-5.5")
        assert await anext(stream) == Content("hi")
        if how == "close":
            await stream.aclose()
        else:
            reader = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            await stream.interrupt() if how == "interrupt" else reader.cancel()
            with pytest.raises((StopAsyncIteration, asyncio.CancelledError)):
                await reader
        await stream.aclose()
        await closed.wait()
        await cancelled.wait()  # nobody waited for its answer
        (detached,) = chat_stream._cancelling
        answered.set()
        await detached
        assert [(request.method, request.path) for request in server.requests[1:]] == [
            ("POST", "/responses/resp_1/cancel")
        ]
        assert not chat_stream._cancelling


async def test_what_ended_or_runs_in_the_foreground_is_not_cancelled() -> None:
    foreground = created().replace(b"true", b"false").replace(b"response.queued", b"response.in_progress")
    for began in (created() + words(2, "hi") + completed(3), foreground + words(2, "hi")):
        async with service(answering(began), name="openai") as server:
            await provider.create_session("openai", "api_key", name="work", api_key="sk-0123456789ab")
            stream = provider.stream_chat("openai", "work", HELLO, model="gpt-5.5")
            assert await anext(stream) == Content("hi")
            await stream.aclose()
            assert not chat_stream._cancelling
            assert len(server.requests) == 1


async def test_a_refused_key_marks_its_session() -> None:
    async with service(refusing(401, {"error": {"message": "Incorrect API key"}}), name="openai"):
        await provider.create_session("openai", "api_key", name="work", api_key="sk-0123456789ab")
        _, error = await failing(provider.stream_chat("openai", "work", HELLO))
        assert "session 'work'" in error.message
        assert "create the session again" in error.message
        assert "sk-0123456789ab" not in error.message
        assert provider.current().sessions.find("work").session.status == "needsLogin"


async def test_registry_modules_are_what_the_stream_uses() -> None:
    assert hasattr(registry.resolve("openai", registry.STREAMING), "resume_stream")
