"""What a view makes of a real server's events: live and from the log alike, and as the chat's messages have it."""

from functools import reduce as fold
from pathlib import Path

from maestro_protocol.base import JsonObject
from tests.e2e.conversations import call, edit, intent, talk
from tests.simulators.replies import Script
from tests.unit.reducers.chat_view import reduce


def view_of(events: list[JsonObject]) -> JsonObject:
    return fold(reduce, events, {"turns": []})


def said(view: JsonObject) -> list[str]:
    """The texts of a view, the user's before those of the turn."""
    return [
        text
        for turn in view["turns"]
        for text in [turn["user"]["text"], *(part["text"] for part in turn["parts"] if part["type"] == "text")]
    ]


def test_live_events_and_the_log_come_to_one_view(tmp_path: Path) -> None:
    with talk(tmp_path) as window:
        window.client.choose("allowOnce")
        reads = Script(text="I look.", tool_calls=(call("read_file", intent(), path="notes.md"), edit()))
        first = window.ask("Change it", reads, Script(text="Done."))
        second = window.ask("Thanks", Script(text="Welcome."))
        live = view_of([*first.events, *second.events])
        assert live == view_of(window.log())
        assert said(live) == ["Change it", "I look.", "Done.", "Thanks", "Welcome."]
        statuses = [part["status"] for turn in live["turns"] for part in turn["parts"] if part["type"] == "tool"]
        assert statuses == ["completed", "completed"]


def test_a_view_that_is_taken_back_is_what_the_chat_holds(tmp_path: Path) -> None:
    with talk(tmp_path) as window:
        window.ask("One", Script(tool_calls=(call("read_file", intent(), path="notes.md"),)), Script(text="First."))
        window.ask("Two", Script(text="Second."))
        for message in reversed(window.request("chat/get")["messages"][:-1]):
            window.request("chat/revert", throughMessageId=message["id"])
            kept = window.request("chat/get")["messages"]
            words = [part["text"] for one in kept if one["role"] != "tool" for part in one["parts"] if "text" in part]
            assert said(view_of(window.log())) == words
