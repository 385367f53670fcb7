"""R1: exactly one answer per request id, whatever the client sends."""

import json
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from maestro_protocol.methods import METHODS
from tests.e2e.client import Client, key
from tests.e2e.environment import environment
from tests.e2e.frames import encode, frame

LENIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

STANDARD = (
    "textDocument/codeAction",
    "textDocument/hover",
    "textDocument/diagnostic",
    "workspace/executeCommand",
    "workspace/symbol",
    "codeAction/resolve",
    "window/workDoneProgress/cancel",
    "$/cancelRequest",
    "$/setTrace",
    "textDocument/didOpen",
    "textDocument/didChange",
    "initialized",
    "notebookDocument/didOpen",
)
OURS = tuple(method.name for method in METHODS)
KEYS = st.sampled_from(
    ("jsonrpc", "id", "method", "params", "result", "error", "sessionId", "messages", "input", "target", "_meta")
) | st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
IDS = (
    st.integers(-(2**53), 2**53)
    | st.text(max_size=40)
    | st.sampled_from(["", "0", "null", "\ud83d", "é" * 30, 0, -1, 2**31, 1.5, -0.25, 1e300])
)
NAMES = st.sampled_from(OURS + STANDARD) | st.text(max_size=30).filter(lambda m: m not in ("exit", "shutdown"))
MISSING = object()
ERROR_DATA = {"kind", "retryable"}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that gets every example of this module; nothing is retried and nobody consents."""
    variables = environment(tmp_path_factory.mktemp("home"), MAESTRO_RETRY__NETWORK="0", MAESTRO_AUDIT__CONSENT="never")
    with Client(variables) as client:
        client.initialize()
        yield client
        client.end()


def wait_for_answers(client: Client, start: int, expected: int) -> list[JsonObject]:
    """The answers from message index `start` on, once there are `expected` of them and everything has settled."""
    client.wait_answers(expected, after=start)
    return client.settle(start)


@given(calls=st.lists(st.tuples(IDS, NAMES, VALUES | st.just(MISSING)), min_size=1, max_size=8))
@LENIENT
def test_every_request_is_answered_exactly_once(fuzzed: Client, calls: list[tuple[JsonValue, str, JsonValue]]) -> None:
    start = len(fuzzed.received())
    requests = []
    for request_id, method, params in calls:
        message: JsonObject = {"jsonrpc": "2.0", "id": request_id, "method": method}
        requests.append(message if params is MISSING else {**message, "params": params})
    fuzzed.send(*requests)

    answers = wait_for_answers(fuzzed, start, len(calls))

    assert sorted(key(m["id"]) for m in answers) == sorted(key(call[0]) for call in calls)
    for answer in answers:
        if error := answer.get("error"):
            assert isinstance(error["code"], int)
            assert isinstance(error["message"], str) and error["message"]
            assert error["data"].keys() >= ERROR_DATA


_serial = count(1)


def test_nested_jsonrpc_keys_are_data(shared_server: Client) -> None:
    content = {"type": "toolCall", "toolCallId": "a", "name": "t", "input": {"jsonrpc": "2.0", "id": 1, "method": "x"}}
    messages = [
        {"role": "user", "content": "hi", "_meta": {"jsonrpc": "2.0"}},
        {"role": "assistant", "content": [content]},
        {"role": "tool", "toolCallId": "a", "content": '{"jsonrpc": "2.0"}'},
        {"role": "user", "content": "and?"},
    ]

    result = shared_server.request("maestro/chat/complete", {"messages": messages})

    assert result["stopReason"] == "endTurn"


@pytest.mark.parametrize("request_id", [None, True, [1], {"a": 1}])
def test_an_id_that_is_none_is_refused_once(shared_server: Client, request_id: JsonValue) -> None:
    start = len(shared_server.received())
    shared_server.send_bytes(encode({"jsonrpc": "2.0", "id": request_id, "method": "maestro/status", "params": {}}))

    answers = shared_server.settle(start)

    assert [(m["id"], m["error"]["code"]) for m in answers] == [(None, -32600)]


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": "no-method"},
        {"jsonrpc": "2.0", "id": "no-method", "method": None},
        {"jsonrpc": "2.0", "id": "no-method", "method": 3, "params": {}},
        {"jsonrpc": "1.0", "id": "no-method", "method": "maestro/status"},
        {"id": "no-method", "method": "maestro/status"},
        {"jsonrpc": "2.0", "id": "no-method", "method": ["maestro/status"]},
    ],
    ids=json.dumps,
)
def test_an_envelope_that_fits_nothing_is_refused_by_id(shared_server: Client, message: JsonObject) -> None:
    unique = f"no-method-{next(_serial)}"
    shared_server.asked[key(unique)] += 1
    shared_server.send_bytes(encode({**message, "id": unique}))

    assert shared_server.refusal(unique).code == -32600


@pytest.mark.parametrize("batch", [[], [1], [{"jsonrpc": "2.0", "id": 1, "method": "maestro/status"}] * 2, [[]]])
def test_a_batch_is_one_invalid_request(shared_server: Client, batch: JsonValue) -> None:
    start = len(shared_server.received())
    shared_server.send_bytes(encode(batch))

    answers = shared_server.settle(start)

    assert [(m["id"], m["error"]["code"]) for m in answers] == [(None, -32600)]


@pytest.mark.parametrize("body", [b"null", b"3", b'"text"', b"true"])
def test_json_that_is_no_object_is_an_invalid_request(shared_server: Client, body: bytes) -> None:
    start = len(shared_server.received())
    shared_server.send_bytes(frame(body))

    answers = shared_server.settle(start)

    assert [(m["id"], m["error"]["code"]) for m in answers] == [(None, -32600)]


@given(reply=st.fixed_dictionaries({"id": IDS}, optional={"result": VALUES, "error": VALUES}))
@example(reply={"id": 1, "result": None, "error": {"code": 1}})
@LENIENT
def test_answers_nobody_asked_for_are_swallowed(fuzzed: Client, reply: JsonObject) -> None:
    if not {"result", "error"} & reply.keys():
        return
    start = len(fuzzed.received())
    fuzzed.send_bytes(encode({"jsonrpc": "2.0", **reply}))

    assert fuzzed.settle(start) == []


@given(method=NAMES, params=VALUES)
@LENIENT
def test_notifications_are_never_answered(fuzzed: Client, method: str, params: JsonValue) -> None:
    start = len(fuzzed.received())
    fuzzed.send_bytes(encode({"jsonrpc": "2.0", "method": method, "params": params}))

    assert fuzzed.settle(start) == []


def test_an_id_in_use_is_refused_and_the_first_request_goes_on(shared_server: Client) -> None:
    twins: list[JsonObject] = [
        {"jsonrpc": "2.0", "id": "twin", "method": "maestro/chat/complete", "params": {"messages": [_user("hi")]}},
        {"jsonrpc": "2.0", "id": "twin", "method": "maestro/status"},
    ]
    start = len(shared_server.received())
    shared_server.send(*twins)

    answers = wait_for_answers(shared_server, start, 2)

    assert [m["error"]["code"] for m in answers if "error" in m] == [-32600]
    assert [m["result"]["stopReason"] for m in answers if "result" in m] == ["endTurn"]
    assert shared_server.request("maestro/status")["state"]


def test_an_id_is_free_again_once_answered(shared_server: Client) -> None:
    for _ in range(3):
        start = len(shared_server.received())
        shared_server.start("maestro/status", request_id="again")
        assert "result" in wait_for_answers(shared_server, start, 1)[0]


def test_the_two_sides_may_use_the_same_ids(server: Client) -> None:
    """P18: an answer of the client never touches a request of the client, not even under an id of the server's kind."""
    for request_id in ("maestro-1", "maestro-2", 0):
        forged = {"jsonrpc": "2.0", "id": request_id, "result": {"stopReason": "forged"}}
        asked = {"jsonrpc": "2.0", "id": request_id, "method": "maestro/chat/complete"}
        server.send({**asked, "params": {"messages": [_user("hi")]}}, forged)

        assert server.response(request_id)["stopReason"] == "endTurn"


def test_half_an_emoji_in_an_id_comes_back(shared_server: Client) -> None:
    """T6: such a frame is only writable as ASCII JSON."""
    shared_server.start("maestro/status", request_id="\ud83d")

    assert shared_server.response("\ud83d")["state"]
    assert b'"\\ud83d"' in shared_server.stdout


def test_five_hundred_changes_leave_the_server_answering(shared_server: Client) -> None:
    """P17: notifications leave nothing behind that could collide with a request."""
    uri = "file:///changed.py"
    opened = {"uri": uri, "languageId": "python", "version": 0, "text": ""}
    shared_server.notify("textDocument/didOpen", {"textDocument": opened})
    for version in range(1, 501):
        change = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": str(version)}]}
        shared_server.notify("textDocument/didChange", change)
    shared_server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    assert shared_server.request("maestro/status")["state"]


def _user(text: str) -> JsonObject:
    return {"role": "user", "content": text}
