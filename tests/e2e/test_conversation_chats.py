"""Chats as they are kept: created, opened page by page, found, shortened, copied, summarised, exported, forgotten."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import NOTES, SESSION, Talk, call, check_log, edit, log_of, talk, world
from tests.e2e.turns import check_turn, new_token
from tests.simulators.personas import status
from tests.simulators.replies import Script, Tokens

DONE = Script(text="Done.")
DID_CHANGE = "maestro/chat/didChange"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(tmp_path_factory.mktemp("home")) as talking:
        yield talking


@pytest.fixture
def chat(shared: Talk) -> Talk:
    """A new chat."""
    (shared.folder / "notes.md").write_text(NOTES)
    shared.client.choose("allowOnce")
    shared.chat_id = shared.client.request("maestro/chat/create", {})["id"]
    return shared


def messages(chat: Talk, **page: object) -> list[JsonObject]:
    return chat.request("chat/get", **page)["messages"]


def said(chat: Talk) -> list[str]:
    return [part["text"] for message in messages(chat) for part in message["parts"] if part["type"] == "text"]


def three_turns(chat: Talk) -> None:
    for number in ("one", "two", "three"):
        chat.ask(f"Question {number}.", Script(text=f"Answer {number}."))


# -- created, changed, deleted ----------------------------------------------------------------------------------------


def test_a_chat_is_created_changed_and_deleted(shared: Talk) -> None:
    client = shared.client
    params = {"title": "Mine", "model": shared.model, "sessionId": SESSION, "system": "Be brief."}
    made = client.request("maestro/chat/create", params)
    assert (made["title"], made["state"], made["lastSeq"], made["system"]) == ("Mine", "idle", 0, "Be brief.")
    assert made["sessionId"].startswith("ses_")
    assert made["workspaceFolder"] == shared.folder.as_uri()

    shared.chat_id = made["id"]
    shared.ask("Hello.", DONE)
    assert "Be brief." in shared.last_body()
    changed = shared.request("chat/update", title="Yours", system="")
    assert (changed["title"], "system" in changed) == ("Yours", False)
    shared.ask("Hello.", DONE)
    assert "Be brief." not in shared.last_body()
    assert shared.request("chat/get")["chat"]["title"] == "Yours"

    assert shared.request("chat/delete") == {"deleted": True}
    assert shared.request("chat/delete") == {"deleted": False}
    for method in ("get", "events", "export", "update", "compact"):
        assert client.refused(f"maestro/chat/{method}", {"chatId": made["id"]}).code == 4301
    assert shared.send("Hello.").refusal().code == 4301


def test_of_a_chat_that_was_deleted_nothing_is_left(tmp_path: Path) -> None:
    with talk(tmp_path) as window:
        window.ask("CANARY-question.", Script(text="CANARY-answer.", tool_calls=(call("list_files"),)), DONE)
        window.request("context/add", scope="chat", source="text", text="CANARY-chunk.")
        window.request("chat/update", title="CANARY-title")
        assert window.request("chat/delete") == {"deleted": True}
    files = [path for path in (tmp_path / "maestro").rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    assert [path for path in files if b"CANARY-" in path.read_bytes()] == []


def test_a_chat_is_named_after_its_first_words(chat: Talk) -> None:
    chat.ask("How do I sort a list in Python?", DONE)
    assert "sort a list" in chat.request("chat/get")["chat"]["title"]


def test_the_answer_that_names_a_chat_comes_before_what_is_told_of_it(shared: Talk) -> None:
    after = len(shared.client.received())
    made = shared.client.request("maestro/chat/create", {})
    shared.chat_id = None
    sent = shared.ask("Hello.", DONE)
    shared.client.settle()
    received = shared.client.received()[after:]
    for chat_id, first in ((made["id"], "result"), (sent.chat_id, "$/progress")):
        naming = [message for message in received if chat_id in json.dumps(message)]
        assert first in (naming[0].get("method"), *naming[0])


def test_creating_and_sending_with_one_id_happen_once(chat: Talk) -> None:
    once = {"title": "Once", "clientRequestId": "create-1"}
    made = chat.client.request("maestro/chat/create", once)
    assert chat.client.request("maestro/chat/create", once) == made
    assert chat.client.refused("maestro/chat/create", {**once, "title": "Twice"}).code == -32602

    first = chat.ask("Hello.", DONE, clientRequestId="send-1").result()
    before = len(chat.bodies)
    params = {"chatId": chat.chat_id, "input": "Hello.", "model": chat.model, "sessionId": SESSION}
    again = chat.client.request("maestro/chat/send", {**params, "clientRequestId": "send-1"})
    assert {**again, "message": None} == {**first, "message": None}
    assert len(chat.bodies) == before
    assert len(messages(chat)) == 2


def test_a_repeated_send_while_the_first_runs_joins_it(chat: Talk) -> None:
    params = {"chatId": chat.chat_id, "input": "Hello.", "model": chat.model, "sessionId": SESSION}
    before = len(chat.bodies)
    chat.say(DONE)
    ids = [
        chat.client.start("maestro/chat/send", {**params, "clientRequestId": f"joined-{chat.chat_id}"})
        for _ in range(3)
    ]
    results = [chat.client.response(one) for one in ids]
    assert results[0] == results[1] == results[2]
    assert len(chat.bodies) == before + 1
    check_log(chat.log())


# -- read -------------------------------------------------------------------------------------------------------------


def test_messages_come_page_by_page_from_the_end(chat: Talk) -> None:
    three_turns(chat)
    whole = messages(chat)
    pages, before = [], {}
    while True:
        page = chat.request("chat/get", limit=4, **before)
        pages.insert(0, page["messages"])
        if "nextBefore" not in page:
            break
        before = {"before": page["nextBefore"]}
    assert [len(page) for page in pages] == [2, 4]
    assert [message for page in pages for message in page] == whole
    assert [message["role"] for message in whole] == ["user", "assistant"] * 3
    assert chat.client.refused("maestro/chat/get", {"chatId": chat.chat_id, "before": "none"}).code == 4303


def test_chats_are_listed_by_their_last_change_and_found_by_words(shared: Talk) -> None:
    made = []
    for word in ("Aubergine", "Broccoli", "Courgette"):
        shared.chat_id = None
        made.append(shared.ask(f"Cook {word} quickly.", Script(text=f"{word} needs salt.")).chat_id)
    listed = shared.client.request("maestro/chat/list", {"limit": 3})
    assert [one["id"] for one in listed["chats"]] == made[::-1]
    pages = [shared.client.request("maestro/chat/list", {"limit": 2})]
    while "nextCursor" in pages[-1]:
        pages.append(shared.client.request("maestro/chat/list", {"limit": 2, "cursor": pages[-1]["nextCursor"]}))
    ids = [one["id"] for page in pages for one in page["chats"]]
    assert ids[:3] == made[::-1]
    assert len(set(ids)) == len(ids)

    def found(query: str) -> list[str]:
        return [one["id"] for one in shared.client.request("maestro/chat/list", {"query": query})["chats"]]

    assert found("broccoli") == [made[1]]
    assert set(found("needs salt")) == set(made)
    assert found("100%_\"' OR") == []
    assert shared.client.refused("maestro/chat/list", {"cursor": "nonsense"}).code == 4303


def test_events_are_replayed_from_anywhere(chat: Talk) -> None:
    three_turns(chat)
    log = chat.log()
    check_log(log)
    assert log_of(chat.client, str(chat.chat_id), page=2) == log
    assert chat.request("chat/events", afterSeq=5, limit=3)["events"] == log[5:8]
    last = chat.request("chat/events", limit=2)
    assert (last["events"], last["complete"]) == (log[-2:], True)
    assert chat.request("chat/events", afterSeq=10_000)["events"] == []
    assert [event["text"] for event in log if event["type"] == "turn.started"] == [
        "Question one.",
        "Question two.",
        "Question three.",
    ]


def test_a_chat_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with world(tmp_path) as stage:
        window = stage.window()
        window.ask("Question.", Script(reasoning="Hm.", tool_calls=(call("list_files"),)), DONE)
        window.ask("And?", DONE)
        page, log, chunks = window.request("chat/get"), window.log(), window.context()
        window.client.end()
        again = stage.window()
        again.chat_id = window.chat_id
        assert (again.request("chat/get"), again.log(), again.context()) == (page, log, chunks)
        again.ask("Still there?", DONE)
        assert "list_files" in json.dumps(again.bodies[-1]["input"])
        check_log(again.log())
        again.client.end()


# -- shortened, copied, exported --------------------------------------------------------------------------------------


def test_a_fork_begins_as_the_chat_did(chat: Talk) -> None:
    three_turns(chat)
    through = messages(chat)[1]["id"]
    fork = chat.request("chat/fork", throughMessageId=through)
    assert fork["forkedFrom"] == chat.chat_id
    original = chat.chat_id
    chat.chat_id = fork["id"]
    assert said(chat) == ["Question one.", "Answer one."]
    chat.ask("Another one.", Script(text="Of course."))
    assert "Answer two." not in chat.last_body()
    assert "Answer one." in chat.last_body()
    log = chat.log()
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    chat.chat_id = original
    assert len(said(chat)) == 6


def test_what_was_reverted_is_not_said_any_more(chat: Talk) -> None:
    three_turns(chat)
    kept = messages(chat)
    result = chat.request("chat/revert", throughMessageId=kept[1]["id"])
    assert result["removed"] == [message["id"] for message in kept[2:]]
    assert said(chat) == ["Question one.", "Answer one."]
    log = chat.log()
    assert (log[-1]["type"], log[-1]["throughMessageId"]) == ("chat.reverted", kept[1]["id"])
    chat.ask("Another one.", DONE)
    assert not [word for word in ("two", "three") if word in json.dumps(chat.bodies[-1]["input"])]
    assert [event["seq"] for event in chat.log()] == list(range(1, len(chat.log()) + 1))


def test_a_revert_into_a_round_of_tools_leaves_a_chat_that_goes_on(chat: Talk) -> None:
    """What is left after the call of a tool without its result must still be something a provider takes."""
    chat.ask("Look.", Script(reasoning="Hm.", tool_calls=(call("list_files"),)), DONE)
    calling = next(m for m in messages(chat) if any(part["type"] == "toolCall" for part in m["parts"]))
    chat.request("chat/revert", throughMessageId=calling["id"])
    assert chat.ask("And?", DONE).text == "Done."


def test_old_turns_become_a_summary_that_can_be_undone(chat: Talk) -> None:
    three_turns(chat)
    before = chat.context()
    chat.say(Script(text="They spoke of numbers."))
    result = chat.request("chat/compact", keepTurns=1)
    assert result["summaryId"]
    assert len(result["replaced"]) == 4
    chat.ask("And?", DONE)
    sent = json.dumps(chat.bodies[-1]["input"])
    assert ("They spoke of numbers." in sent, "Answer one." in sent, "Answer three." in sent) == (True, False, True)
    assert len(said(chat)) == 8, "the messages stay"
    chat.client.request("maestro/context/delete", {"ids": [result["summaryId"]]})
    chat.client.request("maestro/context/restore", {"ids": result["replaced"]})
    assert [one["id"] for one in chat.context()][: len(before)] == [one["id"] for one in before]


def test_a_chat_is_exported(chat: Talk) -> None:
    chat.ask("Change it.", Script(tool_calls=(edit(),)), Script(text="It is **changed**."))
    markdown = chat.request("chat/export")["content"]
    assert "Change it." in markdown
    assert "It is **changed**." in markdown
    assert "apply_edit" in markdown
    exported = json.loads(chat.request("chat/export", format="json")["content"])
    assert "It is **changed**." in json.dumps(exported)


def test_an_ephemeral_chat_can_do_what_others_can(shared: Talk) -> None:
    shared.client.choose("allowOnce")
    shared.chat_id = shared.client.request("maestro/chat/create", {"ephemeral": True})["id"]
    shared.ask("Look.", Script(tool_calls=(call("list_files"),)), DONE)
    three_turns(shared)
    check_log(shared.log())
    fork = shared.request("chat/fork", throughMessageId=messages(shared)[-1]["id"])
    assert fork["ephemeral"] is True
    assert shared.request("chat/export")["content"]
    listed = shared.client.request("maestro/chat/list", {"limit": 500})["chats"]
    assert {shared.chat_id, fork["id"]} <= {one["id"] for one in listed}
    assert shared.request("chat/delete") == {"deleted": True}


# -- without a chat ---------------------------------------------------------------------------------------------------

WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
WHY = {"purpose": "test_pass", "scope": "Paris", "risk_level": "low", "rationale": "It may rain."}


def complete(chat: Talk, **more: object) -> JsonObject:
    params = {"messages": [{"role": "user", "content": "How is it in Paris?"}], "tools": [WEATHER]}
    return {**params, "model": chat.model, "sessionId": SESSION, **more}


def test_calls_of_a_completion_are_returned_with_their_intents(chat: Talk) -> None:
    chat.say(Script(tool_calls=(call("get_weather", WHY, city="Paris"), call("get_weather", city="Rome"))))
    result = chat.client.request("maestro/chat/complete", complete(chat))
    assert result["stopReason"] == "toolUse"
    [paris, rome] = result["toolCalls"]
    assert paris["input"] == {"city": "Paris"}
    assert paris["intent"] == {
        "purpose": "test_pass",
        "scope": "Paris",
        "riskLevel": "low",
        "rationale": "It may rain.",
    }
    assert (rome["input"], "intent" in rome) == ({"city": "Rome"}, False)
    [offered] = chat.prompts[-1].tools
    assert "intent" in offered.schema["properties"]
    assert "risk_level" in offered.schema["properties"]["intent"]["properties"]

    chat.client.settle()
    records = [one for one in chat.intents(tool="get_weather") if one["turnId"] == result["turnId"]]
    assert [one["decision"]["outcome"] for one in records] == ["returned"] * 2
    assert [one["declaredBy"] for one in records] == ["model", "none"]
    assert chat.client.request("maestro/intent/verify")["ok"]


def test_calls_of_a_streamed_completion_are_told_and_not_run(chat: Talk) -> None:
    chat.say(Script(tool_calls=(call("get_weather", WHY, city="Paris"),)))
    token = new_token()
    request_id = chat.client.start("maestro/chat/complete", complete(chat, partialResultToken=token))
    result = chat.client.response(request_id)
    events = check_turn(chat.client, request_id, token)
    [ready] = [event for event in events if event["type"] == "tool.ready"]
    assert (ready["input"], ready["intent"]["scope"]) == ({"city": "Paris"}, "Paris")
    assert "permission" not in ready
    assert not [event for event in events if event["type"] == "tool.completed"]
    assert result["toolCalls"][0]["intent"]["scope"] == "Paris"
    assert events[0]["seq"] == 1


# -- what it took -----------------------------------------------------------------------------------------------------


def test_usage_is_summed_up_by_each_key(tmp_path: Path) -> None:
    with talk(tmp_path, "openrouter") as window:
        window.client.request("maestro/model/list", {"provider": "openrouter"})
        spent = Tokens(input=1_000, output=100, cached=400)
        window.ask("One.", Script(text="Yes.", tokens=spent))
        window.ask("Two.", Script(tool_calls=(call("list_files"),), tokens=spent), Script(text="Yes.", tokens=spent))
        [session] = window.client.request("maestro/session/list", {"provider": "openrouter"})["sessions"]
        keys = {
            "session": session["id"],
            "model": window.model,
            "day": datetime.now(UTC).date().isoformat(),
            "provider": "openrouter",
        }
        for by, key in keys.items():
            [row] = window.client.request("maestro/usage/summary", {"by": by})["rows"]
            assert (row["key"], row["turns"], row["requests"], row["failures"]) == (key, 2, 3, 0)
            usage = row["usage"]
            assert (usage["inputTokens"], usage["cacheReadTokens"], usage["outputTokens"]) == (1_800, 1_200, 300)
            assert usage["totalTokens"] == 3_300
            assert float(row["cost"]["amount"]) > 0
        counters = window.client.request("maestro/usage/summary", {"by": "day"})["counters"]
        assert sum(one["attempts"] for one in counters if one["class"] == "ok") >= 3
        since = {"by": "day", "since": "2999-01-01T00:00:00Z"}
        assert window.client.request("maestro/usage/summary", since)["rows"] == []
        assert window.request("chat/get")["chat"]["usage"]["totalTokens"] == 3_300


def test_a_turn_that_failed_is_counted(tmp_path: Path) -> None:
    with talk(tmp_path) as window:
        window.simulated.service.play([status(503).first(1)])
        window.ask("One.", DONE)
        window.simulated.service.play([status(400)])
        assert window.send("Two.").failure().code == 4209
        [row] = window.client.request("maestro/usage/summary", {"by": "provider"})["rows"]
        assert (row["turns"], row["requests"], row["retries"], row["failures"]) == (2, 3, 1, 1)
        counters = window.client.request("maestro/usage/summary", {"by": "day"})["counters"]
        assert [one["successes"] for one in counters if one["class"] == "overloaded"] == [1]
