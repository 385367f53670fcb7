"""Cancel: one door, one answer, one terminal event, and a closed socket."""

import threading
from collections.abc import Iterator

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client, ResponseError, request
from tests.e2e.environment import environment
from tests.e2e.turns import check_turn, complete, gemini_session, new_token, scripted
from tests.e2e.upstream import MODEL, Exchange, Upstream, never_ending

REQUEST_CANCELLED = -32800


@pytest.fixture(scope="module")
def provider() -> Iterator[Upstream]:
    with Upstream(never_ending()) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, provider: Upstream) -> Iterator[Client]:
    variables = environment(tmp_path_factory.mktemp("home"), GOOGLE_GEMINI_BASE_URL=provider.url)
    with Client(variables) as client:
        client.initialize()
        gemini_session(client)
        yield client
        client.end()


@pytest.fixture
def turn(client: Client, provider: Upstream) -> "Turn":
    return Turn(client, provider)


class Turn:
    """A turn that has said its first word and would go on for ever."""

    def __init__(self, client: Client, provider: Upstream, method: str = "maestro/chat/complete") -> None:
        self.client, self.token, self.work = client, new_token(), new_token()
        count = len(provider.exchanges) + 1
        params = scripted(partialResultToken=self.token, workDoneToken=self.work)
        if method == "maestro/chat/send":
            del params["messages"]
            params["input"] = "hi"
        self.id = client.start(method, params)
        self.exchange = provider.wait(count)
        client.event(self.token, lambda e: e["type"] == "text.delta")

    def check_cancelled(self) -> list[JsonObject]:
        result = self.client.response(self.id)
        assert result["stopReason"] == "cancelled"
        assert result["usage"]["totalTokens"] == 8, "what it had cost by then"
        assert self.exchange.gone.wait(10), "the provider's socket is closed"
        self.client.settle()
        assert len(self.client.responses(self.id)) == 1
        events = check_turn(self.client, self.id, self.token)
        assert events[-1]["stopReason"] == "cancelled"
        return events


def test_cancel_by_request_id_is_a_result(turn: Turn) -> None:
    turn.client.cancel(turn.id)

    turn.check_cancelled()


def test_cancel_by_work_done_token_is_the_same(turn: Turn) -> None:
    turn.client.notify("window/workDoneProgress/cancel", {"token": turn.work})

    turn.check_cancelled()
    assert [value["kind"] for value in turn.client.events(turn.work)][-1] == "end"


def test_cancel_by_chat_is_the_same(client: Client, provider: Upstream) -> None:
    turn = Turn(client, provider, "maestro/chat/send")
    chat_id = client.events(turn.token)[0]["chatId"]

    assert client.request("maestro/chat/cancel", {"chatId": chat_id})["status"] == "cancelling"

    turn.check_cancelled()
    assert client.request("maestro/chat/cancel", {"chatId": chat_id})["status"] == "idle"


def test_cancel_of_a_turn_by_its_id_spares_others(client: Client, provider: Upstream) -> None:
    turn = Turn(client, provider, "maestro/chat/send")
    started = client.events(turn.token)[0]

    other = {"chatId": started["chatId"], "turnId": "turn_of_somebody_else"}
    assert client.request("maestro/chat/cancel", other)["status"] == "idle"
    assert client.responses(turn.id) == []

    own = {"chatId": started["chatId"], "turnId": started["turnId"]}
    assert client.request("maestro/chat/cancel", own)["status"] == "cancelling"
    turn.check_cancelled()


def test_cancelling_many_times_is_cancelling_once(turn: Turn) -> None:
    """T1: a second cancel during the clean-up must not kill the terminal event."""
    for _ in range(5):
        turn.client.cancel(turn.id)
        turn.client.notify("window/workDoneProgress/cancel", {"token": turn.work})

    turn.check_cancelled()
    turn.client.cancel(turn.id)
    turn.client.settle()
    assert len(turn.client.responses(turn.id)) == 1


def test_cancels_that_hit_the_clean_up(client: Client, provider: Upstream) -> None:
    """T1: many turns are cancelled over and over, each time a little later in their clean-up."""
    turns = [Turn(client, provider) for _ in range(20)]
    for _ in range(10):
        for turn in turns:
            client.cancel(turn.id)
            client.notify("window/workDoneProgress/cancel", {"token": turn.work})

    for turn in turns:
        turn.check_cancelled()


def test_cancels_of_nothing_are_ignored(client: Client) -> None:
    for params in ({"id": 10**9}, {"id": "none"}, {"id": None}, {}, None, {"id": {"a": 1}}, [1]):
        client.notify("$/cancelRequest", params)
        client.notify("window/workDoneProgress/cancel", params)
    client.notify("window/workDoneProgress/cancel", {"token": "nobody"})

    assert client.request("maestro/status")["state"]


def test_cancel_without_tokens_still_answers(client: Client, provider: Upstream) -> None:
    count = len(provider.exchanges) + 1
    request_id = client.start("maestro/chat/complete", scripted())
    exchange = provider.wait(count)

    client.cancel(request_id)

    assert client.response(request_id)["stopReason"] == "cancelled"
    assert exchange.gone.wait(10)


def test_cancel_while_the_provider_says_nothing(client: Client, provider: Upstream) -> None:
    """Not even the status line has come."""
    silent = threading.Event()

    def say_nothing(exchange: Exchange) -> None:
        silent.set()
        exchange.wait_gone()
        exchange.handler.close_connection = True

    spoken, provider.script = provider.script, say_nothing
    try:
        count = len(provider.exchanges) + 1
        token = new_token()
        request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
        exchange = provider.wait(count)
        assert silent.wait(10)

        client.cancel(request_id)

        assert client.response(request_id)["stopReason"] == "cancelled"
        assert exchange.gone.wait(10)
        check_turn(client, request_id, token)
    finally:
        provider.script = spoken


@pytest.mark.parametrize("method", ["maestro/chat/complete", "maestro/status", "maestro/session/list", "no/such"])
def test_request_and_cancel_in_one_write_give_one_answer(client: Client, method: str) -> None:
    """R1: a request cancelled before its first step is answered too."""
    params = complete("hi", model=MODEL, sessionId="scripted") if method == "maestro/chat/complete" else {}
    ids = [f"{method}-{n}" for n in range(200)]
    for request_id in ids:
        cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": request_id}}
        client.send(request(request_id, method, params), cancel)

    for request_id in ids:
        _check_cancelled_or_done(client, request_id, method)
    client.settle()
    assert all(len(client.responses(request_id)) == 1 for request_id in ids[:3] + ids[-3:])
    assert client.tally() == {}


def _check_cancelled_or_done(client: Client, request_id: str, method: str) -> None:
    try:
        result = client.response(request_id)
    except ResponseError as error:
        assert error.code in (REQUEST_CANCELLED, -32601)
    else:
        assert method != "maestro/chat/complete" or result["stopReason"] == "cancelled"


def test_a_turn_cancelled_before_it_started_has_no_events(client: Client) -> None:
    token = new_token()
    params = scripted(partialResultToken=token)
    cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "early"}}
    client.send(request("early", "maestro/chat/complete", params), cancel)

    try:
        result = client.response("early")
    except ResponseError as error:
        assert error.code == REQUEST_CANCELLED
        assert client.events(token) == []
    else:
        assert result["stopReason"] == "cancelled"
        check_turn(client, "early", token)


def test_cancel_before_its_request_cancels_nothing(client: Client) -> None:
    cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "later"}}
    client.send(cancel, request("later", "maestro/status", {}))

    assert client.response("later")["state"]
