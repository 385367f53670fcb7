"""OpenAI's coding agent in the same burst: the other server that an editor starts and reads frames from."""

import json
from collections.abc import Iterator
from pathlib import Path

from maestro_protocol.base import JsonObject
from tests.bench import beside
from tests.bench.harness import Broken, Child, Row, environment, median_ratio, serving, spread
from tests.bench.peers import read_turn
from tests.bench.server import RESPONSES, Maestro

DELTAS = 20_000
ROUNDS = 5
AIM = 1 / 3


def run(home: Path) -> Iterator[Row]:
    program = beside.codex()
    if program is None:
        yield Row("relay responses: codex", "", "not installed")
        return
    ours: list[float] = []
    theirs: list[float] = []
    with (
        serving("openai", "burst", str(DELTAS)) as url,
        Maestro(home, RESPONSES.variables(url)) as server,
        AppServer(program, home, url) as codex,
    ):
        server.initialize()
        server.sign_in(RESPONSES)
        codex.request("initialize", {"clientInfo": {"name": "bench", "title": "Bench", "version": "1"}})
        codex.notify("initialized", {})
        for _ in range(ROUNDS + 1):
            before = server.cpu
            size = read_turn(server, server.ask(RESPONSES))
            ours.append((server.cpu - before) / DELTAS)
            before = codex.cpu
            if codex.turn() != size:
                raise Broken("codex and our server read different texts")
            theirs.append((codex.cpu - before) / DELTAS)
    ratio = median_ratio(ours[1:], theirs[1:])
    ours_text, theirs_text = spread(ours[1:], "us", 1e6), spread(theirs[1:], "us", 1e6)
    yield Row("relay responses: codex", ours_text, theirs_text, ratio, f"<= {AIM:.2f}x", ratio <= AIM)


class AppServer(Child):
    """`codex app-server`: JSON-RPC, one message per line; a turn belongs to a thread."""

    def __init__(self, program: Path, home: Path, url: str) -> None:
        provider = f'{{name="sim", base_url="{url}/v1", wire_api="responses", env_key="SIM_KEY"}}'
        options = [f'model="{RESPONSES.model}"', 'model_provider="sim"', f"model_providers.sim={provider}"]
        variables = {"CODEX_HOME": str(home), "SIM_KEY": "sk-simulated"}
        command = [program, "app-server", *(part for option in options for part in ("-c", option))]
        super().__init__(command, environment(home, variables))
        self._home = home

    def messages(self) -> Iterator[JsonObject]:
        for line in self.lines():
            yield json.loads(line)
        raise Broken("codex ended")

    def turn(self) -> int:
        """A whole turn in a new thread; the characters of its text."""
        thread = self.request("thread/start", {"ephemeral": True, "cwd": str(self._home)})["thread"]["id"]
        self.start("turn/start", {"threadId": thread, "input": [{"type": "text", "text": "Go"}]})
        size = 0
        for message in self.messages():
            if message.get("method") == "item/agentMessage/delta":
                size += len(message["params"]["delta"])
            elif message.get("method") == "turn/completed":
                break
        return size

    def encode(self, message: JsonObject) -> bytes:
        return json.dumps(message).encode() + b"\n"
