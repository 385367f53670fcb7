"""The log of a chat has no gaps, and is replayed from anywhere as it was written."""

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.chats import branches, journal, rows
from maestro.database.shape import create
from maestro.errors import MaestroError
from maestro_protocol.conversations import ChatEventsParams, ChatEventsResult
from maestro_protocol.events import ChatEvent
from tests.unit.chats.support import Script, kept, logged, say, user

EVENTS = (
    Script()
    .started()
    .reasoning("hm")
    .text("half \ud83d")
    .call_started("c")
    .call_input("c", "{")
    .call_ready("c", {"n": None, "big": 10**40})
    .call_ended("c")
    .used()
    .ended()
    .events
)


def replay(connection: sqlite3.Connection, after: int | None = None, limit: int = 500) -> ChatEventsResult:
    return journal.replay(connection, ChatEventsParams(chat_id="chat_1", after_seq=after, limit=limit))


def test_what_was_appended_is_replayed_as_it_was(connection: sqlite3.Connection) -> None:
    kept(connection)
    journal.append(connection, "chat_1", EVENTS[:4])
    journal.append(connection, "chat_1", [])
    journal.append(connection, "chat_1", EVENTS[4:])
    assert replay(connection).events == EVENTS
    assert rows.read(connection, "chat_1").last_seq == len(EVENTS)


@given(cuts=st.lists(st.integers(0, len(EVENTS))), after=st.integers(0, 12), limit=st.integers(1, 12))
@settings(deadline=None)
def test_every_place_to_begin_gives_the_rest(cuts: list[int], after: int, limit: int) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    kept(connection)
    borders = [0, *sorted(cuts), len(EVENTS)]
    for start, end in pairwise(borders):
        journal.append(connection, "chat_1", EVENTS[start:end])
    found = replay(connection, after, limit)
    assert found.events == EVENTS[after : after + limit]
    assert found.last_seq == len(EVENTS)
    assert found.complete == (after + limit >= len(EVENTS))
    assert replay(connection, None, limit) == ChatEventsResult(
        events=EVENTS[-limit:], last_seq=len(EVENTS), complete=True
    )
    connection.close()


def test_beyond_the_end_there_is_nothing(connection: sqlite3.Connection) -> None:
    kept(connection)
    assert replay(connection) == ChatEventsResult(events=[], last_seq=0, complete=True)
    journal.append(connection, "chat_1", EVENTS)
    for after in (len(EVENTS), 1000, 10**30):
        assert replay(connection, after) == ChatEventsResult(events=[], last_seq=len(EVENTS), complete=True)


@pytest.mark.parametrize(
    "events",
    [
        EVENTS[4:],  # a gap
        EVENTS[2:],  # one that is there already
        [EVENTS[3], EVENTS[5]],
        [EVENTS[4], EVENTS[3]],
        [EVENTS[3].model_copy(update={"chat_id": "chat_2"})],
    ],
)
def test_what_does_not_continue_the_log_is_refused(connection: sqlite3.Connection, events: list[ChatEvent]) -> None:
    kept(connection)
    journal.append(connection, "chat_1", EVENTS[:3])
    with pytest.raises(MaestroError) as caught:
        journal.append(connection, "chat_1", events)
    assert caught.value.kind == "storageFailed"
    assert replay(connection).events == EVENTS[:3]
    journal.append(connection, "chat_1", EVENTS[3:])
    assert replay(connection).events == EVENTS


def test_a_chat_that_is_not_there_has_no_log(connection: sqlite3.Connection) -> None:
    for work in (lambda: replay(connection), lambda: journal.append(connection, "chat_1", EVENTS)):
        with pytest.raises(MaestroError) as caught:
            work()
        assert caught.value.kind == "chatNotFound"


def test_logs_are_apart_and_hold_what_happens_between_turns(connection: sqlite3.Connection) -> None:
    kept(connection)
    kept(connection, "chat_2")
    journal.append(connection, "chat_1", EVENTS)
    journal.append(connection, "chat_2", Script(chat_id="chat_2").started().events)
    say(connection, "chat_1", user("a"))
    _, _, event = branches.revert(connection, "chat_1", "a")
    assert logged(connection) == [*EVENTS, event]
    assert len(logged(connection, "chat_2")) == 1
