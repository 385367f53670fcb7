"""Context on the wire: what was deleted is not sent, what does not fit is refused, what changed is told."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import NOTES, Talk, call, talk, texts, world
from tests.simulators.messages import signature
from tests.simulators.replies import Script

DONE = Script(text="Done.")
THOUGHT = "The notes will tell."
READ = Script(text="Let me look.", reasoning=THOUGHT, tool_calls=(call("read_file", path="notes.md"),))
FACT = "The capital of Assyria is not known to me."
DID_CHANGE = "maestro/context/didChange"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(tmp_path_factory.mktemp("home"), "anthropic") as talking:
        yield talking


@pytest.fixture
def agent(shared: Talk) -> Iterator[Talk]:
    """A new chat over notes as they were."""
    (shared.folder / "notes.md").write_text(NOTES)
    shared.chat_id = shared.client.request("maestro/chat/create", {})["id"]
    yield shared
    shared.client.request("maestro/context/clear", {"scope": "workspace"})
    shared.simulated.service.scripts.queue.clear()


def add(agent: Talk, text: str = FACT, **more: object) -> JsonObject:
    return agent.request("context/add", **{"scope": "chat", "source": "text", "text": text, **more})


def change(agent: Talk, method: str, *ids: str) -> JsonObject:
    return agent.client.request(f"maestro/context/{method}", {"ids": [*ids]})


def by_source(agent: Talk, source: str) -> list[JsonObject]:
    return [chunk for chunk in agent.context() if chunk["source"] == source]


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_what_was_deleted_is_not_sent_until_it_is_restored(agent: Talk) -> None:
    chunk = add(agent)
    agent.ask("One.", DONE)
    assert FACT in agent.last_body()

    assert change(agent, "delete", chunk["id"], "none") == {"deleted": [chunk["id"]], "notFound": ["none"]}
    agent.ask("Two.", DONE)
    assert FACT not in agent.last_body()

    assert change(agent, "restore", chunk["id"])["restored"] == [chunk["id"]]
    agent.ask("Three.", DONE)
    assert FACT in agent.last_body()


def test_a_message_that_was_deleted_is_not_sent_and_stays_in_the_chat(agent: Talk) -> None:
    agent.ask("Remember the number 4711.", Script(text="I shall remember it."))
    [said, _] = by_source(agent, "message")
    change(agent, "delete", said["id"])
    agent.ask("Which number?", DONE)
    assert "4711" not in agent.last_body()
    assert "I shall remember" in agent.last_body()
    assert "4711" in json.dumps(agent.request("chat/get")["messages"])


def test_a_deleted_result_takes_its_call_and_its_thinking_along(agent: Talk) -> None:
    agent.ask("Look.", READ, DONE)
    agent.ask("And?", DONE)
    assert signature(THOUGHT) in agent.last_body()
    [output] = by_source(agent, "toolOutput")
    deleted = change(agent, "delete", output["id"])["deleted"]
    assert len(deleted) > 1

    agent.ask("And now?", DONE)
    assert not [word for word in ("tool_use", "tool_result", "thinking", "Buy milk.") if word in _words(agent)]
    assert signature(THOUGHT) not in agent.last_body()

    change(agent, "restore", output["id"])
    agent.ask("And again?", DONE)
    assert signature(THOUGHT) in agent.last_body()
    assert "tool_result" in _words(agent)


def _words(agent: Talk) -> str:
    """What is said in the last request, without the tools it offers."""
    return json.dumps(agent.bodies[-1]["messages"])


def test_deleting_everything_leaves_the_question(agent: Talk) -> None:
    add(agent)
    agent.ask("Look.", READ, DONE)
    change(agent, "delete", *(chunk["id"] for chunk in agent.context()))
    assert agent.context() == []
    agent.ask("Alone?", DONE)
    assert [text for text in texts(agent.bodies[-1]["messages"]) if text not in ("user", "text")] == ["Alone?"]


def test_of_the_chunks_only_those_named_and_the_pinned_ones_are_sent(agent: Talk) -> None:
    named, pinned, rest = add(agent, "The named one."), add(agent, "The pinned one.", pinned=True), add(agent, "Other.")
    agent.ask("Go.", DONE, contextIds=[named["id"]])
    body = agent.last_body()
    assert ("The named one." in body, "The pinned one." in body, "Other." in body) == (True, True, False)
    agent.ask("Go.", DONE)
    assert "Other." in agent.last_body()
    assert agent.send("Go.", contextIds=[rest["id"], "none"]).refusal().code == 4501
    assert pinned["pinned"] is True


def test_what_is_pinned_survives_clearing(agent: Talk) -> None:
    chunk, kept = add(agent), add(agent, "Kept.", pinned=True)
    cleared = agent.request("context/clear", scope="chat")["deleted"]
    assert cleared == [chunk["id"]]
    assert [one["id"] for one in agent.context()] == [kept["id"]]


def test_chunks_of_the_workspace_are_sent_in_every_chat(agent: Talk) -> None:
    params = {"scope": "workspace", "source": "text", "text": FACT}
    agent.client.request("maestro/context/add", params)
    agent.ask("One.", DONE)
    assert FACT in agent.last_body()
    agent.chat_id = None
    agent.ask("Two.", DONE)
    assert FACT in agent.last_body()


def test_adding_twice_with_one_id_adds_once(agent: Talk) -> None:
    chunk = add(agent, clientRequestId=f"once-{agent.chat_id}")
    assert add(agent, clientRequestId=f"once-{agent.chat_id}") == chunk
    assert [one["id"] for one in agent.context()] == [chunk["id"]]


def test_what_a_message_brings_is_a_chunk_of_its_own(agent: Talk) -> None:
    uri = (agent.folder / "notes.md").as_uri()
    agent.ask([{"type": "text", "text": "What is this?"}, {"type": "file", "uri": uri}], DONE)
    [chunk] = by_source(agent, "file")
    assert (chunk["uri"], chunk["stale"]) == (uri, False)
    assert "Buy milk." in agent.last_body()
    change(agent, "delete", chunk["id"])
    agent.ask("And now?", DONE)
    assert "Buy milk." not in agent.last_body()


def test_a_deletion_between_two_rounds_holds_for_the_second(agent: Talk) -> None:
    chunk = add(agent)
    agent.client.choose(None)
    number = len(agent.client.questions()) + 1
    editing = call("apply_edit", {"purpose": "maintenance", "scope": "notes.md", "risk_level": "low"}, **_EDIT)
    sent = agent.send("Go.", Script(tool_calls=(editing,)), DONE)
    question = agent.client.question(number)
    assert FACT in agent.last_body()
    change(agent, "delete", chunk["id"])
    agent.client.answer(question, "allowOnce")
    sent.result()
    assert FACT not in agent.last_body()


_EDIT = {"path": "notes.md", "oldText": "milk", "newText": "bread"}


# -- what does not fit ------------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_refused_with_numbers_and_nothing_is_kept(tmp_path: Path) -> None:
    with talk(tmp_path, chat={"contextTokens": 4_000}) as agent:
        agent.ask("Hello.", DONE)
        before = agent.request("chat/get"), agent.context(), agent.log()
        refused = agent.send("x" * 40_000).refusal()
        assert refused.code == 4502
        assert "4,000" in refused.message
        assert (agent.request("chat/get"), agent.context(), agent.log()) == before

        chats = agent.client.request("maestro/chat/list")
        agent.chat_id = None
        assert agent.send("x" * 40_000).refusal().code == 4502
        assert agent.client.request("maestro/chat/list") == chats, "no chat is made for it"
        assert len(agent.bodies) == 1


def test_what_is_too_old_is_left_out_with_a_notice(tmp_path: Path) -> None:
    with talk(tmp_path, chat={"contextTokens": 8_000, "overflow": "trim"}) as agent:
        pinned = add(agent_with_chat(agent), FACT, pinned=True)
        agent.ask("The first one. " + "ab " * 2_000, DONE)
        agent.ask("The second one. " + "cd " * 2_000, DONE)
        sent = agent.ask("The third one. " + "ef " * 2_000, DONE)
        [notice] = sent.of("notice")
        assert notice["severity"] == "warning"
        assert "left out" in notice["message"]
        body = agent.last_body()
        assert ("The first one." in body, "The third one." in body, FACT in body) == (False, True, True)
        assert pinned["id"] in [chunk["id"] for chunk in agent.context()], "nothing is deleted"
        assert "The first one." in json.dumps(agent.request("chat/get")["messages"])


def agent_with_chat(agent: Talk) -> Talk:
    agent.chat_id = agent.client.request("maestro/chat/create", {})["id"]
    return agent


# -- what changed -----------------------------------------------------------------------------------------------------


def test_a_chunk_is_stale_once_its_document_was_changed(agent: Talk) -> None:
    uri = agent.client.open(agent.folder / "notes.md")
    chunk = add(agent, None, source="file", uri=uri)
    assert chunk["stale"] is False
    after = len(agent.client.received())
    agent.client.edit(uri, "milk", "bread")

    def is_stale(message: JsonObject) -> bool:
        changed = message["params"].get("changed", []) if message.get("method") == DID_CHANGE else []
        return any(one["id"] == chunk["id"] and one["stale"] for one in changed)

    agent.client.wait(is_stale, after=after)
    [listed] = agent.context()
    assert listed["stale"] is True
    agent.ask("Go.", DONE)
    assert "Buy milk." in agent.last_body(), "it stays as it was"

    fresh = agent.client.request("maestro/context/update", {"id": chunk["id"], "refresh": True})
    assert fresh["stale"] is False
    agent.ask("Go.", DONE)
    assert "Buy bread." in agent.last_body()
    agent.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_changes_are_told_after_the_answer(agent: Talk) -> None:
    after = len(agent.client.received())
    chunk = add(agent)
    told = agent.client.notification(DID_CHANGE, after=after)
    assert [one["id"] for one in told["added"]] == [chunk["id"]]
    assert told["total"]["chunks"] == 1
    kinds = [message.get("method", "answer") for message in agent.client.received()[after:]]
    assert kinds.index("answer") < kinds.index(DID_CHANGE)


def sending(agent: Talk) -> None:
    agent.ask("Go.", DONE)


def reverting(agent: Talk) -> None:
    agent.request("chat/revert", throughMessageId=agent.request("chat/get")["messages"][0]["id"])


def compacting(agent: Talk) -> None:
    agent.say(Script(text="They greeted each other."))
    agent.request("chat/compact", keepTurns=0)


@pytest.mark.parametrize("change", [sending, reverting, compacting])
def test_whatever_changes_the_context_is_told(agent: Talk, change: Callable[[Talk], None]) -> None:
    """An editor that shows the chunks has nothing else to go by."""
    agent.ask("Hello.", DONE)
    agent.client.settle()
    before = {chunk["id"] for chunk in agent.context()}
    after = len(agent.client.received())
    change(agent)
    agent.client.settle()
    there = {chunk["id"] for chunk in agent.context()}
    told = [m["params"] for m in agent.client.received()[after:] if m.get("method") == DID_CHANGE]
    assert {chunk["id"] for one in told for chunk in one.get("added", [])} == there - before
    assert {chunk_id for one in told for chunk_id in one.get("removed", [])} == before - there


# -- what is not shown ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fenced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    home = tmp_path_factory.mktemp("home")
    with world(home) as stage:
        (home / "outside.txt").write_text("Outside.\n")
        (stage.folder / "link.txt").symlink_to(home / "outside.txt")
        (stage.folder / "up").symlink_to(home)
        (stage.folder / ".env").write_text("TOKEN=1\n")
        (stage.folder / ".gitignore").write_text("ignored.txt\n")
        (stage.folder / "ignored.txt").write_text("Ignored.\n")
        window = stage.window()
        window.chat_id = window.client.request("maestro/chat/create", {})["id"]
        yield window
        window.client.end()


FORBIDDEN = ("../outside.txt", "link.txt", "up/outside.txt", ".env", "ignored.txt", ".git/config", "/etc/passwd")


@pytest.mark.parametrize("path", FORBIDDEN)
def test_what_is_not_the_workspaces_cannot_be_added(fenced: Talk, path: str) -> None:
    uri = Path(path).as_uri() if path.startswith("/") else f"{fenced.folder.as_uri()}/{path}"
    params = {"scope": "chat", "chatId": fenced.chat_id, "source": "file", "uri": uri}
    assert fenced.client.refused("maestro/context/add", params).code == 4406
    refused = fenced.send([{"type": "text", "text": "Look."}, {"type": "file", "uri": uri}]).refusal()
    assert refused.code == 4406
    assert fenced.context() == []


@pytest.mark.parametrize("path", FORBIDDEN)
def test_what_is_not_the_workspaces_cannot_be_read_or_written_by_a_tool(fenced: Talk, path: str) -> None:
    fenced.client.choose("allowOnce")
    chat_id, fenced.chat_id = fenced.chat_id, None
    declared = {"purpose": "maintenance", "scope": path, "risk_level": "low"}
    writing = call("apply_edit", declared, path=path, oldText="", newText="Owned.\n")
    sent = fenced.ask("Go.", Script(tool_calls=(call("read_file", path=path), writing)), DONE)
    fenced.chat_id = chat_id
    assert [status for status, _ in sent.calls()] == ["failed", "failed"]
    assert not [word for word in ("Outside.", "TOKEN", "Ignored.", "root:") if word in fenced.last_body()]


def test_lists_and_searches_leave_out_what_cannot_be_read(fenced: Talk) -> None:
    chat_id, fenced.chat_id = fenced.chat_id, None
    sent = fenced.ask("Go.", Script(tool_calls=(call("list_files"), call("search", pattern="."))), DONE)
    fenced.chat_id = chat_id
    shown = " ".join(told for _, told in sent.calls())
    assert "notes.md" in shown
    assert not [word for word in ("outside", "Outside", "TOKEN", "Ignored.", "[core]") if word in shown]
