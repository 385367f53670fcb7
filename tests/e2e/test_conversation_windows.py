"""Two windows on one home: what happens in one is seen, refused, awaited or taken over in the other."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.conversation_editor import Editor
from tests.e2e.conversations import Talk, World, call, check_log, edit, log_of, talk, world
from tests.e2e.logins import TWO_SECONDS
from tests.simulators.personas import drip, stall
from tests.simulators.replies import Script

DID_CHANGE = "maestro/chat/didChange"
LONG = Script(text=" ".join(f"word{number}" for number in range(30)))
DONE = Script(text="Done.")


Two = tuple[World, Talk, Talk]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[World]:
    """A world of the test's own, for windows that are killed."""
    with world(tmp_path) as stage:
        yield stage


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with world(tmp_path_factory.mktemp("home")) as stage:
        one, other = stage.window(), stage.window()
        yield stage, one, other
        end(one, other)


@pytest.fixture
def two(shared: Two) -> Two:
    """Two windows that live on."""
    stage, one, other = shared
    stage.play()
    one.chat_id = other.chat_id = None
    one.client.choose("deny")
    return shared


def told(client: Editor, chat_id: str, *, after: int = 0, **values: object) -> JsonObject:
    """What a window is told of a chat of the other one, in time."""

    def fits(message: JsonObject) -> bool:
        chat = message["params"]["chat"] if message.get("method") == DID_CHANGE else {}
        return chat.get("id") == chat_id and {**chat, **values} == chat

    return client.wait(fits, after=after, timeout=TWO_SECONDS)["params"]


def end(*windows: Talk) -> None:
    for window in windows:
        window.client.end()


def test_the_chat_is_followed_in_the_other_window(two: Two) -> None:
    stage, one, other = two
    stage.play(drip(0.05))
    sent = one.send("Go.", LONG)
    told(other.client, sent.chat_id, state="running")
    sent.result()
    told(other.client, sent.chat_id, state="idle", lastSeq=len(sent.events))

    grown = [one["chat"]["lastSeq"] for one in other.client.notifications(DID_CHANGE)]
    assert grown == sorted(grown)
    assert len(set(grown)) > 2, "it grows while the answer comes"
    assert log_of(other.client, sent.chat_id) == sent.events


def test_events_are_replayed_while_the_answer_still_comes(two: Two) -> None:
    stage, one, other = two
    stage.play(drip(0.05))
    sent = one.send("Go.", LONG)
    sent.wait("text.delta")
    told(other.client, sent.chat_id, state="running")
    seen: list[JsonObject] = []
    deadline = time.monotonic() + 20
    while not seen or seen[-1]["type"] != "turn.completed":
        assert time.monotonic() < deadline
        params = {"chatId": sent.chat_id, "afterSeq": len(seen)}
        seen += other.client.request("maestro/chat/events", params)["events"]
    sent.result()
    assert seen == sent.events


def test_a_second_window_is_refused_while_the_first_answers(two: Two) -> None:
    stage, one, other = two
    stage.play(drip(0.02))
    sent = one.send("Go.", LONG)
    sent.wait("text.delta")
    other.chat_id = sent.chat_id
    refused = other.send("And I?").refusal()
    assert refused.code == 4302
    assert refused.data["turnId"] == sent.started["turnId"]
    for method in ("chat/delete", "chat/compact"):
        assert other.client.refused(f"maestro/{method}", {"chatId": sent.chat_id}).code == 4302
    assert sent.result()["stopReason"] == "endTurn"
    check_log(log_of(other.client, sent.chat_id))


@pytest.mark.parametrize("queued", [False, True])
def test_a_turn_is_stopped_from_the_other_window(two: Two, queued: bool) -> None:
    """Also where this window has a message that waits for it."""
    stage, one, other = two
    stage.play(drip(0.05))
    sent = one.send("Go.", LONG, DONE)
    sent.wait("text.delta")
    other.chat_id = sent.chat_id
    waiting = other.send("And I?", delivery="queue") if queued else None
    other.client.settle()
    assert other.client.request("maestro/chat/cancel", {"chatId": sent.chat_id}) == {"status": "cancelling"}
    assert sent.result()["stopReason"] == "cancelled"
    if waiting is not None:
        assert waiting.result()["stopReason"] == "endTurn"
    check_log(log_of(other.client, sent.chat_id))
    assert other.client.request("maestro/chat/cancel", {"chatId": sent.chat_id}) == {"status": "idle"}


def test_a_queued_message_waits_for_the_other_window(two: Two) -> None:
    stage, one, other = two
    stage.play(drip(0.02))
    sent = one.send("Go.", LONG)
    sent.wait("text.delta")
    other.chat_id = sent.chat_id
    queued = other.send("And I?", DONE, delivery="queue")
    assert queued.result()["stopReason"] == "endTurn"
    assert queued.text == "Done."
    assert sent.result()["stopReason"] == "endTurn"
    log = log_of(other.client, sent.chat_id)
    check_log(log)
    assert log == [*sent.events, *queued.events]
    assert "word29" in one.last_body(), "the second answer knows the first"


def test_a_queued_message_can_be_cancelled_while_it_waits(two: Two) -> None:
    stage, one, other = two
    stage.play(stall(3))
    sent = one.send("Go.", LONG)
    sent.wait("text.delta")
    other.chat_id = sent.chat_id
    queued = other.send("And I?", delivery="queue")
    other.client.settle()
    other.client.cancel(queued.id)
    assert queued.refusal().code == -32800
    one.client.cancel(sent.id)
    sent.result()
    assert [message["role"] for message in other.request("chat/get")["messages"]] == ["user", "assistant"]


def test_a_chat_that_is_deleted_is_gone_in_the_other_window(two: Two) -> None:
    _, one, other = two
    sent = one.ask("Go.", DONE)
    told(other.client, sent.chat_id)
    after = len(other.client.received())
    assert one.request("chat/delete") == {"deleted": True}
    gone = other.client.wait(
        lambda m: m.get("method") == DID_CHANGE and m["params"].get("removed"), after=after, timeout=TWO_SECONDS
    )
    assert gone["params"]["chat"]["id"] == sent.chat_id
    assert other.client.refused("maestro/chat/get", {"chatId": sent.chat_id}).code == 4301
    assert sent.chat_id not in [chat["id"] for chat in other.client.request("maestro/chat/list")["chats"]]


def test_a_chat_whose_window_was_killed_goes_on_in_the_other(stage: World) -> None:
    one, other = stage.window(), stage.window()
    stage.simulated.service.personas.append(stall(3).first(1))
    sent = one.send("Go.", LONG)
    sent.wait("text.delta")
    told(other.client, sent.chat_id, state="running")
    one.client.process.send_signal(signal.SIGKILL)
    one.client.wait_exit()

    other.chat_id = sent.chat_id
    went_on = other.ask("And I?", DONE)
    assert went_on.text == "Done."
    log = log_of(other.client, sent.chat_id)
    check_log(log)
    assert log[: len(sent.events)] == sent.events, "what was told in the dead window is kept"
    interrupted = log[len(log) - len(went_on.events) - 1]
    assert (interrupted["type"], interrupted["stopReason"]) == ("turn.completed", "interrupted")
    [_, partial, *_] = other.request("chat/get")["messages"]
    assert partial["incomplete"] is True
    assert [part["text"] for part in partial["parts"]] == [sent.text]
    assert sent.text in other.last_body()
    end(other)


def test_a_call_whose_window_was_killed_ends_as_interrupted(stage: World) -> None:
    one, other = stage.window(), stage.window()
    one.client.choose(None)
    sent = one.send("Go.", Script(text="I edit.", tool_calls=(edit(), call("list_files"))))
    one.client.question()
    one.client.process.send_signal(signal.SIGKILL)
    one.client.wait_exit()

    other.chat_id = sent.chat_id
    other.ask("And I?", DONE)
    log = log_of(other.client, sent.chat_id)
    check_log(log)
    completed = [event["status"] for event in log if event["type"] == "tool.completed"]
    assert completed == ["interrupted"] * 2
    assert other.client.request("maestro/intent/verify")["ok"]
    end(other)


def test_after_a_crash_the_next_start_ends_what_was_open(stage: World) -> None:
    one = stage.window()
    stage.simulated.service.personas.append(stall(3).first(1))
    sent = one.send("Go.", LONG)
    sent.wait("text.delta")
    one.client.process.send_signal(signal.SIGKILL)
    one.client.wait_exit()

    again = stage.window()
    again.chat_id = sent.chat_id
    page = again.request("chat/get")
    assert page["chat"]["state"] == "idle"
    assert page["messages"][-1]["incomplete"] is True
    log = again.log()
    check_log(log)
    assert log[-1]["stopReason"] == "interrupted"
    assert again.request("chat/export")["content"].count(sent.text) == 1
    end(again)


def test_a_grant_of_one_window_holds_in_the_other(two: Two) -> None:
    stage, one, other = two
    questions = len(other.client.questions())
    one.client.choose("allowWorkspace")
    one.ask("Go.", Script(tool_calls=(edit(),)), DONE)
    other.ask("Go.", Script(tool_calls=(edit("bread", "milk"),)), DONE)
    assert len(other.client.questions()) == questions
    assert "milk" in (stage.folder / "notes.md").read_text()


def test_an_ephemeral_chat_is_nobody_elses(tmp_path: Path) -> None:
    with talk(tmp_path) as alone:
        alone.chat_id = alone.client.request("maestro/chat/create", {"ephemeral": True})["id"]
        alone.ask("Do you know CANARY-of-the-ephemeral?", Script(text="CANARY-of-the-answer"))
        assert alone.request("chat/get")["chat"]["ephemeral"] is True
        check_log(alone.log())
        home = tmp_path / "maestro"
        files = [path for path in home.rglob("*") if path.is_file()]
        assert not [path for path in files if b"CANARY-of-the" in path.read_bytes()]
