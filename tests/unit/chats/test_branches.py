"""Chats that begin as another one did, and chats taken back: a call is never parted from its results."""

import sqlite3
from datetime import UTC, datetime

import pytest

from maestro.chats import branches, messages, rows
from maestro.errors import MaestroError
from maestro_protocol.chat import Usage
from maestro_protocol.conversations import Chat, ChatListParams
from maestro_protocol.events import ChatReverted
from tests.unit.chats.support import MOMENT, USAGE, Script, assistant, call, kept, left_open, logged, say, tool, user

SAID = (
    user("u1", "first", "turn_1"),
    assistant("a1", "calling", call("c1"), call("c2"), turn_id="turn_1"),
    tool("t1", "c1", turn_id="turn_1"),
    tool("t2", "c2", turn_id="turn_1"),
    assistant("a2", "done", turn_id="turn_1"),
    user("u2", "second", "turn_2"),
    assistant("a3", "answer", turn_id="turn_2"),
)
IDS = [message.id for message in SAID]


def conversation(connection: sqlite3.Connection) -> Chat:
    whole = Chat(
        id="chat_1",
        title="Parser",
        state="idle",
        model="openai/gpt",
        session_id="ses_1",
        workspace_folder="file:///w",
        system="Be brief.",
        usage=USAGE,
        last_seq=0,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    rows.insert(connection, whole)
    say(connection, "chat_1", *SAID)
    return rows.read(connection, "chat_1")


def ids(connection: sqlite3.Connection, chat_id: str = "chat_1") -> list[str]:
    return [message.id for message in messages.all(connection, chat_id)]


@pytest.mark.parametrize(
    ("through", "last"),
    [("u1", "u1"), ("a1", "t2"), ("t1", "t2"), ("t2", "t2"), ("a2", "a2"), ("u2", "u2"), ("a3", "a3")],
)
def test_results_stay_with_their_calls(connection: sqlite3.Connection, through: str, last: str) -> None:
    conversation(connection)
    stay = IDS[: IDS.index(last) + 1]
    _, new_ids = branches.fork(connection, "chat_1", through)
    assert list(new_ids) == stay
    chat, removed, event = branches.revert(connection, "chat_1", through)
    assert ids(connection) == stay
    assert [*stay, *removed] == IDS
    assert event == ChatReverted(chat_id="chat_1", seq=1, through_message_id=last)
    assert logged(connection) == [event]
    assert chat.last_seq == 1


def test_a_fork_is_a_chat_of_its_own(connection: sqlite3.Connection) -> None:
    source = conversation(connection)
    fork, new_ids = branches.fork(connection, "chat_1", "a2")
    assert rows.read(connection, fork.id) == fork
    assert (fork.title, fork.forked_from, fork.last_seq) == ("Parser (fork)", "chat_1", 0)
    assert (fork.usage, fork.cost, fork.state) == (Usage(), None, "idle")
    for name in ("model", "session_id", "workspace_folder", "system"):
        assert getattr(fork, name) == getattr(source, name)
    assert rows.is_titled(connection, fork.id)
    copies = messages.all(connection, fork.id)
    assert [message.id for message in copies] == list(new_ids.values())
    assert not set(new_ids.values()) & set(IDS)
    for old, new in zip(SAID, copies, strict=False):
        assert new == old.model_copy(update={"id": new.id, "turn_id": new.turn_id})
    assert len({message.turn_id for message in copies}) == 1
    assert len(messages.of_turn(connection, "turn_1")) == 5
    say(connection, fork.id, user("u9"))
    assert rows.read(connection, "chat_1") == source
    assert ids(connection) == IDS
    assert logged(connection, fork.id) == []


def test_a_fork_of_a_fork_and_of_a_long_title(connection: sqlite3.Connection) -> None:
    conversation(connection)
    rows.change(connection, "chat_1", title="x" * 200)
    fork, new_ids = branches.fork(connection, "chat_1", "u1")
    assert len(fork.title) == 200
    again, _ = branches.fork(connection, fork.id, new_ids["u1"])
    assert again.forked_from == fork.id


def test_a_fork_is_kept_where_its_chat_is(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_mem_0123456789abcdef")
    say(connection, "chat_mem_0123456789abcdef", user("u"))
    fork, _ = branches.fork(connection, "chat_mem_0123456789abcdef", "u")
    assert fork.id.startswith("chat_mem_")


def test_what_was_taken_back_does_not_come_again(connection: sqlite3.Connection) -> None:
    conversation(connection)
    branches.revert(connection, "chat_1", "a2")
    say(connection, "chat_1", user("u3", "another"))
    assert ids(connection) == [*IDS[:5], "u3"]
    page, before = messages.page(connection, "chat_1", None, 10)
    assert ([message.id for message in page], before) == ([*IDS[:5], "u3"], None)
    assert messages.of_turn(connection, "turn_2") == []
    _, new_ids = branches.fork(connection, "chat_1", "u3")
    assert list(new_ids) == [*IDS[:5], "u3"]
    _, removed, _ = branches.revert(connection, "chat_1", "u1")
    assert removed == [*IDS[1:5], "u3"]


@pytest.mark.parametrize("through", ["", "nobody", "other", "a3", "\ud800"])
@pytest.mark.parametrize("work", [branches.fork, branches.revert])
def test_a_message_that_is_not_in_the_chat(connection: sqlite3.Connection, work: object, through: str) -> None:
    conversation(connection)
    kept(connection, "chat_2")
    say(connection, "chat_2", user("other"))
    branches.revert(connection, "chat_1", "u2")
    with pytest.raises(MaestroError) as caught:
        work(connection, "chat_1", through)  # type: ignore[operator]
    assert caught.value.code == -32602
    assert [issue.path for issue in caught.value.data.issues or []] == ["throughMessageId"]
    assert through == "" or through not in caught.value.message
    assert ids(connection) == IDS[:6]


def test_a_chat_that_is_not_there_has_no_branches(connection: sqlite3.Connection) -> None:
    for work in (branches.fork, branches.revert):
        with pytest.raises(MaestroError) as caught:
            work(connection, "chat_1", "a")
        assert caught.value.code == 4301


def test_a_turn_a_dead_process_left_open_is_ended_first(connection: sqlite3.Connection) -> None:
    kept(connection)
    say(connection, "chat_1", user("u1"))
    left_open(connection, Script().started().text("half").events)
    chat, removed, event = branches.revert(connection, "chat_1", "u1")
    assert (chat.state, removed, event.seq) == ("idle", ["m1"], 4)


def test_an_event_between_turns_is_no_part_of_a_list(connection: sqlite3.Connection) -> None:
    conversation(connection)
    before = datetime.now(UTC)
    chat, _, _ = branches.revert(connection, "chat_1", "a3")
    assert chat.updated_at >= before
    assert ChatListParams().limit == 50
