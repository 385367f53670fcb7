"""Routes from an editor and from a terminal: a real server, and services that fail over real connections."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client, ResponseError
from tests.e2e.conversations import check_log, log_of
from tests.e2e.environment import environment
from tests.e2e.simulated import Simulated
from tests.e2e.turns import check_turn, new_token, text_of
from tests.simulators.anthropic import Anthropic
from tests.simulators.compatible import Compatible
from tests.simulators.gateways import GATEWAYS
from tests.simulators.gemini import Gemini
from tests.simulators.openai import OpenAI
from tests.simulators.personas import parse, status
from tests.simulators.replies import Script, Tokens
from tests.simulators.service import Persona

GPT, CLAUDE, PRO = "openai/gpt-5.5", "anthropic/claude-sonnet-5-5", "gemini/gemini-3.5-pro"
KEYS = {"openai": "sk-simulated-key-0001", "anthropic": "sk-ant-api03-simulated", "gemini": "AIza-not-a-real-key-0001"}
QUOTA = status(429, kind="insufficient_quota")


@dataclass
class Window:
    """A server process, and what it was told of the last turn."""

    client: Client
    events: list[JsonObject] = field(default_factory=list)

    def ask(self, model: str = "cheap", method: str = "chat/send", **more: JsonValue) -> JsonObject:
        """Raises ResponseError; the events are checked in either case."""
        said: JsonObject = (
            {"input": "Hi."} if method == "chat/send" else {"messages": [{"role": "user", "content": "H"}]}
        )
        token = new_token()
        params: JsonObject = {**said, "model": model, "partialResultToken": token, **more}
        asked = self.client.start(f"maestro/{method}", params)
        try:
            return self.client.response(asked)
        finally:
            self.events = check_turn(self.client, asked, token)

    @property
    def moves(self) -> list[tuple[str, str]]:
        return [(one["from"], one["to"]) for one in self.events if one["type"] == "rerouted"]

    def usage(self, by: str = "model") -> Mapping[str, int]:
        rows = self.client.request("maestro/usage/summary", {"by": by})["rows"]
        return {row["key"]: row["usage"]["totalTokens"] for row in rows}


@dataclass
class Stage:
    home: Path
    services: Mapping[str, Simulated]
    stack: ExitStack

    @property
    def environment(self) -> dict[str, str]:
        urls = {name: url for one in self.services.values() for name, url in one.base_urls().items()}
        return environment(self.home, **urls)

    def play(self, provider: str, *personas: Persona | str) -> None:
        played = [parse(one) if isinstance(one, str) else one for one in personas]
        self.services[provider].service.play(played)

    def say(self, provider: str, *scripts: Script) -> None:
        self.services[provider].service.scripts.queue.extend(scripts)

    def asked(self, provider: str) -> int:
        return sum(request.method == "POST" for request in list(self.services[provider].server.requests))

    def window(self, **settings: JsonValue) -> Window:
        client = self.stack.enter_context(Client(self.environment))
        client.initialize({"clientId": "test", "settings": {"routes": {"cheap": [GPT, CLAUDE]}, **settings}})
        known = [one["name"] for one in client.request("maestro/session/list", {})["sessions"]]
        for provider, key in KEYS.items():
            if f"my-{provider}" not in known:
                params = {"provider": provider, "authType": "api_key", "name": f"my-{provider}", "apiKey": key}
                assert client.request("maestro/session/create", params)["type"] == "done"
        return Window(client)


@contextmanager
def staged(home: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        services = {"openai": OpenAI(), "anthropic": Anthropic(), "gemini": Gemini()}
        running = {name: stack.enter_context(Simulated(service)) for name, service in services.items()}
        yield Stage(home, running, stack)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Window]]:
    with staged(tmp_path_factory.mktemp("home")) as stage:
        yield stage, stage.window()


@pytest.fixture
def both(shared: tuple[Stage, Window]) -> tuple[Stage, Window]:
    for one in shared[0].services.values():
        one.service.play(())
        one.service.scripts.queue.clear()
    return shared


@pytest.mark.parametrize(
    "fault", ["429", "500", "503", "disconnect", "cut=0", QUOTA], ids=["429", "500", "503", "refused", "cut", "quota"]
)
@pytest.mark.parametrize("method", ["chat/send", "chat/complete"])
def test_the_next_one_answers(both: tuple[Stage, Window], fault: Persona | str, method: str) -> None:
    stage, window = both
    stage.play("openai", fault)
    stage.say("anthropic", Script(text="Here I am."))
    before = stage.asked("openai")
    result = window.ask(method=method)
    assert (result["model"], text_of(window.events), window.moves) == (CLAUDE, "Here I am.", [(GPT, CLAUDE)])
    assert stage.asked("openai") == before + 1


@pytest.mark.parametrize(("fault", "code"), [("401", 4002), ("400", 4209)])
def test_some_failures_are_nobodys_to_mend(tmp_path: Path, fault: str, code: int) -> None:
    with staged(tmp_path) as stage:
        window = stage.window()
        stage.play("openai", fault)
        with pytest.raises(ResponseError) as caught:
            window.ask()
        assert (caught.value.code, window.moves, stage.asked("anthropic")) == (code, [], 0)


def test_an_answer_that_was_begun_is_not_taken_over(both: tuple[Stage, Window]) -> None:
    stage, window = both
    stage.say("openai", Script(text="So far so good."))
    stage.play("openai", "cut=2")
    with pytest.raises(ResponseError) as caught:
        window.ask()
    assert (caught.value.code, window.moves) == (4205, [])


def test_unless_the_user_wants_it_begun_anew(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        window = stage.window(chat={"restartInterrupted": "auto"}, routes={"cheap": [CLAUDE, PRO]})
        stage.say("anthropic", Script(text="So far so good.", tokens=Tokens(input=100, output=9)))
        stage.play("anthropic", "cut=2")
        stage.say("gemini", Script(text="Anew.", tokens=Tokens(input=40, output=2)))
        result = window.ask()
        kinds = [event["type"] for event in window.events]
        assert kinds.index("rerouted") == kinds.index("restarted") + 1
        assert (result["model"], window.moves) == (PRO, [(CLAUDE, PRO)])
        usage = window.usage()
        assert usage[PRO] == 42
        assert usage[CLAUDE] >= 100
        assert sum(usage.values()) == result["usage"]["totalTokens"]


def test_each_part_of_a_turn_has_its_own_price(tmp_path: Path) -> None:
    with staged(tmp_path) as stage, Simulated(Compatible(gateway="openrouter")) as gateway:
        large = "openrouter/acme/large-1"
        providers: JsonObject = {"openrouter": {"baseUrl": gateway.url + GATEWAYS["openrouter"].base}}
        settings: JsonObject = {"chat": {"restartInterrupted": "auto"}, "routes": {"cheap": [CLAUDE, large]}}
        window = stage.window(providers=providers, **settings)
        key = {"provider": "openrouter", "authType": "api_key", "name": "my-gateway", "apiKey": "sk-simulated-key-0001"}
        window.client.request("maestro/session/create", key)
        window.client.request("maestro/model/list", {})  # which tells the gateway's prices: 1 and 2 dollars a million
        stage.say("anthropic", Script(text="So far so good.", tokens=Tokens(input=100, output=9)))
        stage.play("anthropic", "cut=2")
        gateway.service.scripts.queue.append(Script(text="Anew.", tokens=Tokens(input=40, output=2)))
        assert window.ask()["model"] == large
        rows = {row["key"]: row for row in window.client.request("maestro/usage/summary", {"by": "model"})["rows"]}
        assert rows[large]["usage"]["totalTokens"] == 42
        assert rows[large]["cost"]["amount"] == "0.000044"
        assert rows[CLAUDE]["usage"]["totalTokens"] >= 100


def test_two_windows_see_the_same_log(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        one, other = stage.window(), stage.window()
        stage.play("openai", "429=30")
        chat_id = one.ask()["chatId"]
        logs = [log_of(window.client, chat_id) for window in (one, other)]
        assert logs[0] == logs[1]
        check_log(logs[0])
        [event] = [event for event in logs[1] if event["type"] == "rerouted"]
        assert (event["from"], event["to"], event["reason"]) == (
            GPT,
            CLAUDE,
            f"{GPT} is rate limited for another 30 s.",
        )
        status = one.client.request("maestro/status")
        assert status["state"] == "warning"
        assert status["message"].startswith("OpenAI (my-openai), gpt-5.5: no requests left until ")
        assert [limit for limit in status["rateLimits"] if limit["remaining"] == 0]


def test_one_cancel_ends_a_turn_that_went_elsewhere(both: tuple[Stage, Window]) -> None:
    stage, window = both
    stage.play("openai", "500")
    stage.play("anthropic", "stall=2")
    token = new_token()
    asked = window.client.start("maestro/chat/send", {"input": "Hi.", "model": "cheap", "partialResultToken": token})
    window.client.event(token, lambda event: event["type"] == "text.delta")
    window.client.cancel(asked)
    result = window.client.response(asked)
    check_turn(window.client, asked, token)
    assert (result["stopReason"], result["model"]) == ("cancelled", CLAUDE)
    assert stage.services["anthropic"].wait_closed().closed_by == "client"


def test_a_killed_server_leaves_each_part_of_a_turn_with_whom_it_was(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        window = stage.window(chat={"restartInterrupted": "auto"}, routes={"cheap": [CLAUDE, PRO]})
        stage.say("anthropic", Script(text="So far so good.", tokens=Tokens(input=100, output=9)))
        stage.play("anthropic", "cut=2")
        stage.play("gemini", "stall=2")
        token = new_token()
        window.client.start("maestro/chat/send", {"input": "Hi.", "model": "cheap", "partialResultToken": token})
        moved = window.client.event(token, lambda event: event["type"] == "rerouted")["seq"]
        window.client.event(token, lambda event: event["type"].endswith(".delta") and event["seq"] > moved)
        window.client.process.kill()
        window.client.process.wait()
        later = stage.window()
        rows = {row["key"]: row for row in later.client.request("maestro/usage/summary", {"by": "model"})["rows"]}
        assert rows.keys() == {CLAUDE, PRO}
        assert rows[CLAUDE]["usage"]["totalTokens"] >= 100
        assert rows[PRO]["usage"]["totalTokens"] < 100
        assert [(row["requests"], row["failures"]) for row in (rows[CLAUDE], rows[PRO])] == [(1, 1), (1, 0)]


def test_a_route_from_a_terminal(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.play("openai", "500")
        stage.say("anthropic", Script(text="Here I am."))
        keys = {"OPENAI_API_KEY": KEYS["openai"], "ANTHROPIC_API_KEY": KEYS["anthropic"]}
        (tmp_path / "maestro").mkdir()
        variables = {**stage.environment, **keys, "MAESTRO_ROUTES__CHEAP": f'["{GPT}", "{CLAUDE}"]'}
        command = [sys.executable, "-m", "maestro", "chat", "--model", "cheap", "Hi."]
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        assert (done.returncode, done.stdout.strip()) == (0, "Here I am."), done.stderr
        assert f"{GPT} is overloaded or fails. {CLAUDE} answers." in done.stderr


@pytest.mark.parametrize("how", ["text", "sarif", "github"])
def test_an_audit_of_a_route_from_a_terminal(tmp_path: Path, how: str) -> None:
    with staged(tmp_path) as stage:
        stage.play("openai", "500")
        keys = {"OPENAI_API_KEY": KEYS["openai"], "ANTHROPIC_API_KEY": KEYS["anthropic"]}
        (tmp_path / "maestro").mkdir()
        (tmp_path / "work").mkdir()
        for name in ("a.py", "b.py"):
            (tmp_path / "work" / name).write_text(f"def {name[0]}(x):\n    return eval(x)\n")
        variables = {**stage.environment, **keys, "MAESTRO_ROUTES__CHEAP": f'["{GPT}", "{CLAUDE}"]'}
        options = ["--model", "cheap", "--yes", "--format", how, str(tmp_path / "work")]
        command = [sys.executable, "-m", "maestro", "audit", *options]
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        assert done.returncode in (0, 1), done.stderr
        assert done.stderr.count(f"{GPT} is overloaded or fails. {CLAUDE} is asked instead.\n") == 1
