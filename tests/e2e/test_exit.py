"""The server ends when its client does, quickly, and with the exit code the specification asks for."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.conftest import Launch
from tests.e2e.environment import environment
from tests.e2e.turns import check_turn, gemini_session, new_token, scripted
from tests.e2e.upstream import Exchange, Upstream, event, never_ending, text

AT_ONCE = 5.0
"""The specification says 2 s; the machine may be busy."""


def test_exit_after_shutdown_is_clean(server: Client) -> None:
    assert server.request("shutdown") is None
    server.notify("exit")

    assert server.wait_exit(timeout=AT_ONCE) == 0
    assert server.tally() == {}


def test_exit_without_shutdown_is_a_failure(server: Client) -> None:
    server.notify("exit")

    assert server.wait_exit(timeout=AT_ONCE) == 1


def test_exit_before_initialize(launch: Launch) -> None:
    client = launch()
    client.notify("exit")

    assert client.wait_exit() == 1


def test_end_of_input_ends_the_server(server: Client) -> None:
    server.process.stdin.close()

    assert server.wait_exit(timeout=AT_ONCE) == 1


def test_end_of_input_after_shutdown_is_clean(server: Client) -> None:
    server.request("shutdown")
    server.process.stdin.close()

    assert server.wait_exit(timeout=AT_ONCE) == 0


def test_end_of_input_inside_a_message(server: Client) -> None:
    server.send_bytes(b'Content-Length: 100\r\n\r\n{"jsonrpc"')
    server.process.stdin.close()

    assert server.wait_exit(timeout=AT_ONCE) == 1


def test_end_of_input_before_initialize(launch: Launch) -> None:
    client = launch()
    client.process.stdin.close()

    assert client.wait_exit() == 1


def test_exit_with_streams_open(launch: Launch) -> None:
    with Upstream(never_ending()) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize()
        gemini_session(client)
        tokens = [new_token() for _ in range(20)]
        ids = [client.start("maestro/chat/complete", scripted(partialResultToken=token)) for token in tokens]
        for token in tokens:
            client.event(token, lambda e: e["type"] == "text.delta")

        client.request("shutdown")
        client.notify("exit")

        assert client.wait_exit(timeout=AT_ONCE) == 0
        assert client.tally() == {}, "open requests are answered before the end"
        for request_id, token in zip(ids, tokens, strict=True):
            assert client.response(request_id)["stopReason"] == "cancelled"
            check_turn(client, request_id, token)
        assert all(exchange.gone.wait(10) for exchange in provider.exchanges)


def test_exit_with_a_stuck_writer(launch: Launch) -> None:
    """Nobody reads stdout, the pipe and the queue are full."""

    def flood(exchange: Exchange) -> None:
        exchange.open_stream()
        for _ in range(2_000):
            exchange.write(event(text("x" * 1_000)))

    with Upstream(flood) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize()
        gemini_session(client)
        client.stop_reading()
        for _ in range(10):
            client.start("maestro/chat/complete", scripted(partialResultToken=new_token()))
        for number in range(10):
            provider.wait(number + 1)
        for _ in range(200):
            client.start("maestro/provider/list")

        client.start("shutdown")
        client.notify("exit")

        assert client.wait_exit(timeout=AT_ONCE) == 0


STUCK_LOOKUP = """
import socket, threading
_real = socket.getaddrinfo
def getaddrinfo(host, *rest, **named):
    if host in ("stuck.test", b"stuck.test"):
        with open({fifo!r}, "w") as signal:
            signal.write("stuck")
        threading.Event().wait(300)
    return _real(host, *rest, **named)
socket.getaddrinfo = getaddrinfo
"""


def test_exit_with_a_busy_executor_thread(launch: Launch, tmp_path: Path) -> None:
    """T3: a name lookup that never ends must not hold the process."""
    fifo = tmp_path / "lookup"
    os.mkfifo(fifo)
    (tmp_path / "sitecustomize.py").write_text(STUCK_LOOKUP.format(fifo=str(fifo)))
    client = launch(GOOGLE_GEMINI_BASE_URL="http://stuck.test:9", PYTHONPATH=str(tmp_path))
    client.initialize()
    gemini_session(client)
    client.start("maestro/chat/complete", scripted())
    assert fifo.read_text() == "stuck"

    client.request("shutdown")
    client.notify("exit")

    assert client.wait_exit(timeout=AT_ONCE) == 0
    assert client.tally() == {}


EDITOR = """
import json, os, subprocess, sys
command = [sys.executable, "-m", "maestro", "lsp", "--stdio"]
server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
params = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
server.stdin.flush()
server.stdout.readline()
print(server.pid, flush=True)
server.wait()
"""


def test_kill_of_the_editor_ends_the_server(tmp_path: Path) -> None:
    script = [sys.executable, "-c", EDITOR]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True, env=environment(tmp_path)) as editor:
        assert editor.stdout is not None
        server = psutil.Process(int(editor.stdout.readline()))

        editor.send_signal(signal.SIGKILL)
        editor.wait()

        assert ends(server)


@pytest.mark.parametrize("way", ["processId", "--clientProcessId=", "--clientProcessId "])
def test_server_ends_with_the_process_it_was_told(launch: Launch, way: str) -> None:
    """P13: stdin stays open, so only the watch can tell."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as editor:
        arguments = ["lsp", "--stdio", *f"{way}{editor.pid}".split()] if way.startswith("-") else ["lsp", "--stdio"]
        client = launch(arguments=arguments)
        client.initialize(processId=editor.pid if way == "processId" else None)

        editor.kill()
        editor.wait()

        assert client.wait_exit(timeout=20) == 1


def test_server_outlives_a_client_process_id_of_null(launch: Launch) -> None:
    client = launch()
    client.initialize(processId=None)

    assert client.request("maestro/status")["state"]
    assert client.exit() == 0


def test_editors_that_add_stdio_twice(launch: Launch) -> None:
    """P11: VS Code's client appends `--stdio` on its own."""
    client = launch(arguments=["lsp", "--stdio", "--stdio", f"--clientProcessId={os.getpid()}"])
    client.initialize()

    assert client.exit() == 0


def test_client_that_closes_stdout_ends_the_server(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-m", "maestro", "lsp", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(tmp_path),
    )
    body = json.dumps(_initialize()).encode()
    with other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.close()
        other.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        other.stdin.flush()
        assert other.wait(30) == 1


def _initialize() -> JsonObject:
    params: JsonObject = {"processId": None, "rootUri": None, "capabilities": {}}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


def ends(process: psutil.Process, timeout: float = 20.0) -> bool:
    """Whether a process that is not our child comes to its end."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_stdout_is_the_protocols_alone(launch: Launch, tmp_path: Path) -> None:
    """A `print` anywhere in the process goes to stderr."""
    (tmp_path / "sitecustomize.py").write_text(PRINT_LATER)
    client = launch(PYTHONPATH=str(tmp_path))
    client.initialize()
    client.request("maestro/status")

    client.wait_bytes(b"printed from a thread")
    client.wait_bytes(b"written to file descriptor 1")
    assert client.exit() == 0
    assert b"printed" not in client.stdout
    assert b"written" not in client.stdout


PRINT_LATER = """
import os, sys, threading
def later():
    while "maestro_protocol.base" not in sys.modules:
        threading.Event().wait(0.01)
    print("printed from a thread", flush=True)
    os.write(1, b"written to file descriptor 1\\n")
threading.Thread(target=later, daemon=True).start()
"""
