"""From the table to the feature: validation, order, failures."""

import asyncio
import json
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.app import Services
from maestro.lsp.connection import Request
from maestro.lsp.context import RequestContext, Work
from maestro.lsp.dispatch import Dispatcher, Turnstiles, validate
from maestro.lsp.messages import RpcError
from maestro_protocol.base import JsonObject, Params
from maestro_protocol.methods import BY_NAME, METHODS
from tests.unit.lsp.features import session
from tests.unit.lsp.peer import Peer, RecordingBackend

SET_DEFAULT = "maestro/session/setDefault"


@pytest.fixture(autouse=True)
def fresh_features() -> Iterator[None]:
    yield
    session.entered.clear()
    session.gates.clear()


def dispatcher(peer: Peer | None = None) -> Dispatcher:
    def context(request: Request, params: Params) -> RequestContext:
        services = cast("Services", None)
        return RequestContext(services, request.id, None, Work(cast("Peer", peer).outbox, None), 33)

    return Dispatcher(context, "tests.unit.lsp.features")


def request(method: str, params: object = None) -> Request:
    return Request(1, method, params)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_a_feature_is_found_by_name_and_its_result_is_json() -> None:
    peer = Peer(RecordingBackend())

    assert await dispatcher(peer).answer(request("maestro/session/list")) == b'{"sessions":[]}'


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["maestro/chat/send", "maestro/status", "maestro/status/didChange", "maestro/x", ""])
async def test_what_cannot_be_found_is_not_found(method: str) -> None:
    with pytest.raises(RpcError) as caught:
        await dispatcher().answer(request(method, {"canary": 1}))
    assert caught.value.code == -32601


def test_broken_features_are_logged_and_hide_no_others(caplog: pytest.LogCaptureFixture) -> None:
    assert "maestro/session/list" in dispatcher()._features
    assert "maestro/chat/send has no feature: builtins.ValueError" in caplog.text
    assert "maestro/status has no feature: builtins.ModuleNotFoundError" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.asyncio
async def test_errors_for_people_become_error_answers() -> None:
    with pytest.raises(RpcError) as caught:
        await dispatcher(Peer(RecordingBackend())).answer(request("maestro/session/list", {"provider": "x"}))

    assert caught.value.code == 4101
    assert caught.value.data["candidates"] == ["openai"]


@pytest.mark.asyncio
async def test_a_result_that_cannot_be_written_is_a_fault_of_its_request_only() -> None:
    backend = RecordingBackend()
    peer = Peer(backend)
    backend.answer = dispatcher(peer).answer  # type: ignore[method-assign]
    peer.initialize()
    peer.request(1, "maestro/session/get", {"sessionId": "a"})
    peer.request(2, "maestro/session/list")

    assert (await peer.error(1))["code"] == -32603
    assert len(await peer.answers(2)) == 1


@pytest.mark.asyncio
async def test_requests_of_one_line_go_one_after_another() -> None:
    peer = Peer(RecordingBackend())
    ours = dispatcher(peer)
    session.gates.update({name: asyncio.Event() for name in "abc"})
    tasks = [asyncio.create_task(ours.answer(request(SET_DEFAULT, {"sessionId": name}))) for name in "abc"]
    await asyncio.sleep(0)
    assert session.entered == ["a"]
    tasks[1].cancel()
    assert await ours.answer(request("maestro/session/list"))  # stands in no line
    session.gates["a"].set()
    await tasks[0]
    session.gates["c"].set()
    await tasks[2]

    assert session.entered == ["a", "c"]
    assert tasks[1].cancelled()
    assert not ours._turnstiles._locks and not ours._turnstiles._users


@pytest.mark.asyncio
async def test_other_keys_do_not_wait() -> None:
    turnstiles = Turnstiles()
    async with turnstiles.turn("a"), turnstiles.turn("b"), turnstiles.turn(None), turnstiles.turn(None):
        pass
    assert not turnstiles._locks


def issues(method: str, params: object) -> list[JsonObject]:
    with pytest.raises(RpcError) as caught:
        validate(BY_NAME[method], params)  # type: ignore[arg-type]
    assert caught.value.code == -32602
    return caught.value.data["issues"]  # type: ignore[return-value]


def test_misfits_are_named_by_path_and_never_repeated() -> None:
    params = {
        "messages": [{"role": "canary", "content": [{"type": "canary"}]}],
        "tools": "canary",
        "params": {"maxTokens": 0},
    }
    found = issues("maestro/chat/complete", params)

    assert {issue["path"] for issue in found} >= {"messages[0].role", "tools", "params.maxTokens"}
    assert "canary" not in json.dumps(found)


@pytest.mark.parametrize("params", [[], [1], "x", 3, True])
def test_params_are_an_object(params: object) -> None:
    assert issues("maestro/session/list", params)[0]["path"] == ""


def test_unknown_and_missing_fields_are_named() -> None:
    assert [issue["path"] for issue in issues("maestro/session/get", {"sessionID": "x"})] == ["sessionId", "sessionID"]


@pytest.mark.parametrize("params", [None, {}, {"provider": None}, {"workDoneToken": 1, "partialResultToken": "x"}])
def test_null_is_absent(params: JsonObject | None) -> None:
    assert validate(BY_NAME["maestro/session/list"], params)
    assert validate(BY_NAME["maestro/model/list"], {"refresh": None}).to_wire() == {"refresh": False}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from([m for m in METHODS if m.kind == "request"]), VALUES)
@settings(deadline=None)
def test_whatever_the_params_are_they_fit_or_are_refused(method: object, params: object) -> None:
    try:
        validate(method, params)  # type: ignore[arg-type]
    except RpcError as error:
        assert error.code == -32602
        assert error.data["issues"]
