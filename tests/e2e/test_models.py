"""Model strings and lists as people meet them: over the wire to a real server, and in the terminal."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from maestro_protocol.models import ModelListResult
from tests.e2e.client import Client
from tests.e2e.conftest import Launch
from tests.e2e.environment import CLOSED_PORT, environment
from tests.e2e.turns import check_turn, complete, new_token
from tests.simulators.fixtures import Simulation, running

CANARY = "sk-canary-0123456789abcdef"
FAST: JsonObject = {"MAESTRO_RETRY__NETWORK": "0"}
SETTINGS: JsonObject = {
    "aliases": {"smart": "openai/five@high", "loop": "loop", "nowhere": "pelican-9"},
    "providers": {"openai": {"validModels": {"gpt-5.5": "five"}, "invalidModels": ["text-embedding-3-large"]}},
    "defaults": {"complete": "smart"},
}


def _signed_in(launch: Launch, openai: Simulation, **variables: str) -> Client:
    client = launch(OPENAI_BASE_URL=openai.environment["OPENAI_BASE_URL"], **FAST, **variables)
    client.initialize({"settings": SETTINGS})
    for provider in ("openai", "anthropic"):
        key = {"provider": provider, "authType": "api_key", "name": f"my-{provider}", "apiKey": CANARY}
        client.request("maestro/session/create", key)
    return client


def test_an_alias_with_an_effort_goes_all_the_way_and_the_chat_keeps_it(launch: Launch) -> None:
    with running("openai") as openai:
        client = _signed_in(launch, openai)
        token = new_token()
        sent = client.start("maestro/chat/send", {"input": "Hello", "model": "smart", "partialResultToken": token})
        result = client.response(sent)
        assert result["model"] == "openai/gpt-5.5"
        assert check_turn(client, sent, token)[0]["model"] == "openai/gpt-5.5"
        client.request("maestro/chat/send", {"chatId": result["chatId"], "input": "Again"})
        client.request("maestro/chat/complete", complete("Once"))
        assert [request.json["reasoning"]["effort"] for request in openai.requests] == ["high", "high", "high"]
        chat = client.request("maestro/chat/get", {"chatId": result["chatId"]})["chat"]
        assert chat["model"] == "openai/gpt-5.5@high"


def test_whatever_an_error_suggests_resolves(launch: Launch) -> None:
    with running("openai") as openai:
        client = _signed_in(launch, openai)
        for name, code in (("gpt-5.", 4103), ("claude", 4102), ("nowhere", 4102), ("openai/gpt-5.6", 4102)):
            refused = client.refused("maestro/model/resolve", {"model": name})
            assert refused.code == code, name
            assert refused.data["candidates"]
            for candidate in refused.data["candidates"]:
                found = client.request("maestro/model/resolve", {"model": candidate})
                assert found["model"]["id"] == candidate
        refused = client.refused("maestro/model/resolve", {"model": "loop"})
        assert (refused.code, refused.data["issues"][0]["path"]) == (-32602, "aliases.loop")
        found = client.request("maestro/model/resolve", {"model": "smart"})
        assert (found["model"]["id"], found["effort"], found["matchedBy"]) == ("openai/gpt-5.5", "high", "alias")
        listed = client.request("maestro/model/list")
        assert {source["provider"]: source["status"] for source in listed["sources"]}["anthropic"] == "error"
        assert CANARY not in json.dumps(client.received())


def test_a_model_that_will_go_is_told_in_the_chats_log(launch: Launch) -> None:
    with running("openai") as openai:
        client = _signed_in(launch, openai)
        client.request("maestro/model/list", {"provider": "openai"})
        sent = client.request("maestro/chat/send", {"input": "Hello", "model": "openai/gpt-4o"})
        client.request("maestro/chat/send", {"chatId": sent["chatId"], "input": "Again"})
        events = client.request("maestro/chat/events", {"chatId": sent["chatId"], "afterSeq": 0})["events"]
        [notice] = [event for event in events if event["type"] == "notice"]
        assert "2027-02-13" in notice["message"]


def _models(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maestro", "models", *arguments],
        env=environment(home, **FAST, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_any_key_one_is_told_how_to_get_there(tmp_path: Path) -> None:
    done = _models(tmp_path, MAESTRO_MODELS__PROBE_LOCAL_SERVERS="true")
    assert done.returncode == 0
    assert "offline/assistant" in done.stdout
    for words in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "maestro login gemini", "baseUrl"):
        assert words in done.stderr


def test_a_broken_file_and_a_dead_provider_take_nothing_else_down(tmp_path: Path) -> None:
    data = tmp_path / "maestro" / "data"
    data.mkdir(parents=True)
    (data / "openaicompat-providers.yaml").write_text(f"acme:\n  api_key: {CANARY}\n  name: [acme\n", encoding="utf-8")
    done = _models(tmp_path, MAESTRO_PROVIDERS__GATE__BASE_URL=f"{CLOSED_PORT}/v1")
    assert done.returncode == 1
    assert "offline/assistant" in done.stdout
    broken, dead, empty, heading, *ways = done.stderr.splitlines()
    assert re.search(r"openaicompat-providers\.yaml, line \d+, column \d+: ", broken)
    assert dead.startswith("gate ")
    assert "providers.gate.baseUrl" in dead
    assert (empty, heading.partition(".")[0]) == ("", "No service answered")
    assert any("OPENAI_API_KEY" in way for way in ways)
    assert CANARY not in done.stdout + done.stderr
    alone = _models(tmp_path, "--provider", "OFFLINE")
    assert (alone.returncode, alone.stderr.strip()) == (1, broken)


@pytest.mark.parametrize("place", ["broken", "dangling", "folder"])
def test_what_keeps_a_discovery_from_being_written_is_said_once(tmp_path: Path, place: str) -> None:
    file = tmp_path / "maestro" / "data" / "openaicompat-providers.yaml"
    file.parent.mkdir(parents=True)
    if place == "broken":
        file.write_text("providers: [\n", encoding="utf-8")
    elif place == "dangling":
        file.symlink_to(tmp_path / "gone" / "away.yaml")
    else:
        file.mkdir()
    with running("compatible") as gate:
        address = {"MAESTRO_PROVIDERS__GROQ__BASE_URL": f"{gate.base_url}/v1", "GROQ_API_KEY": CANARY}
        done = _models(tmp_path, "--discover", **address)
    assert done.returncode == 1
    assert "valid and 0 invalid models for groq" in done.stderr
    assert done.stderr.count(str(file)) == 1
    assert "What was found is not kept.\n" in done.stderr
    for wrong in ("Errno", "partial", "not every service", "Error persisting"):
        assert wrong not in done.stderr


def test_what_a_discovery_finds_is_kept_and_the_key_is_not_told(tmp_path: Path) -> None:
    data = tmp_path / "maestro" / "data"
    data.mkdir(parents=True)
    with running("compatible") as gate:
        file = data / "openaicompat-providers.yaml"
        head = f"providers:\n  acme:\n    name: acme\n    base_api_url: {gate.base_url}/v1\n    api_key: {CANARY}\n"
        file.write_text(f"{head}    valid_models:\n      acme/large-1: big\n", encoding="utf-8")
        done = _models(tmp_path, "--discover")
        assert done.returncode == 0, done.stderr
        assert "3 valid and 0 invalid models for acme" in done.stderr
        assert "acme/small-1" in done.stderr
        assert "acme/acme/small-1" in done.stdout
        assert "acme/small-1" in file.read_text(encoding="utf-8")
        dead = {"GROQ_API_KEY": CANARY, "MAESTRO_PROVIDERS__GROQ__BASE_URL": f"{CLOSED_PORT}/v1"}
        again = _models(tmp_path, "--discover", **dead)
        assert again.returncode == 1
        assert "discovering models for groq" in again.stderr
        rows = [line.split() for line in again.stdout.splitlines()]
        assert ["acme/acme/large-1", "big"] in rows
        assert "No service" not in again.stderr
    for one in (done, again):
        assert CANARY not in one.stdout + one.stderr


def test_a_dead_provider_is_one_line_and_the_others_are_a_table(tmp_path: Path) -> None:
    with running("anthropic") as anthropic, running("openai") as openai:
        keys = {**anthropic.environment, **openai.environment, "GROQ_API_KEY": CANARY}
        dead = {"MAESTRO_PROVIDERS__GROQ__BASE_URL": f"{CLOSED_PORT}/v1"}
        names = {"MAESTRO_PROVIDERS__OPENAI__VALID_MODELS": '{"gpt-5.5": "five"}'}
        done = _models(tmp_path, **keys, **dead, **names, MAESTRO_DEFAULTS__PROVIDER="openai")
    assert done.returncode == 1
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert (lines["openai/gpt-5.5"][0], lines["openai/gpt-5.5"][-1]) == ("five", "default")
    assert lines["openai/gpt-4o"][-3:] == ["deprecated,", "until", "2027-02-13"]
    assert lines["anthropic/claude-opus-5-5"][0] == "200k"
    assert "anthropic/claude-opus-4-0" not in lines
    [line] = done.stderr.splitlines()
    assert line.startswith("Groq ")
    assert "providers.groq.baseUrl" in line
    assert CANARY not in done.stdout + done.stderr


def test_what_the_settings_know_of_a_dead_provider_is_listed(tmp_path: Path) -> None:
    known = {"MAESTRO_PROVIDERS__OPENAI__VALID_MODELS": '{"gpt-9": "nine"}'}
    done = _models(tmp_path, "--json", "--provider", "openai", OPENAI_API_KEY=CANARY, **known)
    listed = ModelListResult.from_wire(json.loads(done.stdout))
    assert [(model.id, model.short_name) for model in listed.models] == [("openai/gpt-9", "nine")]
    assert [source.status for source in listed.sources] == ["stale"]
    assert "What is known" in done.stderr
    assert done.returncode == 1
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "model", "effort"),
    [
        (("--model", "smart"), "gpt-5.5", "high"),
        (("--model", "OpenAI/gpt-5.4@low"), "gpt-5.4", "low"),
        (("--provider", "openai", "--model", "gpt-5.3-codex@xhigh"), "gpt-5.3-codex", "xhigh"),
        (("--model", "env:openai:auto@medium"), "gpt-5.5", "medium"),
        ((), "gpt-5.5", "high"),
    ],
)
def test_a_chat_in_the_terminal_takes_every_string(
    tmp_path: Path, arguments: tuple[str, ...], model: str, effort: str
) -> None:
    settings = {
        "MAESTRO_ALIASES": '{"smart": "openai/five@high"}',
        "MAESTRO_PROVIDERS__OPENAI__VALID_MODELS": '{"gpt-5.5": "five"}',
        "MAESTRO_DEFAULTS__COMPLETE": "smart",
    }
    with running("openai") as openai:
        done = subprocess.run(
            [sys.executable, "-m", "maestro", "chat", *arguments, "Hello"],
            env=environment(tmp_path, **openai.environment, **settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        [request] = openai.requests
    assert (request.json["model"], request.json["reasoning"]["effort"]) == (model, effort)


def test_a_discovery_in_the_editor_tells_how_far_it_is(launch: Launch) -> None:
    with running("compatible") as gate:
        client = launch(MAESTRO_PROVIDERS__GATE__BASE_URL=f"{gate.base_url}/v1", GATE_API_KEY=CANARY, **FAST)
        client.initialize()
        client.request("maestro/session/setDefault", {"sessionId": "env:gate"})
        token = new_token()
        found = client.request("maestro/model/discover", {"provider": "gate", "workDoneToken": token, "persist": False})
        assert [(one["provider"], one["status"], one["valid"]) for one in found["providers"]] == [("gate", "ok", 3)]
        assert found["persisted"] is False
        said = client.events(token)
        assert (said[0]["kind"], said[-1]["kind"]) == ("begin", "end")
        assert any("3 valid" in str(one.get("message")) for one in said)
        models = client.request("maestro/model/list", {"provider": "gate"})["models"]
        assert "gate/acme/large-1" in [model["id"] for model in models]
