"""The real process: what it imports when, whom it obeys, how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.environment import environment

DENIED = (
    "acp anyio authlib cryptography httpx httpx_sse joserfc keyring lsprotocol mcp pydantic pygls rapidfuzz rich "
    "ruamel sqlite3 stamina tree_sitter typer argparse maestro.app maestro.streaming maestro.errors"
).split()
VOCABULARY = {"maestro_protocol", "maestro_protocol.codes", "maestro_protocol.methods"}
Launch = Callable[..., Client]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    clients: list[Client] = []

    def start(*arguments: str, **variables: str) -> Client:
        clients.append(Client(environment(tmp_path, **variables), arguments=("lsp", *arguments), cwd=str(tmp_path)))
        return clients[-1]

    yield start
    for client in clients:
        if client.process.poll() is None:
            assert client.exit() == 0
        client.close()
        assert client.faults == []


def test_nothing_heavy_is_imported_before_the_first_answer(tmp_path: Path) -> None:
    """Imports are written as they happen, and so is the answer: what stands before it was on the start path."""
    params: JsonObject = {"processId": None, "rootUri": None, "capabilities": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
    script = (
        "import sys, maestro.lsp.writer as writer\n"
        "write = writer.write_all\n"
        "def told(descriptor, data):\n"
        "    if b'serverInfo' in data: print(*sys.modules, file=sys.__stderr__, flush=True)\n"
        "    write(descriptor, data)\n"
        "writer.write_all = told\n"
        "from maestro.__main__ import main\n"
        "main(['lsp'])\n"
    )
    variables = {name: value for name, value in environment(tmp_path).items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        env=variables,
        capture_output=True,
        timeout=60,
        check=False,
    )
    modules = set(done.stderr.decode().split("\n")[0].split())

    assert b"serverInfo" in done.stdout
    assert "maestro.lsp.connection" in modules
    assert [name for name in modules if any(re.match(rf"{re.escape(one)}(\.|$)", name) for one in DENIED)] == []
    assert {name for name in modules if name.startswith("maestro_protocol")} == VOCABULARY


def test_an_end_of_input_is_an_end(launch: Launch) -> None:
    client = launch("--stdio")
    client.initialize()
    client.request("maestro/status")
    assert client.process.stdin is not None
    client.process.stdin.close()

    assert client.wait_exit() == 1


def test_a_signal_is_an_end(launch: Launch) -> None:
    client = launch()
    client.initialize()
    client.request("maestro/status")
    client.process.send_signal(signal.SIGTERM)

    assert client.wait_exit() == 128 + signal.SIGTERM


@pytest.mark.parametrize("way", ["argument", "initialize"])
def test_the_end_of_the_client_is_an_end(way: str, launch: Launch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as editor:
        if way == "argument":
            client = launch("--stdio", f"--clientProcessId={editor.pid}")
            client.initialize()
        else:
            client = launch("--stdio")
            client.initialize(processId=editor.pid)
        client.request("maestro/status")
        editor.kill()

        assert client.wait_exit() == 1


def test_a_client_that_takes_nothing_does_not_keep_it_alive(launch: Launch) -> None:
    client = launch()
    client.initialize()
    client.request("maestro/status")
    client.stop_reading()
    for number in range(3000):
        client.send({"jsonrpc": "2.0", "id": f"{number}" + "x" * 500, "method": "maestro/status"})
    client.notify("exit")

    assert client.wait_exit() == 1


def test_limits_hold_from_the_handshake_on(launch: Launch) -> None:
    client = launch(MAESTRO_LIMITS__MAX_MESSAGE_BYTES="65536")
    client.initialize()

    assert client.refused("maestro/status", {"x": "x" * 70_000}).code == 4702


def test_without_a_common_version_plain_lsp_stays(launch: Launch) -> None:
    client = launch()
    client.initialize({"protocolVersions": [999], "features": {"stream": {"maxLatencyMs": 5}}})

    assert client.refused("maestro/status", {}).code == 4704
    assert client.refused("textDocument/definition", {}).code == -32601
    assert client.notification("window/showMessage")["type"] == 1


def test_settings_may_change_while_it_runs(launch: Launch) -> None:
    client = launch()
    client.initialize()
    for latency in (5, "canary"):
        settings = {"maestro": {"stream": {"maxLatencyMs": latency}}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})

    assert "stream.maxLatencyMs" in client.notification("window/showMessage")["message"]


@pytest.mark.parametrize("latency", [None, 0])
def test_events_and_work_of_a_turn_go_to_their_own_tokens(latency: int | None, launch: Launch) -> None:
    client = launch()
    client.initialize({"features": {"stream": {"maxLatencyMs": latency}}})
    messages = [{"role": "user", "content": "hi"}]
    params = {"messages": messages, "partialResultToken": "events", "workDoneToken": 7}
    result = client.request("maestro/chat/complete", params)
    events, work = client.events("events"), client.events(7)

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("turn.started", "turn.completed")
    assert (work[0]["kind"], work[-1]["kind"]) == ("begin", "end")
    assert "message" not in result
    assert client.received()[-1].get("method") != "$/progress"


def open_document(client: Client) -> str:
    uri = "file:///work/sample.py"
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "import os\n"}
    client.notify("textDocument/didOpen", {"textDocument": document})
    return uri


def progress(client: Client) -> list[JsonObject]:
    return [one["value"] for one in client.notifications("$/progress")]  # type: ignore[misc]


def command(client: Client, name: str, *arguments: object) -> object:
    return client.request("workspace/executeCommand", {"command": name, "arguments": list(arguments)})  # type: ignore[arg-type]


def test_a_command_returns_at_once_and_shows_its_work(launch: Launch) -> None:
    client = launch()
    client.initialize()
    uri = open_document(client)
    assert command(client, "maestro.audit.file", uri) is None
    client.wait(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end")

    assert client.notification("textDocument/publishDiagnostics")["diagnostics"]
    kinds = [value["kind"] for value in progress(client)]
    assert [kind for kind in kinds if kind != "report"] == ["begin", "end"]
    assert client.notification("window/workDoneProgress/create")["token"]


def test_a_command_that_fails_says_so(launch: Launch) -> None:
    client = launch()
    client.initialize(capabilities={})
    assert command(client, "maestro.audit.file", "file:///nowhere.py") is None

    assert client.notification("window/showMessage")["type"] == 1
    assert progress(client) == []
    for arguments in ([], [3], [""], ["a", "b"]):
        wrong = {"command": "maestro.audit.file", "arguments": arguments}
        assert client.refused("workspace/executeCommand", wrong).code == -32602
    wrong = {"command": "maestro.session.select", "arguments": [3]}
    assert client.refused("workspace/executeCommand", wrong).code == -32602


def test_a_session_is_selected_by_name_or_by_choice(launch: Launch) -> None:
    client = launch()
    client.initialize()
    command(client, "maestro.session.select")
    assert "no session" in client.notification("window/showMessageRequest")["message"]
    for name in ("first", "second"):
        params = {"provider": "openai", "authType": "api_key", "name": name, "apiKey": "sk-test-0000000000"}
        client.request("maestro/session/create", params)
    command(client, "maestro.session.select", "first")
    assert client.wait(lambda m: "defaultChanged" in str(m))["params"]["changed"][0]["name"] == "first"

    client.answers["window/showMessageRequest"] = lambda params: params["actions"][1]
    before = len(client.received())
    command(client, "maestro.session.select")
    changed = client.wait(lambda m: "defaultChanged" in str(m), after=before)
    assert {one["name"]: one["isDefault"] for one in changed["params"]["changed"]} == {"first": False, "second": True}


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(launch: Launch) -> None:
    client = launch(HTTPS_PROXY="not a proxy")
    client.initialize()
    assert client.refused("workspace/executeCommand", {"command": "maestro.doctor", "arguments": [1]}).code == -32602
    command(client, "maestro.doctor")
    said = client.notification("window/showMessage")["message"]
    assert "failed: " in said
    assert "HTTPS_PROXY" in said


def test_a_command_stops_when_its_progress_is_cancelled(launch: Launch) -> None:
    client = launch()
    asked: list[JsonObject] = []
    client.answers["window/workDoneProgress/create"] = asked.append
    client.initialize()
    client.answers["window/showMessageRequest"] = lambda params: client.notify(
        "window/workDoneProgress/cancel", asked[0]
    )
    command(client, "maestro.session.select")
    client.notification("window/showMessageRequest")

    assert client.request("maestro/status")["state"] == "normal"
    assert client.exit() == 0


def test_an_editor_that_refuses_progress_gets_the_work_done(launch: Launch) -> None:
    client = launch()
    client.initialize()
    uri = open_document(client)

    def refuse(message: JsonObject) -> None:
        client.send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "No."}})

    client._reply = refuse  # type: ignore[method-assign]
    command(client, "maestro.audit.file", uri)

    assert client.notification("textDocument/publishDiagnostics")["diagnostics"]


def test_descriptors_of_the_protocol_are_nobody_elses(tmp_path: Path) -> None:
    """Whoever prints reaches stderr; whoever reads standard input finds nothing."""
    script = (
        "import os, sys, maestro.lsp.server as server\n"
        "stdin, stdout = server._reserve_descriptors()\n"
        "print('printed'); os.write(1, b'written'); print(sys.stdin.read(), os.read(0, 10))\n"
        "os.write(stdout, os.read(stdin, 10))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=b"message",
        capture_output=True,
        env=dict(os.environ),
        timeout=60,
        check=True,
    )

    assert done.stdout == b"message"
    assert b"written" in done.stderr
