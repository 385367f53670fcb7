"""`initialize` and what is true around it: gates, versions, newer clients, settings, and the built-in methods."""

import time

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import DEADLINE, Client, ResponseError, request
from tests.e2e.conftest import Launch

NOT_INITIALIZED = -32002
INVALID_REQUEST = -32600
UNSUPPORTED_VERSION = 4704


def test_server_says_what_it_is(launch: Launch) -> None:
    result = launch().initialize()

    hello = result["capabilities"]["experimental"]["maestro"]
    assert hello["protocolVersion"] == 1
    assert hello["serverInstance"]
    assert hello["limits"] == {"maxMessageBytes": 33_554_432, "maxActiveTurns": 256}
    assert isinstance(hello["features"], dict)
    assert result["serverInfo"]["name"] == "maestro"
    assert "maestro.audit.file" in result["capabilities"]["executeCommandProvider"]["commands"]


def test_every_start_is_another_instance(launch: Launch) -> None:
    instances = [
        client.initialize()["capabilities"]["experimental"]["maestro"]["serverInstance"]
        for client in (launch(), launch())
    ]

    assert instances[0] != instances[1]


def test_limits_follow_the_settings(launch: Launch) -> None:
    result = launch(MAESTRO_LIMITS__MAX_MESSAGE_BYTES=65_536, MAESTRO_LIMITS__MAX_ACTIVE_TURNS=3).initialize()

    limits = result["capabilities"]["experimental"]["maestro"]["limits"]
    assert limits == {"maxMessageBytes": 65_536, "maxActiveTurns": 3}


@pytest.mark.parametrize("method", ["maestro/status", "textDocument/hover", "shutdown", "no/such", "maestro/chat/send"])
def test_requests_before_initialize_are_refused_and_answered(launch: Launch, method: str) -> None:
    client = launch()

    assert client.refused(method, {}).code == NOT_INITIALIZED
    client.initialize()
    assert client.request("maestro/status")["state"]
    assert client.exit() == 0
    assert client.tally() == {}


def test_notifications_before_initialize_are_dropped(launch: Launch) -> None:
    client = launch()
    document = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": ""}

    client.notify("textDocument/didOpen", {"textDocument": document})
    client.notify("maestro/no/such", {})
    client.notify("$/cancelRequest", {"id": 1})

    client.initialize()
    assert client.request("maestro/status")["state"]


def test_requests_after_shutdown_are_refused_and_answered(server: Client) -> None:
    server.request("shutdown")

    for method in ("maestro/status", "initialize", "shutdown", "textDocument/hover", "no/such"):
        assert server.refused(method, {}).code == INVALID_REQUEST, method
    server.notify("exit")
    assert server.wait_exit() == 0
    assert server.tally() == {}


def test_everything_in_one_write_is_answered_in_order(launch: Launch) -> None:
    """Requests that come while the rest is imported wait, and keep their order."""
    client = launch()
    document = {"uri": "untitled:a.py", "languageId": "python", "version": 1, "text": "import os\n"}
    hello: JsonObject = {"processId": None, "rootUri": None, "capabilities": {}}
    client.send(
        request("hello", "initialize", hello),
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
        {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}},
        request("audit", "maestro/audit/run", {"target": {"uri": "untitled:a.py"}}),
        request("status", "maestro/status"),
        request("unknown", "no/such", {}),
        request("bye", "shutdown"),
    )

    assert client.response("bye") is None
    client.notify("exit")
    assert client.wait_exit() == 0
    assert client.tally() == {}
    first = client.received()[0]
    assert first["id"] == "hello"
    assert client.refusal("unknown").code in (-32601, -32800)


def test_second_initialize_is_refused(server: Client) -> None:
    params: JsonObject = {"processId": None, "rootUri": None, "capabilities": {}}

    assert server.refused("initialize", params).code == INVALID_REQUEST
    assert server.request("maestro/status")["state"]


@pytest.mark.parametrize(
    "params",
    [None, {}, [], {"capabilities": 3}, {"processId": "x", "rootUri": 7, "capabilities": {"textDocument": []}}],
)
def test_initialize_with_misfit_params_is_answered(launch: Launch, params: JsonObject | None) -> None:
    client = launch()
    request_id = client.start("initialize", params)

    try:
        client.response(request_id)
    except ResponseError as error:
        assert error.code == -32602
        client.initialize()
    assert client.exit() == 0
    assert client.tally() == {}


def test_client_newer_than_the_library_is_welcome(launch: Launch) -> None:
    """Unknown enum values and capabilities must not leave `initialize` without an answer (P16)."""
    capabilities: JsonObject = {
        "general": {"positionEncodings": ["utf-64", "utf-16"], "fromTheFuture": {"valueSet": ["x"]}},
        "textDocument": {
            "completion": {"completionItem": {"tagSupport": {"valueSet": [1, 99]}}},
            "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "quantum"]}}},
            "publishDiagnostics": {"tagSupport": {"valueSet": [1, 2, 77]}, "versionSupport": True},
            "foldingRange": {"foldingRangeKind": {"valueSet": ["comment", "galaxy"]}},
            "semanticTokens": {"formats": ["relative", "absolute"], "requests": {"full": {"delta": "maybe"}}},
            "telepathy": {"dynamicRegistration": True},
        },
        "workspace": {
            "workspaceEdit": {"resourceOperations": ["create", "teleport"], "failureHandling": "timeTravel"},
            "symbol": {"symbolKind": {"valueSet": [1, 1000]}},
        },
        "window": {"workDoneProgress": True, "hologram": [1, 2, 3]},
    }

    client = launch()
    result = client.initialize(capabilities=capabilities, trace="telepathic", fromTheFuture={"a": 1})

    assert result["capabilities"]["experimental"]["maestro"]["protocolVersion"] == 1
    assert result["capabilities"].get("positionEncoding", "utf-16") == "utf-16"
    assert client.request("maestro/status")["state"]
    assert client.exit() == 0


def test_hello_may_stand_in_the_capabilities(launch: Launch) -> None:
    client = launch()
    hello: JsonObject = {"protocolVersions": [9, 1], "clientId": "test", "features": {"stream": {}, "unheardOf": {}}}
    client.initialize(capabilities={"experimental": {"maestro": hello}})

    assert client.request("maestro/status")["state"]


def test_unknown_version_leaves_plain_lsp_alive(launch: Launch) -> None:
    client = launch()
    client.initialize({"protocolVersions": [999]})

    refusal = client.refused("maestro/status", {})
    assert refusal.code == UNSUPPORTED_VERSION
    assert refusal.data["supported"] == [1]
    assert client.refused("maestro/chat/send", {"wrong": 1}).code == UNSUPPORTED_VERSION
    assert client.notification("window/showMessage")["message"]
    document = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x = 1\n"}
    client.notify("textDocument/didOpen", {"textDocument": document})
    assert client.exit() == 0
    assert len(client.notifications("window/showMessage")) == 1


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"transport": {"idleTimeoutMs": "canary-value"}}, "transport.idleTimeoutMs"),
        ({"chatter": {"canary-value": 1}}, "chatter"),
        ({"stream": {"maxLatencyMs": 100000}}, "stream.maxLatencyMs"),
        ({"providers": {"openai": {"apiKey": "canary-value"}}}, "providers.openai.apiKey"),
    ],
)
def test_wrong_setting_is_told_by_its_path(launch: Launch, settings: JsonObject, path: str) -> None:
    """The server stays up and says which setting is wrong, without repeating its value."""
    client = launch()
    client.initialize({"settings": settings})

    message = client.notification("window/showMessage")["message"]
    assert path in message
    assert "canary-value" not in message or path in "canary-value"
    assert client.request("maestro/status")["state"]
    assert client.exit() == 0


def test_wrong_setting_in_the_environment_is_told(launch: Launch) -> None:
    client = launch(MAESTRO_TRANSPORT__IDLE_TIMEOUT_MS="canary-value")
    client.initialize()

    message = client.notification("window/showMessage")["message"]
    assert "transport.idleTimeoutMs" in message
    assert "environment" in message
    assert "canary-value" not in message


def test_settings_are_pulled_from_the_editor(launch: Launch) -> None:
    """`workspace/configuration`, at the start and again when the editor says that something changed."""
    client = launch()
    settings: list[JsonObject] = [{"defaults": {"provider": "anthropic"}}]
    client.answers["workspace/configuration"] = lambda params: [settings[0] for _ in params["items"]]
    client.initialize(capabilities={"workspace": {"configuration": True, "didChangeConfiguration": {}}})
    asked = client.wait(lambda m: m.get("method") == "workspace/configuration")
    assert [item["section"] for item in asked["params"]["items"]] == ["maestro"]
    _wait_for_default(client, "anthropic")

    settings[0] = {"defaults": {"provider": "openai"}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})

    _wait_for_default(client, "openai")


def _wait_for_default(client: Client, provider: str) -> None:
    """Settings arrive by themselves; the next question after that is answered by them."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        rows = client.request("maestro/provider/list")["providers"]
        if [row["id"] for row in rows if row["default"]] == [provider]:
            return
    raise AssertionError(f"{provider} never became the default provider")


def test_wrong_setting_pulled_from_the_editor_is_told(launch: Launch) -> None:
    client = launch()
    client.answers["workspace/configuration"] = lambda params: [{"limits": {"maxActiveTurns": "canary-value"}}]
    client.initialize(capabilities={"workspace": {"configuration": True}})

    message = client.notification("window/showMessage")["message"]
    assert "limits.maxActiveTurns" in message
    assert "canary-value" not in message
    assert client.request("maestro/status")["state"]


def test_trace_and_unknown_optional_notifications_are_tolerated(server: Client) -> None:
    server.notify("$/setTrace", {"value": "verbose"})
    server.notify("$/from/the/future", {"anything": True})
    server.notify("workspace/didChangeConfiguration", {"settings": {"maestro": {}}})

    assert server.request("maestro/status")["state"]


def test_unknown_optional_request_is_method_not_found(server: Client) -> None:
    assert server.refused("$/from/the/future", {}).code == -32601
