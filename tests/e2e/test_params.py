"""Parameters: refused by path and never repeated, `_meta` everywhere, null as absent."""

import pytest
from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from maestro_protocol.methods import METHODS, load
from tests.e2e.client import Client

INVALID_PARAMS = -32602
CANARY = "canary-8d1f"
REQUESTS = [m.name for m in METHODS if m.kind == "request" and m.direction == "clientToServer"]
ONE_OF_TWO = ("maestro/session/bind", "maestro/context/list")
"""No field is required, but one of two."""
NOTHING_REQUIRED = [
    m.name
    for m in METHODS
    if m.name in REQUESTS
    and m.name not in ONE_OF_TWO
    and not any(field.is_required() for field in load(m.params).model_fields.values())
]
WITH_REQUIRED = [m for m in REQUESTS if m not in NOTHING_REQUIRED]


@pytest.mark.parametrize("method", REQUESTS)
def test_unknown_field_is_named(shared_server: Client, method: str) -> None:
    error = shared_server.refused(method, {"unheardOf": CANARY})

    assert error.code == INVALID_PARAMS
    assert error.kind == "invalidParams"
    assert "unheardOf" in [issue["path"] for issue in error.data["issues"]]
    assert CANARY not in str(error.data) + error.message


@pytest.mark.parametrize("method", WITH_REQUIRED)
@pytest.mark.parametrize("params", [None, {}], ids=["absent", "empty"])
def test_missing_params_are_answered(shared_server: Client, method: str, params: JsonValue) -> None:
    """P1"""
    error = shared_server.refused(method, params)

    assert error.code == INVALID_PARAMS
    assert all(issue["path"] and issue["message"] for issue in error.data["issues"])


@pytest.mark.parametrize("method", NOTHING_REQUIRED)
@pytest.mark.parametrize("params", [None, {}], ids=["absent", "empty"])
def test_params_may_be_absent_where_nothing_is_required(
    shared_server: Client, method: str, params: JsonObject | None
) -> None:
    assert shared_server.request(method, params)


@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("params", [[], [CANARY], CANARY, 3, True], ids=repr)
def test_params_that_are_no_object(shared_server: Client, method: str, params: JsonValue) -> None:
    error = shared_server.refused(method, params)

    assert error.code in (INVALID_PARAMS, -32600)
    assert CANARY not in str(error.data) + error.message


USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("method", "params", "path"),
    [
        ("maestro/chat/complete", {"messages": []}, "messages"),
        ("maestro/chat/complete", {"messages": CANARY}, "messages"),
        ("maestro/chat/complete", {"messages": [USER, {"role": CANARY, "content": "x"}]}, "messages[1].role"),
        ("maestro/chat/complete", {"messages": [{"role": "user"}]}, "messages[0].content"),
        (
            "maestro/chat/complete",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": {"x": CANARY}}]}]},
            "messages[0].content[0].text",
        ),
        (
            "maestro/chat/complete",
            {"messages": [{"role": "user", "content": [{"type": CANARY}]}]},
            "messages[0].content[0]",
        ),
        ("maestro/chat/complete", {"messages": [USER], "params": {"temperature": CANARY}}, "params.temperature"),
        ("maestro/chat/complete", {"messages": [USER], "params": {"maxTokens": 0}}, "params.maxTokens"),
        (
            "maestro/chat/complete",
            {"messages": [USER], "tools": [{"name": CANARY + " !", "inputSchema": {}}]},
            "tools[0].name",
        ),
        ("maestro/chat/send", {"input": [{"type": "file", "uri": [CANARY]}]}, "input[0].uri"),
        ("maestro/session/create", {"provider": "gemini", "authType": CANARY, "name": "x"}, "authType"),
        ("maestro/session/create", {"provider": "gemini", "authType": "api_key", "name": ""}, "name"),
        (
            "maestro/session/create",
            {"provider": "gemini", "authType": "api_key", "name": "x", "apiKey": {"k": CANARY}},
            "apiKey",
        ),
        ("maestro/session/continue", {"loginId": "x", "inputs": {"apiKey": [CANARY]}}, "inputs.apiKey"),
        ("maestro/session/get", {"session_id": CANARY}, "session_id"),
        ("maestro/audit/run", {"target": {"uris": []}}, "target.uris"),
        ("maestro/audit/run", {"target": {"uris": [{"a": CANARY}]}}, "target.uris[0]"),
        ("maestro/audit/run", {"target": {"uri": "file:///a"}, "minSeverity": CANARY}, "minSeverity"),
        ("maestro/model/list", {"refresh": CANARY}, "refresh"),
    ],
)
def test_misfit_is_named_by_path_and_not_repeated(
    shared_server: Client, method: str, params: JsonObject, path: str
) -> None:
    error = shared_server.refused(method, params)

    assert error.code == INVALID_PARAMS
    assert any(issue["path"].startswith(path) for issue in error.data["issues"]), error.data["issues"]
    assert CANARY not in str(error.data) + error.message
    assert "pydantic" not in str(error.data) + error.message


def test_meta_is_allowed_everywhere(shared_server: Client) -> None:
    meta = {"class": 1, "gpt-4": {"_meta": None}, "jsonrpc": "2.0"}
    message = {"role": "user", "content": [{"type": "text", "text": "hi", "_meta": meta}], "_meta": meta}
    tool = {"name": "t", "inputSchema": {"type": "object"}, "_meta": meta}
    params = {"messages": [message], "tools": [tool], "params": {"maxTokens": 100, "_meta": meta}, "_meta": meta}

    assert shared_server.request("maestro/chat/complete", params)["stopReason"]


def test_null_is_absent_on_input_and_never_sent(shared_server: Client) -> None:
    params = {"messages": [USER], "sessionId": None, "model": None, "params": None, "tools": None, "_meta": None}

    result = shared_server.request("maestro/chat/complete", params)

    assert None not in result.values()
    sessions = shared_server.request("maestro/session/list", {"provider": None})["sessions"]
    assert all(None not in session.values() for session in sessions)


def test_python_spelling_is_not_the_wires(shared_server: Client) -> None:
    error = shared_server.refused("maestro/chat/complete", {"messages": [USER], "session_id": CANARY})

    assert [issue["path"] for issue in error.data["issues"]] == ["session_id"]


@pytest.mark.parametrize(
    "method", ["maestro/no/such", "maestro", "maestro/", "maestro/chat/send/", "Maestro/Status", ""]
)
def test_unknown_methods(shared_server: Client, method: str) -> None:
    error = shared_server.refused(method, {"x": CANARY})

    assert error.code == -32601
    assert CANARY not in str(error.data) + error.message


def test_notifications_of_the_server_are_no_requests(shared_server: Client) -> None:
    assert shared_server.refused("maestro/session/didChange", {}).code == -32601


def test_a_request_sent_as_notification_is_not_run(shared_server: Client) -> None:
    params = {"provider": "gemini", "authType": "api_key", "name": "by-notification", "apiKey": "AIza-0000-0000"}
    shared_server.notify("maestro/session/create", params)

    shared_server.settle()

    names = [s["name"] for s in shared_server.request("maestro/session/list")["sessions"]]
    assert "by-notification" not in names
