"""What a provider's failures look like to an editor."""

from collections.abc import Callable, Iterator

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.environment import environment
from tests.e2e.turns import check_turn, gemini_session, new_token, scripted, text_of
from tests.e2e.upstream import MODEL, Exchange, Script, Upstream, end, event, saying, text


@pytest.fixture(scope="module")
def provider() -> Iterator[Upstream]:
    with Upstream(saying("unused")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, provider: Upstream) -> Iterator[Client]:
    variables = environment(
        tmp_path_factory.mktemp("home"),
        GOOGLE_GEMINI_BASE_URL=provider.url,
        MAESTRO_RETRY__MAX_DELAY_MS="20",
        MAESTRO_TRANSPORT__IDLE_TIMEOUT_MS="1000",
    )
    with Client(variables) as client:
        client.initialize()
        gemini_session(client)
        yield client
        client.end()


def google_error(code: int, status: str, message: str = "The provider says no.") -> JsonObject:
    return {"error": {"code": code, "status": status, "message": message}}


def refusing(code: int, status: str) -> Script:
    return lambda exchange: exchange.answer(code, google_error(code, status))


def in_turn(*scripts: Script) -> Script:
    """The first request gets the first script, and so on; the last one stays."""
    left = list(scripts)
    return lambda exchange: (left.pop(0) if len(left) > 1 else left[0])(exchange)


Turn = tuple[object, list[JsonObject]]


@pytest.fixture
def run(client: Client, provider: Upstream) -> Callable[[Script], Turn]:
    def turn(script: Script) -> Turn:
        provider.script = script
        provider.exchanges.clear()
        token = new_token()
        request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
        client.wait(lambda m: m.get("id") == request_id and "method" not in m)
        return request_id, check_turn(client, request_id, token)

    return turn


def test_rate_limit_then_success_shows_the_retry(client: Client, run: Callable[[Script], Turn]) -> None:
    request_id, events = run(in_turn(refusing(429, "RESOURCE_EXHAUSTED"), saying("at last")))

    assert client.response(request_id)["stopReason"] == "endTurn"
    [retrying] = [e for e in events if e["type"] == "retrying"]
    assert retrying["attempt"] == 1
    assert retrying["delayMs"] >= 0
    assert (retrying["error"]["code"], retrying["error"]["data"]["httpStatus"]) == (4201, 429)
    assert text_of(events) == "at last"


def test_every_attempt_is_counted(client: Client, run: Callable[[Script], Turn]) -> None:
    busy = refusing(503, "UNAVAILABLE")
    request_id, events = run(in_turn(busy, busy, saying("at last")))

    assert client.response(request_id)["stopReason"] == "endTurn"
    assert [e["attempt"] for e in events if e["type"] == "retrying"] == [1, 2]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (refusing(401, "UNAUTHENTICATED"), 4002),
        (refusing(403, "PERMISSION_DENIED"), 4002),
        (refusing(400, "INVALID_ARGUMENT"), 4209),
        (refusing(404, "NOT_FOUND"), 4209),
        (refusing(429, "RESOURCE_EXHAUSTED"), 4201),
        (refusing(503, "UNAVAILABLE"), 4203),
        (lambda exchange: exchange.answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}), 4203),
    ],
    ids=["401", "403", "400", "404", "429", "503", "html"],
)
def test_refusals_end_the_turn_and_the_request_alike(
    client: Client, run: Callable[[Script], Turn], script: Script, code: int
) -> None:
    request_id, events = run(script)

    error = client.refusal(request_id)
    assert error.code == code
    assert events[-1]["stopReason"] == "error"
    assert events[-1]["error"]["code"] == code
    assert error.data["turnId"] == events[-1]["turnId"]
    assert error.data["provider"] == "gemini"
    assert error.message.endswith(".")


def test_error_inside_the_stream(client: Client, run: Callable[[Script], Turn]) -> None:
    request_id, events = run(lambda exchange: exchange.stream(text("so far"), google_error(503, "UNAVAILABLE")))

    error = client.refusal(request_id)
    assert 4201 <= error.code <= 4210
    assert error.data["turnId"] == events[-1]["turnId"]
    assert events[-1]["stopReason"] == "error"
    assert events[-1]["error"]["code"] == error.code
    assert text_of(events) == "so far"
    assert not any(e["type"] == "retrying" for e in events), "what was shown is not asked for again"


def test_stream_that_breaks_off(client: Client, run: Callable[[Script], Turn], provider: Upstream) -> None:
    request_id, events = run(lambda exchange: exchange.stream(text("so far")))

    assert client.refusal(request_id).code == 4205
    assert events[-1]["error"]["code"] == 4205
    assert text_of(events) == "so far"
    assert len(provider.exchanges) == 1


def test_connection_that_breaks_inside_an_event(client: Client, run: Callable[[Script], Turn]) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.open_stream()
        exchange.write(event(text("so far")) + event(text("lost"))[:30])
        exchange.handler.close_connection = True

    request_id, events = run(cut)

    assert client.refusal(request_id).code == 4205
    assert text_of(events) == "so far"


def test_stream_that_falls_silent(client: Client, run: Callable[[Script], Turn], provider: Upstream) -> None:
    """Keep-alives are no content."""

    def keep_alive(exchange: Exchange) -> None:
        exchange.open_stream()
        exchange.write(event(text("so far")))
        while not exchange.wait_gone(0.1):
            exchange.write(b": keep-alive\r\n\r\n")

    request_id, events = run(keep_alive)

    assert client.refusal(request_id).code == 4205
    assert text_of(events) == "so far"
    assert provider.exchanges[0].gone.wait(10)


def test_answer_that_is_no_stream(client: Client, run: Callable[[Script], Turn]) -> None:
    request_id, _ = run(lambda exchange: exchange.answer(200, b"<html></html>", {"Content-Type": "text/html"}))

    assert client.refusal(request_id).code in (4203, 4205, 4210)


def test_a_failed_turn_of_a_chat_leaves_the_chat_usable(client: Client, provider: Upstream) -> None:
    def send(**more: object) -> JsonObject:
        return {"input": "hi", "model": MODEL, "sessionId": "scripted", **more}

    provider.script = saying("first")
    chat_id = client.request("maestro/chat/send", send())["chatId"]
    provider.script = refusing(400, "INVALID_ARGUMENT")
    token = new_token()
    request_id = client.start("maestro/chat/send", send(chatId=chat_id, partialResultToken=token))
    error = client.refusal(request_id)
    events = check_turn(client, request_id, token)
    assert error.data["chatId"] == chat_id
    assert error.data["turnId"] == events[-1]["turnId"]

    provider.script = lambda exchange: exchange.stream(text("third"), end())
    token = new_token()
    request_id = client.start("maestro/chat/send", send(chatId=chat_id, partialResultToken=token))
    assert client.response(request_id)["chatId"] == chat_id
    assert check_turn(client, request_id, token)[0]["seq"] == events[-1]["seq"] + 1


def test_cancel_ends_the_wait_between_attempts(client: Client, provider: Upstream) -> None:
    def later(exchange: Exchange) -> None:
        exchange.answer(429, google_error(429, "RESOURCE_EXHAUSTED"), {"Retry-After": "60"})

    provider.script = later
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
    retrying = client.event(token, lambda e: e["type"] == "retrying")
    assert retrying["delayMs"] >= 60_000

    client.cancel(request_id)

    assert client.response(request_id)["stopReason"] == "cancelled"
    check_turn(client, request_id, token)


def test_unreachable_provider(client: Client) -> None:
    params = {"provider": "openai", "authType": "api_key", "name": "closed", "apiKey": "sk-no-key-0000"}
    client.request("maestro/session/create", params)

    error = client.refused("maestro/chat/complete", {**scripted(), "model": "openai/gpt-closed", "sessionId": "closed"})

    assert error.code == 4204
    assert error.data["retryable"] is True
