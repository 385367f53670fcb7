"""Every built-in tool, called in every provider's own format, with what the provider wants back in the next request."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import MODELS, NOTES, Talk, call, check_log, command, edit, intent, talk, texts, world
from tests.e2e.upstream import Exchange, Upstream, event
from tests.simulators.gemini_checks import SIGNATURE
from tests.simulators.messages import signature
from tests.simulators.replies import Script, ToolCall

THOUGHT = "The notes will tell."
DONE = Script(text="Done.")


@pytest.fixture(scope="module", params=[*MODELS])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    home = tmp_path_factory.mktemp(request.param)
    with talk(home, request.param, tools={"runCommand": True}) as talking:
        yield talking


@pytest.fixture
def agent(shared: Talk) -> Talk:
    """A new chat over notes as they were."""
    (shared.folder / "notes.md").write_text(NOTES)
    shared.chat_id = None
    shared.client.choose("allowOnce")
    return shared


def run(agent: Talk, *calls: ToolCall) -> list[tuple[str, str]]:
    """A turn in which the model thinks, makes these calls, reads their results and says that it is done."""
    sent = agent.ask("Go.", Script(reasoning=THOUGHT, tool_calls=calls), DONE)
    assert sent.text.endswith("Done.")
    log = agent.log()
    check_log(log)
    assert sent.events == log[-len(sent.events) :], "the log replays what was told"
    told = [result for _, result in sent.calls()]
    assert len(agent.prompts[-1].tool_results) == len(calls)
    assert all(result in " ".join(texts(agent.bodies[-1])) for result in told), "the model is told the same"
    return sent.calls()


def test_read_file(agent: Talk) -> None:
    [(status, read)] = run(agent, call("read_file", path="notes.md"))
    assert status == "completed"
    assert "3\tBuy milk." in read


def test_list_files(agent: Talk) -> None:
    assert run(agent, call("list_files", glob="*.md")) == [("completed", "notes.md")]


def test_search(agent: Talk) -> None:
    [(status, found)] = run(agent, call("search", pattern="m[aeiou]lk"))
    assert status == "completed"
    assert "notes.md:3: Buy milk." in found


def test_diagnostics(agent: Talk) -> None:
    [(status, found)] = run(agent, call("diagnostics"))
    assert status == "completed"
    assert "Nothing is shown" in found


def test_several_calls_in_one_round_come_one_after_another(agent: Talk) -> None:
    """What reads after a change reads what was changed."""
    slow = command("sh", "-c", "sleep 0.3; echo Buy bread. > notes.md", scope="notes.md")
    results = run(agent, call("list_files"), slow, call("read_file", path="notes.md"))
    assert [status for status, _ in results] == ["completed"] * 3
    assert "Buy bread." in results[2][1]


def test_apply_edit_on_disk(agent: Talk) -> None:
    [(status, told)] = run(agent, edit())
    assert status == "completed"
    assert "written" in told
    assert (agent.folder / "notes.md").read_text() == NOTES.replace("milk", "bread")


def test_run_command(agent: Talk) -> None:
    [(status, printed)] = run(agent, command("cat", "notes.md"))
    assert status == "completed"
    assert "Buy milk." in printed
    record = agent.intents(tool="run_command")[-1]
    assert record["observed"]["exitCode"] == 0
    assert record["observed"]["commands"] == ["cat notes.md"]


def test_what_a_command_prints_is_told_as_it_comes(agent: Talk) -> None:
    sent = agent.ask("Go.", Script(tool_calls=(command("cat", "notes.md"),)), DONE)
    assert "Buy milk." in "".join(event["text"] for event in sent.of("tool.outputDelta"))


def test_fetch_url_is_not_offered(agent: Talk) -> None:
    agent.ask("Hello.", DONE)
    assert "fetch_url" not in [tool.name for tool in agent.prompts[-1].tools]
    listed = {tool["name"]: tool for tool in agent.client.request("maestro/tool/list")["tools"]}
    assert listed["fetch_url"]["enabled"] is False
    assert "tools.fetchUrl" in listed["fetch_url"]["reason"]
    refused = agent.send("Hello.", tools={"allow": ["fetch_url"]}).refusal()
    assert refused.code == 4402
    [(status, told)] = run(agent, call("fetch_url", intent("example.com"), url="https://example.com/"))
    assert (status, "no tool `fetch_url`" in told) == ("failed", True)


def test_every_tool_asks_for_the_intent(agent: Talk) -> None:
    agent.ask("Hello.", DONE)
    offered = {tool.name: tool.schema for tool in agent.prompts[-1].tools}
    assert {"read_file", "list_files", "search", "diagnostics", "apply_edit", "run_command"} == set(offered)
    assert all("risk_level" in json.dumps(schema) for schema in offered.values())


def test_thoughts_are_sent_back_as_they_came(agent: Talk) -> None:
    run(agent, call("read_file", path="notes.md"))
    follow_up = agent.ask("And now?", DONE)
    assert follow_up.text == "Done."
    for body in agent.bodies[-2:]:
        check_thoughts(agent.model.partition("/")[0], body)


def check_thoughts(provider: str, body: JsonObject) -> None:
    """The provider's own items of the thinking round stand in a later request."""
    match provider:
        case "openai":
            [item] = [item for item in body["input"] if item.get("type") == "reasoning"]
            assert item["encrypted_content"].startswith("gAAAAAB")
            assert len(item["encrypted_content"]) > len("gAAAAAB"), "the one that came when the item was whole"
        case "anthropic":
            blocks = [block for message in body["messages"] for block in message["content"] if isinstance(block, dict)]
            thinking = [block for block in blocks if block["type"] == "thinking"]
            assert thinking == [{"type": "thinking", "thinking": THOUGHT, "signature": signature(THOUGHT)}]
        case "openrouter":
            [answer] = [message for message in body["messages"] if message.get("tool_calls")]
            assert "".join(detail["text"] for detail in answer["reasoning_details"]) == THOUGHT
        case "gemini":
            parts = [part for content in body["contents"] for part in content["parts"]]
            assert [part["thoughtSignature"] for part in parts if "functionCall" in part] == [SIGNATURE]


def test_in_a_workspace_that_is_not_trusted_there_are_no_tools(tmp_path: Path) -> None:
    with world(tmp_path) as alone:
        agent = alone.window(trusted=False)
        agent.client.choose("allowOnce")
        sent = agent.ask("Go.", Script(tool_calls=(call("read_file", path="notes.md"), edit())), DONE)
        assert [status for status, _ in sent.calls()] == ["failed"] * 2
        assert agent.prompts[0].tools == ()
        assert agent.client.questions() == []
        assert (agent.folder / "notes.md").read_text() == NOTES
        agent.client.end()


def test_in_a_folder_that_is_not_open_there_are_no_tools(agent: Talk, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("Other.\n")
    made = agent.client.request("maestro/chat/create", {"workspaceFolder": tmp_path.as_uri()})
    agent.chat_id = made["id"]
    sent = agent.ask("Go.", Script(tool_calls=(call("read_file", path="other.md"),)), DONE)
    assert [status for status, _ in sent.calls()] == ["failed"]
    assert "Other." not in agent.last_body()


# -- through the editor -----------------------------------------------------------------------------------------------


def test_an_edit_of_an_open_document_goes_through_the_editor(tmp_path: Path) -> None:
    with world(tmp_path) as alone:
        agent = alone.window(edits=True)
        uri = agent.client.open(agent.folder / "notes.md")
        agent.client.edit(uri, "milk", "tea")
        agent.client.choose("allowOnce")
        reading = call("read_file", path="notes.md")
        sent = agent.ask("Go.", Script(tool_calls=(edit("tea", "bread"),)), Script(tool_calls=(reading,)), DONE)
        assert [status for status, _ in sent.calls()] == ["completed"] * 2
        assert "not saved" in sent.calls()[0][1]
        assert "Buy bread." in sent.calls()[1][1], "what is read is what the editor shows"
        assert agent.client.documents[uri] == (3, NOTES.replace("milk", "bread"))
        assert (agent.folder / "notes.md").read_text() == NOTES, "saving is the editor's"
        agent.client.end()


def test_a_new_file_is_made_by_the_editor(tmp_path: Path) -> None:
    with world(tmp_path) as alone:
        agent = alone.window(edits=True)
        agent.client.choose("allowOnce")
        making = call("apply_edit", intent("new.md"), path="new.md", oldText="", newText="New.\n")
        sent = agent.ask("Go.", Script(tool_calls=(making,)), DONE)
        assert [status for status, _ in sent.calls()] == ["completed"]
        assert (agent.folder / "new.md").read_text() == "New.\n"
        agent.client.end()


@pytest.mark.parametrize("answer", [{"applied": False, "failureReason": "It is read-only."}, None, {}])
def test_an_edit_the_editor_refuses_is_told_to_the_model(tmp_path: Path, answer: JsonObject | None) -> None:
    with world(tmp_path) as alone:
        agent = alone.window(edits=True)
        agent.client.answers["workspace/applyEdit"] = lambda _: answer
        agent.client.open(agent.folder / "notes.md")
        agent.client.choose("allowOnce")
        sent = agent.ask("Go.", Script(tool_calls=(edit(),)), DONE)
        [(status, told)] = sent.calls()
        assert status == "failed"
        assert answer is None or "failureReason" not in answer or "read-only" in told
        assert (agent.folder / "notes.md").read_text() == NOTES
        agent.client.end()


# -- what only a real service sends -----------------------------------------------------------------------------------


def test_redacted_thinking_is_sent_back_as_it_came(tmp_path: Path) -> None:
    """Nobody but the provider can read it, and without it the provider refuses the results of the calls."""
    redacted = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP"}
    calling = {"type": "tool_use", "id": "toolu_01", "name": "read_file", "input": {}}
    arguments = json.dumps({"path": "notes.md"})
    rounds = iter([messages_stream([redacted, calling], arguments, "tool_use"), messages_stream([], "", "end_turn")])
    with Upstream(lambda exchange: write_all(exchange, next(rounds))) as upstream:
        upstream.models = lambda exchange: exchange.answer(200, {"data": [], "has_more": False})
        with world(tmp_path, "anthropic", {"ANTHROPIC_BASE_URL": upstream.url}) as alone:
            agent = alone.window()
            agent.ask("Go.")
            [_, answered, results] = upstream.exchanges[1].json["messages"]
            assert answered["content"][0] == redacted
            assert [block["type"] for block in answered["content"]] == ["redacted_thinking", "tool_use"]
            assert results["content"][0]["tool_use_id"] == "toolu_01"
            agent.client.end()


def messages_stream(blocks: list[JsonObject], arguments: str, stop_reason: str) -> list[JsonObject]:
    """The events of a message on Anthropic's wire; `arguments` are those of its last block."""
    usage = {"input_tokens": 10, "output_tokens": 5}
    head = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": usage}
    events: list[JsonObject] = [{"type": "message_start", "message": head}]
    for index, block in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        if block["type"] == "tool_use":
            delta = {"type": "input_json_delta", "partial_json": arguments}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": stop_reason, "stop_sequence": None}
    return [*events, {"type": "message_delta", "delta": end, "usage": usage}, {"type": "message_stop"}]


def write_all(exchange: Exchange, events: list[JsonObject]) -> None:
    exchange.open_stream()
    for one in events:
        exchange.write(f"event: {one['type']}\n".encode() + event(one))
    exchange.close_stream()
