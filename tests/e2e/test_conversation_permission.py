"""Permission on the wire: asked once, answered once, resolved once, and remembered only where the person said so."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.conversation_editor import PERMISSION, PLAIN_QUESTION, RESOLVED, refusing, silent
from tests.e2e.conversations import NOTES, Sent, Talk, call, check_log, command, edit, intent, talk, world
from tests.simulators.replies import Script

EDIT, DONE = Script(tool_calls=(edit(),)), Script(text="Done.")
BACK = Script(tool_calls=(edit("bread", "milk"),))
QUICKLY = 2.0
"""Seconds within which a cancellation must be acknowledged on a busy machine."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(tmp_path_factory.mktemp("home"), tools={"runCommand": True}) as talking:
        yield talking


@pytest.fixture
def agent(shared: Talk) -> Iterator[Talk]:
    """A new chat over notes as they were, without any grant."""
    (shared.folder / "notes.md").write_text(NOTES)
    shared.chat_id = None
    shared.client.choose("deny")
    yield shared
    for grant in grants(shared):
        shared.client.request("maestro/permission/revoke", {"grantId": grant["grantId"]})
    shared.simulated.service.scripts.queue.clear()
    told = [one["requestId"] for one in shared.client.notifications(RESOLVED)]
    assert sorted(told) == sorted(one["params"]["requestId"] for one in shared.client.questions())


def grants(agent: Talk) -> list[JsonObject]:
    return agent.client.request("maestro/permission/list")["grants"]


def notes(agent: Talk) -> str:
    return (agent.folder / "notes.md").read_text()


def asked(agent: Talk) -> int:
    return len(agent.client.questions())


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_the_question_says_what_why_and_how_risky(agent: Talk) -> None:
    sent = agent.ask("Go.", EDIT, DONE)
    question = agent.client.questions()[-1]["params"]
    assert question["chatId"] == sent.chat_id
    assert question["turnId"] == sent.started["turnId"]
    [ready] = sent.of("tool.ready")
    assert question["toolCallId"] == ready["toolCallId"]
    assert ready["permission"] == "pending"
    assert question["subject"]["type"] == "edit"
    assert question["subject"]["path"] == "notes.md"
    assert (question["subject"]["oldText"], question["subject"]["newText"]) == ("milk", "bread")
    assert question["intent"] == ready["intent"] == {"purpose": "maintenance", "scope": "notes.md", "riskLevel": "low"}
    assert question["risk"] == ready["risk"]
    assert "notes.md" in question["summary"]
    effects = {(one["optionId"], one["scope"], one["effect"]) for one in question["options"]}
    assert effects == {
        ("allowOnce", "once", "allow"),
        ("allowChat", "chat", "allow"),
        ("allowWorkspace", "workspace", "allow"),
        ("deny", "once", "deny"),
    }
    assert datetime.fromisoformat(question["expiresAt"]) > datetime.now(UTC)


def test_the_question_comes_after_the_call_it_is_about(agent: Talk) -> None:
    """An editor draws the question beside the call."""
    after = len(agent.client.received())
    sent = agent.ask("Go.", EDIT, DONE)
    received = agent.client.received()[after:]
    order = [name for message in received if (name := _named(message, sent)) in (PERMISSION, "tool.ready")]
    assert order == ["tool.ready", PERMISSION]


def _named(message: JsonObject, sent: Sent) -> str:
    params = message.get("params", {})
    told = message.get("method") == "$/progress" and params["token"] == sent.token
    return str(params["value"]["type"] if told else message.get("method"))


def test_the_chat_says_that_somebody_is_waited_for(agent: Talk) -> None:
    agent.client.choose(None)
    before, number = len(agent.client.received()), asked(agent) + 1
    sent = agent.send("Go.", EDIT, DONE)
    question = agent.client.question(number)
    agent.client.wait(lambda m: _state(m, sent.chat_id) == "requiresAction", after=before)
    agent.client.answer(question, "allowOnce")
    sent.result()
    agent.client.wait(lambda m: _state(m, sent.chat_id) == "idle", after=before)


def _state(message: JsonObject, chat_id: str) -> str | None:
    chat = message["params"]["chat"] if message.get("method") == "maestro/chat/didChange" else {}
    return chat["state"] if chat.get("id") == chat_id else None


# -- what is answered -------------------------------------------------------------------------------------------------


def test_allow_once_is_for_one_call(agent: Talk) -> None:
    agent.client.choose("allowOnce")
    before = asked(agent)
    agent.ask("Go.", EDIT, BACK, DONE)
    agent.ask("Go.", EDIT, DONE)
    assert asked(agent) == before + 3
    assert "bread" in notes(agent)
    assert grants(agent) == []


def test_allow_in_the_chat_is_for_the_same_call_in_this_chat(agent: Talk) -> None:
    agent.client.choose("allowChat")
    before = asked(agent)
    agent.ask("Go.", EDIT, BACK, DONE)
    sent = agent.ask("Go.", EDIT, DONE)
    assert asked(agent) == before + 1
    assert [ready["permission"] for ready in sent.of("tool.ready")] == ["granted"]
    [grant] = grants(agent)
    assert (grant["tool"], grant["match"]["path"], grant["scope"]) == ("apply_edit", "notes.md", "chat")
    assert grant["chatId"] == agent.chat_id

    agent.chat_id = None
    agent.ask("Go.", BACK, DONE)
    assert asked(agent) == before + 2, "another chat asks for itself"


def test_allow_in_the_workspace_is_for_every_chat(agent: Talk) -> None:
    agent.client.choose("allowWorkspace")
    before = asked(agent)
    agent.ask("Go.", EDIT, DONE)
    agent.chat_id = None
    agent.ask("Go.", BACK, DONE)
    assert asked(agent) == before + 1
    [grant] = grants(agent)
    assert grant["scope"] == "workspace"
    assert Path(grant["workspaceFolder"].removeprefix("file://")) == agent.folder


def test_a_grant_that_was_revoked_is_none(agent: Talk) -> None:
    agent.client.choose("allowChat")
    before = asked(agent)
    agent.ask("Go.", EDIT, DONE)
    [grant] = grants(agent)
    assert agent.client.request("maestro/permission/revoke", {"grantId": grant["grantId"]}) == {"revoked": True}
    assert agent.client.request("maestro/permission/revoke", {"grantId": grant["grantId"]}) == {"revoked": False}
    agent.ask("Go.", BACK, DONE)
    assert asked(agent) == before + 2


def test_a_grant_is_for_its_command_and_nothing_like_it(agent: Talk) -> None:
    agent.client.choose("allowChat")
    before = asked(agent)
    agent.ask("Go.", Script(tool_calls=(command("cat", "notes.md"),)), DONE)
    agent.ask("Go.", Script(tool_calls=(command("cat", "notes.md"),)), DONE)
    assert asked(agent) == before + 1
    agent.ask("Go.", Script(tool_calls=(command("cat", "notes.md", "notes.md"),)), DONE)
    assert asked(agent) == before + 2


def test_high_risk_is_always_asked_and_never_granted(agent: Talk) -> None:
    agent.client.choose("allowWorkspace")
    agent.ask("Go.", EDIT, DONE)
    before = asked(agent)
    agent.client.choose("allowOnce")
    agent.ask("Go.", Script(tool_calls=(edit("bread", "milk", risk="high"),)), DONE)
    agent.ask("Go.", Script(tool_calls=(edit("milk", "bread", risk="high"),)), DONE)
    assert asked(agent) == before + 2
    assert [one["optionId"] for one in agent.client.questions()[-1]["params"]["options"]] == ["allowOnce", "deny"]


def test_an_option_that_was_not_offered_allows_nothing(agent: Talk) -> None:
    agent.client.choose("allowWorkspace")
    sent = agent.ask("Go.", Script(tool_calls=(edit(risk="high"),)))
    assert sent.result()["stopReason"] == "toolDenied"
    assert notes(agent) == NOTES
    assert grants(agent) == []


def test_no_is_told_to_the_model_and_the_turn_goes_on(agent: Talk) -> None:
    sent = agent.ask("Go.", EDIT, DONE)
    assert sent.result()["stopReason"] == "endTurn"
    [(status, told)] = sent.calls()
    assert status == "denied"
    assert agent.prompts[-1].tool_results == (told,)
    assert notes(agent) == NOTES
    decision = agent.intents(chatId=agent.chat_id)[0]["decision"]
    assert (decision["outcome"], decision["by"], decision["optionId"]) == ("denied", "client", "deny")


@pytest.mark.parametrize(
    "answer",
    [refusing, lambda _: {"optionId": "whatever"}, lambda _: {"outcome": "cancelled"}, lambda _: 1, lambda _: None],
    ids=["error", "unknown", "cancelled", "nonsense", "null"],
)
def test_whatever_is_no_option_is_a_no(agent: Talk, answer: Callable[[JsonObject], JsonValue]) -> None:
    agent.client.answers[PERMISSION] = answer
    sent = agent.ask("Go.", EDIT)
    assert sent.result()["stopReason"] == "toolDenied"
    assert notes(agent) == NOTES
    assert [status for status, _ in sent.calls()] == ["denied"]
    assert len(agent.client.resolved(agent.client.questions()[-1])) == 1
    check_log(agent.log())
    agent.ask("Never mind.", DONE)


def test_no_answer_in_time_is_a_no(tmp_path: Path) -> None:
    with talk(tmp_path, permissions={"timeoutMs": 200}) as agent:
        agent.client.choose(None)
        sent = agent.ask("Go.", EDIT)
        assert sent.result()["stopReason"] == "toolDenied"
        question = agent.client.question()
        assert agent.client.resolved(question) == ["timeout"]
        assert agent.client.withdrawn() == [question["id"]]
        assert notes(agent) == NOTES
        agent.client.answer(question, "allowOnce")
        agent.client.settle()
        assert notes(agent) == NOTES, "too late"
        assert agent.intents()[0]["decision"]["by"] == "timeout"


def test_the_time_of_a_turn_stands_still_while_the_person_thinks(tmp_path: Path) -> None:
    with talk(tmp_path, chat={"maxTurnMs": 1_000}) as agent:
        agent.client.choose(None)
        sent = agent.send("Go.", EDIT, DONE)
        question = agent.client.question()
        time.sleep(1.2)  # longer than the turn may take
        agent.client.answer(question, "allowOnce")
        assert sent.result()["stopReason"] == "endTurn"
        assert "bread" in notes(agent)


def test_what_was_typed_while_the_person_was_asked_is_not_lost(tmp_path: Path) -> None:
    with world(tmp_path) as alone:
        agent = alone.window(edits=True)
        uri = agent.client.open(agent.folder / "notes.md")
        agent.client.choose(None)
        fits = agent.send("Go.", EDIT, DONE)
        question = agent.client.question(1)
        agent.client.edit(uri, "Buy milk", "Buy nice milk")
        agent.client.answer(question, "allowOnce")
        fits.result()
        fits_no_more = agent.send("Go.", BACK, DONE)
        question = agent.client.question(2)
        agent.client.edit(uri, "bread", "butter")
        agent.client.answer(question, "allowOnce")
        fits_no_more.result()
        assert [status for status, _ in fits.calls()] == ["completed"]
        assert [status for status, _ in fits_no_more.calls()] == ["failed"]
        assert agent.client.documents[uri][1] == NOTES.replace("milk", "nice butter")
        agent.client.end()


# -- cancelled --------------------------------------------------------------------------------------------------------


def by_request(sent: Sent) -> None:
    sent.client.cancel(sent.id)


def by_work(sent: Sent) -> None:
    sent.client.notify("window/workDoneProgress/cancel", {"token": sent.work})


def by_chat(sent: Sent) -> None:
    assert sent.client.request("maestro/chat/cancel", {"chatId": sent.chat_id}) == {"status": "cancelling"}


@pytest.mark.parametrize("cancel", [by_request, by_work, by_chat])
def test_cancelling_while_the_person_is_asked_withdraws_the_question(
    agent: Talk, cancel: Callable[[Sent], None]
) -> None:
    agent.client.choose(None)
    number = asked(agent) + 1
    sent = agent.send("Go.", EDIT)
    question = agent.client.question(number)

    began = time.monotonic()
    cancel(sent)
    assert sent.result()["stopReason"] == "cancelled"
    assert time.monotonic() - began < QUICKLY

    assert [status for status, _ in sent.calls()] == ["cancelled"]
    agent.client.settle()
    assert agent.client.resolved(question) == ["cancel"]
    assert agent.client.withdrawn().count(question["id"]) == 1
    agent.client.answer(question, "allowOnce")
    agent.client.settle()
    assert notes(agent) == NOTES
    check_log(agent.log(sent.chat_id))
    record = agent.intents(chatId=sent.chat_id)[0]
    assert record["decision"]["outcome"] == "cancelled"
    assert agent.client.request("maestro/intent/verify")["ok"]


def cancelled_at_the_first_of_two(agent: Talk) -> Sent:
    agent.client.choose(None)
    number = asked(agent) + 1
    sent = agent.send("Go.", Script(tool_calls=(edit(), command("cat", "notes.md"))))
    agent.client.question(number)
    by_request(sent)
    assert sent.result()["stopReason"] == "cancelled"
    agent.client.settle()
    assert asked(agent) == number
    return sent


def test_of_two_calls_both_end_when_the_first_is_cancelled(agent: Talk) -> None:
    sent = cancelled_at_the_first_of_two(agent)
    assert [status for status, _ in sent.calls()] == ["cancelled"] * 2
    check_log(agent.log(sent.chat_id))


def test_a_chat_with_a_cancelled_call_goes_on(agent: Talk) -> None:
    agent.chat_id = cancelled_at_the_first_of_two(agent).chat_id
    assert agent.ask("Never mind.", DONE).text == "Done."


# -- editors that are not ours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("title", "expected"), [("Allow once", "bread"), ("Deny", "milk"), (None, "milk")])
def test_a_plain_client_is_asked_by_message(tmp_path: Path, title: str | None, expected: str) -> None:
    with world(tmp_path) as alone:
        agent = alone.window(features=())
        agent.client.answers[PLAIN_QUESTION] = lambda _: {"title": title} if title else None
        sent = agent.ask("Go.", EDIT, DONE)
        [question] = agent.client.notifications(PLAIN_QUESTION)
        assert "notes.md" in question["message"]
        titles = [action["title"] for action in question["actions"]]
        assert (titles[0], titles[-1]) == ("Allow once", "Deny")
        assert agent.client.questions() == []
        assert expected in notes(agent)
        assert sent.result()["stopReason"] == ("endTurn" if title else "toolDenied")
        agent.client.end()


def test_a_plain_client_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with world(tmp_path, permissions={"timeoutMs": 200}) as alone:
        agent = alone.window(features=())
        agent.client.answers[PLAIN_QUESTION] = silent
        assert agent.ask("Go.", EDIT).result()["stopReason"] == "toolDenied"
        assert len(agent.client.withdrawn()) == 1
        agent.client.end()


# -- the editor's own tools -------------------------------------------------------------------------------------------


def test_a_tool_of_the_editor_is_asked_for_and_run_there(agent: Talk) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    tool = {"name": "rename_symbol", "description": "Rename a symbol.", "inputSchema": schema}
    assert agent.client.request("maestro/tool/register", {"tools": [tool]}) == {"registered": ["rename_symbol"]}
    agent.client.answers["maestro/tool/invoke"] = lambda params: {"content": f"Renamed to {params['input']['name']}."}
    agent.client.choose("allowOnce")
    sent = agent.ask("Go.", Script(tool_calls=(call("rename_symbol", intent("src"), name="total"),)), DONE)
    assert sent.calls() == [("completed", "Renamed to total.")]
    [invoked] = agent.client.notifications("maestro/tool/invoke")
    assert invoked["input"] == {"name": "total"}
    assert invoked["intent"]["scope"] == "src"
    assert agent.client.questions()[-1]["params"]["subject"]["type"] == "other"
    assert agent.client.request("maestro/tool/unregister", {"names": ["rename_symbol", "x"]}) == {
        "unregistered": ["rename_symbol"],
        "notFound": ["x"],
    }
