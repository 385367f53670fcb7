"""Answers that break off: what was said is kept and marked, a call that was begun ends, and the chat goes on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conversations import NOTES, Talk, check_log, edit, talk
from tests.simulators.personas import cut_off, drip, status
from tests.simulators.replies import Script

DONE = Script(text="Done.")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(tmp_path_factory.mktemp("home"), tools={"runCommand": True, "timeoutMs": 20_000}) as talking:
        yield talking


@pytest.fixture
def agent(shared: Talk) -> Iterator[Talk]:
    """A new chat over notes as they were."""
    (shared.folder / "notes.md").write_text(NOTES)
    shared.chat_id = None
    shared.client.choose("allowOnce")
    yield shared
    shared.simulated.service.play(())
    shared.simulated.service.scripts.queue.clear()
    shared.always(None)
    if shared.chat_id is not None:
        check_log(shared.log())


WORDS = Script(text="one two three four five six")


def test_an_answer_that_breaks_off_is_kept_and_marked(agent: Talk) -> None:
    agent.simulated.service.play([cut_off(3).first(1)])
    sent = agent.send("Go.", WORDS)
    error = sent.failure()
    assert error.code == 4205
    assert error.data["turnId"] == sent.started["turnId"]
    assert error.data["chatId"] == sent.chat_id
    assert sent.events[-1]["stopReason"] == "error"
    assert sent.events[-1]["error"]["code"] == 4205
    agent.chat_id = sent.chat_id
    [_, partial] = agent.request("chat/get")["messages"]
    assert partial["incomplete"] is True
    assert partial["parts"] == [{"type": "text", "text": sent.text}]
    assert sent.text
    assert agent.ask("And?", DONE).text == "Done."


def test_an_answer_may_be_begun_once_more(tmp_path: Path) -> None:
    with talk(tmp_path, chat={"restartInterrupted": "auto"}) as agent:
        agent.simulated.service.play([cut_off(3).first(1)])
        sent = agent.ask("Go.", WORDS, WORDS)
        [restarted] = sent.of("restarted")
        at = sent.events.index(restarted)
        assert [e for e in sent.events[:at] if e["type"] == "text.delta"], "something was shown before"
        shown = "".join(e["text"] for e in sent.events[at:] if e["type"] == "text.delta")
        assert shown == WORDS.text
        assert len(agent.bodies) == 2
        check_log(agent.log())
        [_, answer] = agent.request("chat/get")["messages"]
        assert [part["text"] for part in answer["parts"]] == [WORDS.text]
        assert "incomplete" not in answer
        agent.ask("And?", DONE)
        assert agent.last_body().count("three") == 1


def test_an_answer_that_breaks_off_twice_is_told(tmp_path: Path) -> None:
    with talk(tmp_path, chat={"restartInterrupted": "auto"}) as agent:
        agent.simulated.service.play([cut_off(3)])
        sent = agent.send("Go.", WORDS, WORDS)
        assert sent.failure().code == 4205
        assert len(sent.of("restarted")) == 1
        agent.chat_id = sent.chat_id
        check_log(agent.log())
        [_, partial] = agent.request("chat/get")["messages"]
        assert json.dumps(partial).count("one") == 1
        agent.simulated.service.play(())


def test_a_round_that_breaks_off_after_a_call_leaves_a_chat_that_goes_on(agent: Talk) -> None:
    """A call that never became whole has no result, and nobody is sent it again."""
    agent.simulated.service.play([cut_off(2).first(1)])
    sent = agent.send("Go.", Script(tool_calls=(edit(),)))
    assert sent.failure().code == 4205
    agent.simulated.service.play(())
    agent.chat_id = sent.chat_id
    assert agent.ask("And?", DONE).text == "Done."
    agent.chat_id = None


def test_a_call_that_breaks_off_ends_too(agent: Talk) -> None:
    agent.simulated.service.play([cut_off(2).first(1)])
    sent = agent.send("Go.", Script(tool_calls=(edit(),)))
    sent.failure()
    check_log(agent.log(sent.chat_id))


def test_a_call_whose_arguments_are_cancelled_ends_too(agent: Talk) -> None:
    agent.simulated.service.play([drip(0.1)])
    sent = agent.send("Go.", Script(tool_calls=(edit(),)))
    sent.wait("tool.started")
    agent.client.cancel(sent.id)
    assert sent.result()["stopReason"] == "cancelled"
    check_log(agent.log(sent.chat_id))


def test_a_failure_in_a_later_round_keeps_what_the_tools_did(agent: Talk) -> None:
    agent.simulated.service.play([status(400).after(1)])
    sent = agent.send("Go.", Script(tool_calls=(edit(),)))
    assert sent.failure().code == 4209
    agent.simulated.service.play(())
    agent.chat_id = sent.chat_id
    assert [status for status, _ in sent.calls()] == ["completed"]
    assert "bread" in (agent.folder / "notes.md").read_text()
    assert agent.ask("And?", DONE).text == "Done."
