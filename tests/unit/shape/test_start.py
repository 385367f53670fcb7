"""What the start path must not import before `initialize` is answered."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import pytest

from tests.unit.shape.source import VOCABULARY

DENIED = (
    "pydantic httpx_sse anyio sqlite3 httpx authlib joserfc keyring cryptography ruamel rich typer rapidfuzz mcp acp "
    "tree_sitter maestro.provider maestro.services"
).split()
DATA = {"__init__", "codes", "methods"}
MODELS = sorted(f"maestro_protocol.{path.stem}" for path in VOCABULARY.glob("*.py") if path.stem not in DATA)
DEADLINE = 20
"""Seconds; only a server that is held at the gate needs them."""

WRAPPER = """
import json, os, runpy, sys

denied, gate, report = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

class Gate:
    "Holds back a denied import until the test has read the answer; the server's writer goes on meanwhile."
    def find_spec(self, name, path=None, target=None):
        if name in denied:
            os.write(report, name.encode() + b"\\n")
            os.read(gate, 1)
        return None

sys.meta_path.insert(0, Gate())
sys.argv = ["maestro", "lsp", "--stdio"]
runpy.run_module("maestro", run_name="__main__", alter_sys=True)
"""


class Server:
    """The real server, held at the first denied import until `open_gate`."""

    def __init__(self, home: Path) -> None:
        gate_out, self._gate = os.pipe()
        self._report, report_in = os.pipe()
        denied = json.dumps([*DENIED, *MODELS])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRAPPER, denied, str(gate_out), str(report_in)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=(gate_out, report_in),
            cwd=home,
            env={**environment, "MAESTRO_HOME": str(home)},
        )
        os.close(gate_out)
        os.close(report_in)

    def ask(self, identity: int, method: str, params: dict[str, object]) -> None:
        message = {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}
        body = json.dumps(message).encode()
        stdin = cast("IO[bytes]", self.process.stdin)
        stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stdin.flush()

    def answer(self, identity: int) -> dict[str, object]:
        """The answer to a request."""
        while True:
            length = 0
            while line := self._stdout().readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert length, f"the server ended; denied imports it had reached: {self.imported()}"
            body = b""
            while len(body) < length:
                body += self._stdout().read(length - len(body))
            message: dict[str, object] = json.loads(body)
            if message.get("id") == identity and "method" not in message:
                return message

    def _stdout(self) -> IO[bytes]:
        """The unbuffered pipe, when there is something in it."""
        stdout = cast("IO[bytes]", self.process.stdout)
        ready, _, _ = select.select([stdout], [], [], DEADLINE)
        assert ready, f"no answer, held at the import of {self.imported()}"
        return stdout

    def open_gate(self) -> None:
        """Lets every import pass from now on."""
        if self._gate >= 0:
            os.close(self._gate)
            self._gate = -1

    def imported(self) -> list[str]:
        """The denied modules reached so far."""
        os.set_blocking(self._report, False)
        try:
            return os.read(self._report, 65536).decode().split()
        except BlockingIOError:
            return []

    def close(self) -> None:
        self.open_gate()
        self.process.kill()
        self.process.wait()
        cast("IO[bytes]", self.process.stdin).close()
        cast("IO[bytes]", self.process.stdout).close()
        os.close(self._report)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


def test_initialize_is_answered_before_any_denied_import(server: Server) -> None:
    """An import too early stops the server at the gate, and the answer never comes."""
    server.ask(1, "initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert "result" in server.answer(1)
    server.open_gate()
    server.ask(2, "maestro/status", {})
    assert "result" in server.answer(2)
    assert "pydantic" in server.imported(), "the gate saw no import at all"
