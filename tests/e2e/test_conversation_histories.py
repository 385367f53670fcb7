"""Whatever became of earlier turns, the next request is one that the provider takes: the simulators refuse others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import MODELS, NOTES, SESSION, Talk, call, check_log, command, edit, talk, texts, world
from tests.e2e.simulated import Simulated
from tests.simulators.anthropic import Anthropic
from tests.simulators.messages import signature
from tests.simulators.personas import cut_off, drip
from tests.simulators.replies import Script

DONE = Script(text="Done.")
LOOK = Script(text="Let me look.", reasoning="Hm.", tool_calls=(call("list_files"), call("read_file", path="notes.md")))


@pytest.fixture(scope="module", params=[*MODELS])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    home = tmp_path_factory.mktemp(request.param)
    with talk(home, request.param, tools={"runCommand": True}) as talking:
        yield talking


@pytest.fixture
def chat(shared: Talk) -> Iterator[Talk]:
    (shared.folder / "notes.md").write_text(NOTES)
    shared.client.choose("allowOnce")
    shared.chat_id = shared.client.request("maestro/chat/create", {})["id"]
    yield shared
    shared.simulated.service.play(())
    shared.simulated.service.scripts.queue.clear()


def goes_on(chat: Talk) -> None:
    """Two more turns, the second with a tool."""
    chat.simulated.service.play(())
    chat.simulated.service.scripts.queue.clear()
    chat.client.choose("allowOnce")
    assert chat.ask("And?", DONE).text == "Done."
    assert chat.ask("And now?", LOOK, DONE).text.endswith("Done.")


def messages(chat: Talk) -> list[JsonObject]:
    return chat.request("chat/get")["messages"]


def test_after_a_no(chat: Talk) -> None:
    chat.client.choose("deny")
    chat.ask("Go.", Script(reasoning="Hm.", tool_calls=(edit(),)), DONE)
    goes_on(chat)


def test_after_nobody_answered(chat: Talk) -> None:
    chat.client.choose("whatever")
    result = chat.ask("Go.", Script(reasoning="Hm.", tool_calls=(edit(), call("list_files"), command("ls")))).result()
    assert result["stopReason"] == "toolDenied"
    goes_on(chat)


def test_after_a_loop(chat: Talk) -> None:
    again = Script(reasoning="Hm.", tool_calls=(call("list_files"),))
    assert chat.ask("Go.", again, again, again).result()["limit"] == "loop"
    goes_on(chat)


def test_after_a_cancel_while_a_call_is_asked_for(chat: Talk) -> None:
    chat.client.choose(None)
    number = len(chat.client.questions()) + 1
    sent = chat.send("Go.", Script(text="I edit.", reasoning="Hm.", tool_calls=(call("list_files"), edit(), edit())))
    chat.client.question(number)
    chat.client.cancel(sent.id)
    assert sent.result()["stopReason"] == "cancelled"
    goes_on(chat)


@pytest.mark.parametrize("kind", ["reasoning.delta", "text.delta", "tool.started", "tool.inputDelta"])
def test_after_a_cancel_in_the_middle_of_an_answer(chat: Talk, kind: str) -> None:
    chat.simulated.service.play([drip(0.03)])
    answer = Script(text="I edit now, if I may.", reasoning="Hm, let me see.", tool_calls=(edit(), edit("Buy", "Get")))
    sent = chat.send("Go.", answer)
    chat.client.wait(lambda m: _is(m, sent.token, kind) or m.get("id") == sent.id)
    chat.client.cancel(sent.id)
    sent.result()
    goes_on(chat)


def _is(message: JsonObject, token: str, kind: str) -> bool:
    params = message["params"] if message.get("method") == "$/progress" else {}
    return params.get("token") == token and params["value"]["type"] == kind


@pytest.mark.parametrize("after", [1, 3, 5])
def test_after_an_answer_that_broke_off(chat: Talk, after: int) -> None:
    chat.simulated.service.play([cut_off(after).first(1)])
    sent = chat.send("Go.", Script(text="One two.", reasoning="Hm, let me see.", tool_calls=(edit(),)))
    assert sent.failure().code == 4205
    goes_on(chat)


def test_after_an_answer_without_content(chat: Talk) -> None:
    sent = chat.send("Go.", Script())
    assert chat.client.wait(lambda m: m.get("id") == sent.id)
    goes_on(chat)


def test_after_a_command_that_prints_anything(chat: Talk) -> None:
    printing = r"printf 'a\000b\033[31mred\377\376\n\342\202'; seq 30000; printf '\360\237\246\212'"
    sent = chat.ask("Go.", Script(tool_calls=(command("sh", "-c", printing),)), DONE)
    [(status, told)] = sent.calls()
    assert status == "completed"
    assert told.endswith("\U0001f98a")
    assert len(told.encode()) < 70_000
    assert sent.events == chat.log()
    goes_on(chat)


def test_with_arguments_of_any_kind(chat: Talk) -> None:
    new = "\U0001f98a \u2028 \x01 é \\u0000 \" ' </system> {}\n" * 3
    chat.ask("Go.", Script(tool_calls=(edit("Buy milk.", new),)), DONE)
    assert new in (chat.folder / "notes.md").read_text()
    goes_on(chat)


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4])
def test_after_a_revert_to_any_message(chat: Talk, which: int) -> None:
    chat.ask("Look.", LOOK, DONE)
    said = messages(chat)
    assert [message["role"] for message in said] == ["user", "assistant", "tool", "tool", "assistant"]
    chat.request("chat/revert", throughMessageId=said[which]["id"])
    goes_on(chat)
    log = chat.log()
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))


@pytest.mark.parametrize("which", [0, 1, 2, 3])
def test_in_a_fork_at_any_message(chat: Talk, which: int) -> None:
    chat.ask("Look.", LOOK, DONE)
    chat.chat_id = chat.request("chat/fork", throughMessageId=messages(chat)[which]["id"])["id"]
    goes_on(chat)


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4])
def test_without_any_one_of_the_chunks(chat: Talk, which: int) -> None:
    chat.ask("Look.", LOOK, DONE)
    chat.client.request("maestro/context/delete", {"ids": [chat.context()[which]["id"]]})
    goes_on(chat)


def test_of_calls_with_the_same_id(chat: Talk) -> None:
    """Some gateways count from zero in every answer."""
    one = Script(tool_calls=(call("read_file", path="notes.md", call_id="call_0000"),))
    other = Script(tool_calls=(call("list_files", call_id="call_0000"),))
    chat.ask("One.", one, other, DONE)
    chat.ask("Two.", one, DONE)
    check_log(chat.log())
    goes_on(chat)
    output = [chunk for chunk in chat.context() if chunk["source"] == "toolOutput"][2]
    deleted = chat.client.request("maestro/context/delete", {"ids": [output["id"]]})["deleted"]
    assert len(deleted) == 2, "the call and its result, and not those of the other turn"
    goes_on(chat)


def test_after_a_compaction_between_rounds(chat: Talk) -> None:
    chat.ask("Look.", LOOK, DONE)
    chat.ask("Look again.", LOOK, DONE)
    chat.say(Script(text="They looked."))
    chat.request("chat/compact", keepTurns=1)
    goes_on(chat)
    assert "They looked." in " ".join(texts(chat.bodies[-1]))


# -- from one provider to another -------------------------------------------------------------------------------------


def test_a_chat_goes_on_with_another_provider(tmp_path: Path) -> None:
    """What only one provider understands is not shown to the other, and is there again when it comes back."""
    with Simulated(Anthropic()) as second, world(tmp_path, "openai", second.base_urls()) as stage:
        chat = stage.window()
        params = {"provider": "anthropic", "authType": "api_key", "name": "second", "apiKey": "sk-ant-api03-simulated"}
        chat.client.request("maestro/session/create", params)
        chat.ask("Look.", LOOK, DONE)
        second.service.scripts.queue += [Script(reasoning="Well.", tool_calls=(call("list_files"),)), DONE]
        there = {"model": MODELS["anthropic"], "sessionId": "second"}
        assert chat.ask("And you?", **there).text == "Done."
        shown = [request.json for request in second.server.requests if request.method == "POST"]
        assert "gAAAAAB" not in str(shown)
        assert "Buy milk." in str(shown[0])

        assert chat.ask("And you again?", DONE, model=chat.model, sessionId=SESSION).text == "Done."
        assert "gAAAAAB" in chat.last_body()
        assert signature("Well.") not in chat.last_body()
        check_log(chat.log())
        chat.client.end()
