"""Chats are kept, changed and forgotten, and every change can be noticed."""

import sqlite3
from datetime import timedelta

import pytest

from maestro.chats import journal, listing, messages, rows, turns
from maestro.chats.turns import Outcome
from maestro.errors import MaestroError
from maestro_protocol.chat import Cost, Usage
from maestro_protocol.conversations import Chat
from tests.unit.chats.support import MOMENT, USAGE, Script, begin, chat, kept, new_turn, say, user


def revision(connection: sqlite3.Connection) -> int:
    return listing.latest_revision(connection)


def test_a_chat_comes_back_as_it_was_kept(connection: sqlite3.Connection) -> None:
    whole = Chat(
        id="chat_1",
        title="Ein Titel 🙂",
        state="idle",
        model="openai/gpt",
        session_id="ses_1",
        workspace_folder="file:///a b",
        system="Be brief.\0",
        forked_from="chat_0",
        usage=USAGE,
        cost=Cost(amount="0.00417", estimated=False),
        last_seq=0,
        created_at=MOMENT,
        updated_at=MOMENT + timedelta(microseconds=1),
    )
    rows.insert(connection, whole)
    assert rows.read(connection, "chat_1") == whole
    with pytest.raises(sqlite3.IntegrityError):
        rows.insert(connection, whole)


def test_half_a_surrogate_pair_keeps_nothing_from_being_written(connection: sqlite3.Connection) -> None:
    kept(connection, title="half \ud83d")
    rows.change(connection, "chat_1", system="\udc00", model="\ud800")
    assert rows.read(connection, "chat_1").title == "half ?"


@pytest.mark.parametrize("chat_id", ["", "nobody", "\ud800", "chat_1\0"])
def test_a_chat_that_is_not_there(connection: sqlite3.Connection, chat_id: str) -> None:
    kept(connection)
    for work in (rows.read, rows.change, rows.is_titled):
        with pytest.raises(MaestroError) as caught:
            work(connection, chat_id)
        assert caught.value.kind == "chatNotFound"
    assert rows.remove(connection, chat_id) is None


def test_every_change_has_a_revision_of_its_own(connection: sqlite3.Connection) -> None:
    first = kept(connection, "chat_1")
    kept(connection, "chat_2")
    seen = [revision(connection)]
    changed = rows.change(connection, "chat_1", title="Another", state="running")
    seen.append(revision(connection))
    journal.append(connection, "chat_2", Script(chat_id="chat_2").started().events)
    seen.append(revision(connection))
    rows.remove(connection, "chat_2")
    seen.append(revision(connection))
    assert seen == [2, 3, 4, 5]
    assert (changed.title, changed.state) == ("Another", "running")
    assert changed.updated_at > first.updated_at


def test_a_title_somebody_chose_is_known(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_1")
    rows.insert(connection, chat("chat_2"), titled=True)
    assert not rows.is_titled(connection, "chat_1")
    assert rows.is_titled(connection, "chat_2")
    rows.change(connection, "chat_1", titled=True)
    assert rows.is_titled(connection, "chat_1")


def test_a_deleted_chat_leaves_no_word_and_what_it_took(connection: sqlite3.Connection) -> None:
    kept(connection)
    rows.change(connection, "chat_1", system="canary-system")
    lease = begin(connection)
    say(connection, "chat_1", user("msg_1", "canary-words"))
    journal.append(connection, "chat_1", Script().started().text("canary-event").ended().events)
    turns.end(connection, "turn_1", Outcome("endTurn", USAGE, Cost(amount="0.5"), 2, 1), lease)
    gone = rows.remove(connection, "chat_1")
    assert gone is not None
    assert (gone.id, gone.title, gone.system) == ("chat_1", "", None)
    assert rows.remove(connection, "chat_1") is None
    assert messages.all(connection, "chat_1") == []
    for table in ("chats", "messages", "chat_events", "turns"):
        assert "canary" not in str(connection.execute(f"SELECT * FROM {table}").fetchall())
    turn = connection.execute("SELECT chat_id, stop_reason, cost, requests, retries FROM turns").fetchall()
    assert turn == [(None, "endTurn", "0.5", 2, 1)]
    with pytest.raises(MaestroError):
        rows.change(connection, "chat_1", title="Back")


def test_a_turn_whose_chat_was_deleted_is_still_counted(connection: sqlite3.Connection) -> None:
    kept(connection)
    lease = begin(connection)
    rows.remove(connection, "chat_1")
    with pytest.raises(MaestroError) as caught:
        journal.append(connection, "chat_1", Script().started().events)
    assert caught.value.kind == "chatNotFound"
    assert turns.end(connection, "turn_1", Outcome("error", USAGE), lease)
    (found,) = connection.execute("SELECT stop_reason, usage FROM turns").fetchall()
    assert found[0] == "error"
    assert '"totalTokens":18' in found[1]


def test_tombstones_are_forgotten_but_no_revision_comes_twice(connection: sqlite3.Connection) -> None:
    for number in (1, 2, 3):
        kept(connection, f"chat_{number}")
    gone = [rows.remove(connection, f"chat_{number}") for number in (1, 2)]
    assert gone[1] is not None
    later = gone[1].updated_at + timedelta(seconds=1)
    before = revision(connection)
    assert rows.forget_tombstones(connection, gone[1].updated_at - timedelta(days=1)) == 0
    assert rows.forget_tombstones(connection, later) == 1
    rows.change(connection, "chat_3", title="Later")
    assert revision(connection) == before + 1
    assert rows.forget_tombstones(connection, later) == 1
    assert [found for (found,) in connection.execute("SELECT id FROM chats")] == ["chat_3"]


def test_what_turns_without_a_chat_took_is_kept(connection: sqlite3.Connection) -> None:
    turns.record(connection, new_turn(chat_id=None), Outcome("toolUse", USAGE, None, 1))
    found = connection.execute("SELECT chat_id, provider, model, session_id, stop_reason, requests FROM turns")
    assert found.fetchall() == [(None, "openai", "openai/gpt", "ses_1", "toolUse", 1)]
    assert Usage.model_validate_json(connection.execute("SELECT usage FROM turns").fetchone()[0]) == USAGE
