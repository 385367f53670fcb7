"""Chats are listed page by page and found by their words; another window sees what changed."""

import base64
import json
import sqlite3
from datetime import timedelta

import pytest

from maestro.chats import branches, listing, rows
from maestro.errors import MaestroError
from maestro_protocol.chat import ReasoningPart
from maestro_protocol.conversations import ChatListParams
from tests.unit.chats.support import MOMENT, assistant, chat, kept, say, user


def found(connection: sqlite3.Connection, query: str | None = None, **more: object) -> list[str]:
    params = ChatListParams.model_validate({"query": query, **more})
    return [one.id for one in listing.list_chats(connection, params).chats]


def test_pages_go_from_the_latest_to_the_first_and_meet(connection: sqlite3.Connection) -> None:
    for number in range(7):
        rows.insert(connection, chat(f"chat_{number}", at=MOMENT + timedelta(seconds=number // 2)))
    seen: list[str] = []
    cursor = None
    while True:
        page = listing.list_chats(connection, ChatListParams(limit=3, cursor=cursor))
        seen += [one.id for one in page.chats]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"chat_{number}" for number in reversed(range(7))]


def test_a_page_that_is_just_full_is_the_last(connection: sqlite3.Connection) -> None:
    kept(connection)
    assert listing.list_chats(connection, ChatListParams(limit=1)).next_cursor is None


def test_a_change_between_two_pages_loses_none_of_the_others(connection: sqlite3.Connection) -> None:
    for number in range(4):
        rows.insert(connection, chat(f"chat_{number}", at=MOMENT + timedelta(seconds=number)))
    first = listing.list_chats(connection, ChatListParams(limit=2))
    rows.change(connection, "chat_0", title="Now the latest")
    rest = listing.list_chats(connection, ChatListParams(limit=2, cursor=first.next_cursor))
    assert [one.id for one in (*first.chats, *rest.chats)] == ["chat_3", "chat_2", "chat_1"]


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "nonsense", "ä", "\ud800"),
        *map(encoded, (1, [], ["a"], [1, 2], {"a": 1, "b": 2}, ["a", "b", "c"])),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_a_cursor_that_is_none_is_refused(connection: sqlite3.Connection, cursor: str) -> None:
    with pytest.raises(MaestroError) as caught:
        listing.list_chats(connection, ChatListParams(cursor=cursor))
    assert caught.value.code == 4303


def test_every_word_is_in_the_title_or_in_a_message(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_1", "Größe of the PARSER")
    kept(connection, "chat_2", "Other")
    say(
        connection,
        "chat_1",
        user("a", "Why does it\nfail?"),
        assistant("b", "Because of UNICODE", ReasoningPart(text="secretly")),
    )
    say(connection, "chat_2", user("c", "fail 100%_'\""))
    assert found(connection, "parser") == ["chat_1"]
    assert found(connection, "GRÖSSE") == ["chat_1"]
    assert found(connection, " fail   parser Unicode ") == ["chat_1"]
    assert found(connection, "fail parser nowhere") == []
    assert found(connection, "fail") == ["chat_2", "chat_1"]
    assert found(connection, "100%_'\"") == ["chat_2"]
    assert found(connection, "1%0") == []
    assert found(connection, "secretly") == []
    assert found(connection, "  ") == ["chat_2", "chat_1"]
    assert found(connection, "\ud800") == found(connection, "?")


def test_a_new_title_is_found_and_the_old_one_is_not(connection: sqlite3.Connection) -> None:
    kept(connection, title="Before")
    rows.change(connection, "chat_1", title="Afterwards")
    assert found(connection, "afterWARDS") == ["chat_1"]
    assert found(connection, "before") == []


def test_what_was_taken_back_or_deleted_is_not_found(connection: sqlite3.Connection) -> None:
    kept(connection)
    say(connection, "chat_1", user("a", "first"), user("b", "second"))
    branches.revert(connection, "chat_1", "a")
    assert found(connection, "second") == []
    rows.remove(connection, "chat_1")
    assert found(connection, "first") == found(connection) == []


def test_chats_of_one_folder(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_1")
    kept(connection, "chat_2")
    rows.change(connection, "chat_1", workspace_folder="file:///work")
    assert found(connection, None, workspaceFolder="file:///work") == ["chat_1"]


def test_another_window_sees_what_is_new_since_it_looked(connection: sqlite3.Connection) -> None:
    for number in (1, 2, 3):
        kept(connection, f"chat_{number}")
    revision, changed, deleted = listing.changed_since(connection, 0)
    assert ([one.id for one in changed], list(deleted)) == (["chat_1", "chat_2", "chat_3"], [])
    assert revision == listing.latest_revision(connection)
    assert listing.changed_since(connection, revision) == (revision, [], [])
    rows.change(connection, "chat_2", title="New")
    rows.remove(connection, "chat_1")
    revision, changed, deleted = listing.changed_since(connection, revision)
    assert [(one.id, one.title) for one in changed] == [("chat_2", "New")]
    assert [(one.id, one.title) for one in deleted] == [("chat_1", "")]
    assert listing.changed_since(connection, revision) == (revision, [], [])


def test_an_empty_store_has_no_revision(connection: sqlite3.Connection) -> None:
    assert listing.latest_revision(connection) == 0
    assert listing.changed_since(connection, 0) == (0, [], [])
