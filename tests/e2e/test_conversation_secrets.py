"""Secrets in files, in the environment and in what commands print never leave the machine and are kept nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conversations import Talk, call, command, edit, intent, world
from tests.e2e.test_secrets import disguises
from tests.simulators.replies import Prompt, Script

IN_FILE = "sk-proj-CANARYinFile7f3a9c51b2e84d60a1c9"
IN_SELECTION = "ghp_CANARYinSelection51b2e84d60a1c9e7f3a9c5"
IN_OUTPUT = "AKIACANARYOUTPUT7F3A"
IN_HALVES = "sk-ant-api03-CANARYhalves9c51b2e84d60a1c97f3a"
IN_ENVIRONMENT = "CANARYenvironment-4d60a1c97f3a9c51b2e8"
KEY_OF_ENVIRONMENT = "sk-CANARYofEnvironment60a1c97f3a9c51b2e84d"
SECRETS = (IN_FILE, IN_SELECTION, IN_OUTPUT, IN_HALVES, IN_ENVIRONMENT, KEY_OF_ENVIRONMENT)
HALVES = "sh halves.sh".split()
DONE = Script(text="Done.")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """A window in which every secret was within reach of a model, and which has ended."""
    variables = {
        "INTERNAL_SERVICE_TOKEN": IN_ENVIRONMENT,
        "OPENAI_API_KEY": KEY_OF_ENVIRONMENT,
        "MAESTRO_LOG_LEVEL": "debug",
    }
    with world(tmp_path_factory.mktemp("home"), "openai", variables, tools={"runCommand": True}) as stage:
        _plant(stage.folder)
        agent = stage.window()
        agent.client.choose("allowOnce")
        _reach(agent)
        agent.client.end()
        yield agent


def _plant(folder: Path) -> None:
    (folder / "settings.py").write_text(f'API_KEY = "{IN_FILE}"\nREGION = "milk"\n')
    (folder / "deploy.py").write_text(f'first = 1\ntoken = "{IN_SELECTION}"\n')
    (folder / "log.txt").write_text(f"aws {IN_OUTPUT} used\n")
    half, rest = IN_HALVES[:20], IN_HALVES[20:]
    (folder / "halves.sh").write_text(f"printf '%s' '{half}'\nsleep 0.3\nprintf '%s\\n' '{rest}'\n")


def _reach(agent: Talk) -> None:
    folder = agent.folder.as_uri()
    span = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
    agent.chat_id = agent.client.request("maestro/chat/create", {})["id"]
    agent.request("context/add", scope="chat", source="file", uri=f"{folder}/settings.py")
    agent.request("context/add", scope="chat", source="range", uri=f"{folder}/deploy.py", range=span)
    agent.request("context/add", scope="chat", source="toolOutput", text=f"It printed {IN_OUTPUT}.")
    parts = [
        {"type": "text", "text": "Look."},
        {"type": "file", "uri": f"{folder}/settings.py"},
        {"type": "selection", "uri": f"{folder}/deploy.py", "range": span},
    ]
    reading = call("read_file", path="settings.py"), call("search", pattern="API_KEY|token")
    agent.ask(parts, Script(tool_calls=reading), DONE)
    running = command("cat", "log.txt"), command(*HALVES), command("env"), command("sh", "-c", "cat settings.py >&2")
    running += (command("sh", "-c", "tr '\\0' '\\n' < /proc/$PPID/environ"),)
    agent.ask("Run.", *(Script(tool_calls=(one,)) for one in running), DONE)
    changing = call("apply_edit", intent("settings.py"), **_EDIT)
    agent.ask("Change.", Script(tool_calls=(changing, edit())), DONE)
    agent.ask("Change the line.", Script(tool_calls=(call("read_file", path="settings.py"),)), _rewrite, DONE)
    _answer_with_a_secret(agent)
    agent.ask("And?", DONE)
    agent.request("chat/export")
    agent.request("chat/export", format="json")
    agent.log()
    for chunk in agent.context():
        agent.client.request("maestro/context/get", {"id": chunk["id"]})
    agent.client.request("maestro/intent/export", {"format": "jsonl"})
    agent.client.request("maestro/permission/list")
    agent.client.refused("maestro/context/add", {"scope": "chat", "source": "text", "text": IN_FILE, "chatId": "x"})


def _rewrite(prompt: Prompt) -> Script:
    """Change the line of the key, as far as a model can see it."""
    [line] = [line for line in prompt.tool_results[-1].splitlines() if "API_KEY" in line]
    old = line.partition("\t")[2]
    given = {"path": "settings.py", "oldText": old, "newText": old.replace("API_KEY", "KEY")}
    return Script(tool_calls=(call("apply_edit", intent("settings.py"), **given),))


def _answer_with_a_secret(agent: Talk) -> None:
    """A tool of the editor's, and what the editor knows of a file."""
    tool = {"name": "look_up", "description": "Look up.", "inputSchema": {"type": "object"}}
    agent.client.request("maestro/tool/register", {"tools": [tool]})
    agent.client.answers["maestro/tool/invoke"] = lambda _: {"content": f"The key is {IN_OUTPUT}."}
    span = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
    items = [{"range": span, "message": f"The key {IN_SELECTION} is in the code."}]
    diagnostics = {"type": "diagnostics", "uri": f"{agent.folder.as_uri()}/deploy.py", "items": items}
    parts = [{"type": "text", "text": "Look up."}, diagnostics]
    agent.ask(parts, Script(tool_calls=(call("look_up", intent("all")),)), DONE)


_EDIT = {"path": "settings.py", "oldText": "milk", "newText": "bread"}


def leaks(data: bytes) -> list[str]:
    return [secret for secret in SECRETS if any(part in data for part in disguises(secret))]


def test_every_secret_was_within_reach(spoken: Talk) -> None:
    """Else the other tests prove nothing."""
    calls = [m["params"]["value"] for m in spoken.client.received() if m.get("method") == "$/progress"]
    done = [event for event in calls if event.get("type") == "tool.completed"]
    assert [event["status"] for event in done] == ["completed"] * 12
    assert "settings.py:1:" in done[1]["content"]
    assert "deploy.py:2:" in done[1]["content"]
    assert "INTERNAL_SERVICE_TOKEN" not in done[4]["content"], "a command does not get what is none of its business"
    assert (spoken.folder / "settings.py").read_text() == f'KEY = "{IN_FILE}"\nREGION = "bread"\n'
    assert "REGION" in spoken.last_body()
    assert "INTERNAL_SERVICE_TOKEN=" in done[6]["content"], "the server's own variables are there for who looks"


def test_no_secret_in_what_the_editor_gets(spoken: Talk) -> None:
    assert leaks(bytes(spoken.client.stdout)) == []
    assert leaks(bytes(spoken.client.stderr)) == []


def test_no_secret_in_what_the_provider_gets(spoken: Talk) -> None:
    assert spoken.bodies
    assert [leaks(request.body) for request in spoken.simulated.server.requests if leaks(request.body)] == []
    assert {request.headers.get("authorization") for request in spoken.simulated.server.requests} == {
        "Bearer sk-simulated-key-0001"
    }


def test_no_secret_in_any_file_of_ours(spoken: Talk) -> None:
    home = spoken.folder.parent / "maestro"
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {".db", ".log"} <= {path.suffix for path in files}, "the files are there to be searched"
    assert {str(path): found for path in files if (found := leaks(path.read_bytes()))} == {}
