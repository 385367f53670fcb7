"""Tools of a server of the Model Context Protocol, on their way from the settings to the model and into the ledger."""

import sys
from pathlib import Path

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import call, intent, talk
from tests.simulators.replies import Script

SERVER = Path(__file__).parents[1] / "unit" / "tools" / "mcp_server.py"
ADD = Script(tool_calls=(call("mcp__demo__add", a=1, b=2, intent=intent("mcp__demo__add")),))
DONE = Script(text="Done.")


def server(folder: Path, *, trusted: bool) -> JsonObject:
    return {"demo": {"command": sys.executable, "args": [str(SERVER), str(folder)], "trusted": trusted}}


def test_a_tool_of_a_server_is_asked_for_and_run(tmp_path: Path) -> None:
    with talk(tmp_path, tools={"mcpServers": server(tmp_path, trusted=False)}) as agent:
        agent.client.choose("allowChat")
        sent = agent.ask("Add.", ADD, DONE)
        assert [(one["status"], one["content"]) for one in sent.of("tool.completed")] == [("completed", "3")]
        agent.ask("Again.", ADD, DONE)
        assert len(agent.client.questions()) == 1, "a claim to only read is a claim; it was granted for the chat"
        [_, record] = agent.intents()
        assert record["subject"]["input"] == {"a": 1, "b": 2}
        assert record["decision"]["by"] == "grant"


def test_a_trusted_server_is_believed(tmp_path: Path) -> None:
    with talk(tmp_path, tools={"mcpServers": server(tmp_path, trusted=True)}) as agent:
        sent = agent.ask("Add.", ADD, DONE)
        assert [one["status"] for one in sent.of("tool.completed")] == ["completed"]
        assert agent.client.questions() == []
