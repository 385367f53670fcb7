"""Turns of one chat in one window: in line, stopped, continued, and what may be done beside them."""

import base64
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import NOTES, SESSION, Sent, Talk, call, check_log, edit, log_of, talk, texts, world
from tests.simulators.personas import burst, drip, stall
from tests.simulators.replies import Script

DONE = Script(text="Done.")
LONG = Script(text=" ".join(f"word{number}" for number in range(30)))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(tmp_path_factory.mktemp("home")) as talking:
        yield talking


@pytest.fixture
def chat(shared: Talk) -> Iterator[Talk]:
    """A new chat."""
    (shared.folder / "notes.md").write_text(NOTES)
    shared.client.choose("allowOnce")
    shared.chat_id = shared.client.request("maestro/chat/create", {})["id"]
    yield shared
    shared.simulated.service.play(())
    shared.simulated.service.scripts.queue.clear()
    check_log(shared.log())
    assert shared.request("chat/get")["chat"]["state"] == "idle"


def answering(chat: Talk) -> Sent:
    """A turn that has said something and falls silent."""
    chat.simulated.service.play([stall(3).first(1)])
    sent = chat.send("First.", LONG)
    sent.wait("text.delta")
    return sent


# -- in line ----------------------------------------------------------------------------------------------------------


def test_a_second_message_is_refused_with_the_turn_that_runs(chat: Talk) -> None:
    first = answering(chat)
    refused = chat.send("Second.").refusal()
    assert (refused.code, refused.data["retryable"]) == (4302, True)
    assert refused.data["turnId"] == first.started["turnId"]
    for method in ("chat/delete", "chat/compact"):
        assert chat.client.refused(f"maestro/{method}", {"chatId": chat.chat_id}).code == 4302
    through = {"chatId": chat.chat_id, "throughMessageId": first.started["userMessageId"]}
    for method in ("chat/revert", "chat/fork"):
        assert chat.client.refused(f"maestro/{method}", through).code == 4302
    chat.client.cancel(first.id)
    first.result()


def test_messages_in_line_are_answered_in_order(chat: Talk) -> None:
    first = answering(chat)
    chat.simulated.service.play(())
    rest = [chat.send(f"Number {number}.", delivery="queue") for number in range(8)]
    chat.client.settle()
    assert not any(sent.events for sent in rest)
    chat.client.cancel(first.id)
    assert first.result()["stopReason"] == "cancelled"
    for sent in rest:
        assert sent.result()["stopReason"] == "endTurn"
    asked = [event["text"] for event in chat.log() if event["type"] == "turn.started"]
    assert asked == ["First.", *(f"Number {number}." for number in range(8))]


def test_a_message_in_line_can_be_taken_back(chat: Talk) -> None:
    first = answering(chat)
    chat.simulated.service.play(())
    second, third = (chat.send(text, DONE, delivery="queue") for text in ("Second.", "Third."))
    chat.client.settle()
    chat.client.cancel(second.id)
    assert second.refusal().code == -32800
    assert chat.request("chat/cancel") == {"status": "cancelling"}
    assert first.result()["stopReason"] == "cancelled"
    assert third.result()["stopReason"] == "endTurn", "only the turn that ran was stopped"
    assert "Second." not in json.dumps(chat.request("chat/get")["messages"])


def test_delivery_can_be_a_setting(tmp_path: Path) -> None:
    with talk(tmp_path, chat={"delivery": "queue"}) as chat:
        first = answering(chat)
        chat.chat_id = first.chat_id
        second = chat.send("Second.", DONE)
        assert chat.send("Third.", delivery="reject").refusal().code == 4302
        chat.client.cancel(first.id)
        first.result()
        assert second.result()["stopReason"] == "endTurn"


def test_there_are_only_so_many_turns_at_once(tmp_path: Path) -> None:
    with talk(tmp_path, limits={"maxActiveTurns": 2}) as chat:
        chat.simulated.service.play([stall(2)])
        running = [chat.send("Go.", LONG) for _ in range(2)]
        for sent in running:
            sent.wait("text.delta")
        refused = chat.send("Go.").refusal()
        assert refused.code == 4701
        for sent in running:
            chat.client.cancel(sent.id)
            sent.result()
        assert len(chat.client.request("maestro/chat/list")["chats"]) == 2, "nothing is kept of what was refused"


# -- stopped ----------------------------------------------------------------------------------------------------------


def test_what_was_said_before_a_cancel_is_kept(chat: Talk) -> None:
    sent = answering(chat)
    assert chat.request("chat/get")["chat"]["state"] == "running"
    chat.client.cancel(sent.id)
    assert sent.result()["stopReason"] == "cancelled"
    [_, partial] = chat.request("chat/get")["messages"]
    assert (partial["parts"], partial["incomplete"]) == ([{"type": "text", "text": sent.text}], True)
    chat.ask("And?", DONE)
    assert sent.text in chat.last_body()


def test_a_shutdown_in_the_middle_of_a_turn_ends_it_once(tmp_path: Path) -> None:
    with world(tmp_path) as stage:
        chat = stage.window()
        sent = answering(chat)
        assert chat.client.exit() == 0
        assert chat.client.tally() == {}
        again = stage.window()
        log = log_of(again.client, sent.chat_id)
        check_log(log)
        assert log[: len(sent.events)] == sent.events
        assert log[-1]["stopReason"] in ("cancelled", "interrupted")
        page = again.client.request("maestro/chat/get", {"chatId": sent.chat_id})
        assert page["chat"]["state"] == "idle"
        assert sent.text in json.dumps(page["messages"])
        again.client.end()


def test_a_client_that_goes_away_ends_its_turns(tmp_path: Path) -> None:
    with world(tmp_path) as stage:
        chat = stage.window()
        chat.client.choose(None)
        asking = chat.send("Edit.", Script(tool_calls=(edit(),)))
        chat.client.question()
        sent = answering(chat)
        assert chat.client.process.stdin is not None
        chat.client.process.stdin.close()
        assert chat.client.wait_exit() == 1
        again = stage.window()
        for one in (asking, sent):
            log = log_of(again.client, one.chat_id)
            check_log(log)
            assert log[: len(one.events)] == one.events
        assert (stage.folder / "notes.md").read_text() == NOTES
        again.client.end()


def test_what_is_not_written_yet_is_not_told(tmp_path: Path) -> None:
    """Else a crash could take back what was seen."""
    with talk(tmp_path) as chat:
        chat.simulated.service.play([drip(0.01)])
        sent = chat.send("Go.", LONG)
        sent.wait("text.delta")
        with closing(sqlite3.connect(tmp_path / "maestro" / "data" / "maestro.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            [(written,)] = other.execute("SELECT last_seq FROM chats").fetchall()
            time.sleep(0.5)  # nothing comes that could be waited for
            assert sent.events[-1]["seq"] <= written
            assert sent.of("turn.completed") == []
            other.execute("ROLLBACK")
        assert sent.result()["stopReason"] == "endTurn"
        assert sent.text == LONG.text
        assert log_of(chat.client, sent.chat_id) == sent.events


def test_a_turn_that_could_not_be_written_has_an_end_once_it_can(tmp_path: Path) -> None:
    """Another program holds the database for longer than anybody waits."""
    with talk(tmp_path) as chat:
        chat.simulated.service.play([drip(0.01)])
        sent = chat.send("Go.", LONG)
        sent.wait("text.delta")
        with closing(sqlite3.connect(tmp_path / "maestro" / "data" / "maestro.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert chat.client.refusal(sent.id).code == 4901
            other.execute("ROLLBACK")
        chat.simulated.service.play(())
        chat.chat_id = sent.chat_id
        went_on = chat.ask("And?", DONE)
        log = chat.log()
        check_log(log)
        told = [event for event in sent.events + went_on.events if event["type"] != "turn.completed"]
        assert all(event == log[event["seq"] - 1] for event in told)


def test_a_client_that_reads_slowly_gets_everything(tmp_path: Path) -> None:
    with talk(tmp_path) as chat:
        chat.simulated.service.play([burst(20_000)])
        sent = chat.send("Go.")
        sent.wait("text.delta")
        with chat.client.reading_paused():
            chat.client.process.poll()
        assert sent.result()["stopReason"] == "endTurn"
        assert sent.text.endswith("word19999")
        chat.chat_id = sent.chat_id
        assert chat.log() == sent.events
        [_, answer] = chat.request("chat/get")["messages"]
        assert answer["parts"] == [{"type": "text", "text": sent.text}]


# -- beside a turn ----------------------------------------------------------------------------------------------------


def test_what_is_done_beside_a_turn(chat: Talk) -> None:
    sent = answering(chat)
    assert chat.request("chat/update", title="Renamed")["title"] == "Renamed"
    chunk = chat.request("context/add", scope="chat", source="text", text="Added meanwhile.")
    assert chat.request("chat/export")["content"]
    assert chat.log()[-1]["type"] != "turn.completed"
    chat.client.cancel(sent.id)
    sent.result()
    chat.ask("And?", DONE)
    assert "Added meanwhile." in chat.last_body()
    assert chat.request("chat/get")["chat"]["title"] == "Renamed"
    assert chunk["id"] in [one["id"] for one in chat.context()]


def test_progress_for_people_has_a_beginning_and_an_end(chat: Talk) -> None:
    chat.simulated.service.play([drip(0.02)])
    sent = chat.ask("Go.", Script(text="Look.", tool_calls=(call("list_files"),)), LONG)
    kinds = [value["kind"] for value in chat.client.events(sent.work)]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert set(kinds[1:-1]) <= {"report"}


def test_without_a_token_the_answer_carries_the_message(chat: Talk) -> None:
    chat.say(Script(text="Look.", tool_calls=(call("list_files"),)), Script(text="That is all."))
    params = {"chatId": chat.chat_id, "input": "Go.", "model": chat.model, "sessionId": SESSION}
    result = chat.client.request("maestro/chat/send", params)
    said = " ".join(texts(result["message"]))
    assert ("Look." in said, "That is all." in said) == (True, True)
    assert result["lastSeq"] == len(chat.log())


def test_an_image_is_shown_to_the_model_and_kept(chat: Talk) -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode()
    picture: JsonObject = {"type": "image", "mimeType": "image/png", "data": data}
    chat.ask([{"type": "text", "text": "What is this?"}, picture], DONE)
    assert data in chat.last_body()
    chat.ask("And?", DONE)
    assert data in chat.last_body()
    assert picture in chat.request("chat/get")["messages"][0]["parts"]


UNFIT: JsonObject = {"type": "image", "mimeType": "image/png", "data": "%%%"}


@pytest.mark.parametrize(
    "params",
    [
        {"input": ""},
        {"input": []},
        {"input": [{"type": "text", "text": "\n"}]},
        {"input": [UNFIT]},
        {"input": "Hi.", "contextIds": ["none"]},
        {"input": "Hi.", "tools": {"allow": ["none"]}},
        {"input": "Hi.", "sessionId": "nobody"},
        {"input": [{"type": "file", "uri": "https://example.com/x"}]},
        {"input": [{"type": "file", "uri": "file:///nowhere"}]},
    ],
)
def test_what_is_refused_leaves_nothing_behind(shared: Talk, params: JsonObject) -> None:
    shared.client.settle()
    chats = shared.client.request("maestro/chat/list")
    before = len(shared.bodies)
    request = {"model": shared.model, "sessionId": SESSION, **params}
    error = shared.client.refused("maestro/chat/send", request)
    assert error.code != -32603, error
    assert shared.client.request("maestro/chat/list") == chats
    assert len(shared.bodies) == before
