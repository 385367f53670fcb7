"""One turn at a time in a chat, over all windows; what a dead process left open is brought to its end, once."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from maestro.chats import branches, journal, listing, messages, recovery, rows, spent, turns
from maestro.chats.turns import Outcome
from maestro.database import leases
from maestro.database.database import Database
from maestro.database.transactions import transaction
from maestro.errors import MaestroError
from maestro_protocol.chat import Cost, TextPart
from maestro_protocol.conversations import Message
from maestro_protocol.events import ToolCompleted, TurnCompleted, TurnStarted
from tests.unit.chats.support import (
    USAGE,
    Script,
    assistant,
    begin,
    call,
    die,
    kept,
    left_open,
    logged,
    new_turn,
    say,
    texts,
    tool,
    types,
    user,
)
from tests.unit.store.support import ROOT, coverage

DONE = Outcome("endTurn", USAGE, Cost(amount="0.10"), 2, 1)


def refused(work: Callable[[], object]) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        work()
    return caught.value


def recover(connection: sqlite3.Connection) -> list[str]:
    with transaction(connection):
        return recovery.close_interrupted(connection, None)


def dump(connection: sqlite3.Connection) -> list[object]:
    tables = ("chats", "turns", "messages", "chat_events", "leases")
    return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


# -- living turns ----------------------------------------------------------------------------------------------------


def test_a_turn_has_its_chat_for_itself_until_its_end(connection: sqlite3.Connection) -> None:
    kept(connection)
    lease = begin(connection)
    assert rows.read(connection, "chat_1").state == "running"
    refusal = refused(lambda: begin(connection, "turn_2"))
    assert (refusal.code, refusal.data.chat_id, refusal.data.turn_id) == (4302, "chat_1", "turn_1")
    assert turns.end(connection, "turn_1", DONE, lease)
    assert rows.read(connection, "chat_1").state == "idle"
    begin(connection, "turn_2")


def test_another_chat_is_free(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_1")
    kept(connection, "chat_2")
    begin(connection, "turn_1", "chat_1")
    begin(connection, "turn_2", "chat_2")


def test_a_chat_that_is_not_there_has_no_turn(connection: sqlite3.Connection) -> None:
    assert refused(lambda: begin(connection)).code == 4301
    assert dump(connection) == [[], [], [], [], []]


def test_a_chat_counts_what_its_turns_took_once(connection: sqlite3.Connection) -> None:
    kept(connection)
    for number in (1, 2):
        lease = begin(connection, f"turn_{number}")
        assert turns.end(connection, f"turn_{number}", DONE, lease)
        assert not turns.end(connection, f"turn_{number}", DONE, lease)
    begun = begin(connection, "turn_3")
    turns.end(connection, "turn_3", Outcome("cancelled", USAGE), begun)
    chat = rows.read(connection, "chat_1")
    assert (chat.usage.input_tokens, chat.usage.total_tokens) == (30, 54)
    assert chat.cost == Cost(amount="0.20")
    assert connection.execute("SELECT * FROM leases").fetchall() == []


def test_a_turn_waits_for_the_user(connection: sqlite3.Connection) -> None:
    kept(connection)
    begin(connection)
    assert turns.set_state(connection, "chat_1", "requiresAction").state == "requiresAction"
    assert rows.read(connection, "chat_1").state == "requiresAction"


def test_a_lease_is_renewed_as_long_as_it_is_held(connection: sqlite3.Connection) -> None:
    kept(connection)
    lease = begin(connection)
    connection.execute("UPDATE leases SET expires_at = 1")
    assert turns.renew(connection, lease)
    assert refused(lambda: begin(connection, "turn_2")).code == 4302
    connection.execute("UPDATE leases SET expires_at = 1")
    begin(connection, "turn_2")  # this window slept for too long
    assert not turns.renew(connection, lease)


def test_who_slept_through_its_lease_can_neither_log_nor_count(connection: sqlite3.Connection) -> None:
    kept(connection)
    script = Script().started().text("a").text("b")
    lease = begin(connection)
    journal.append(connection, "chat_1", script.events[:2])
    connection.execute("UPDATE leases SET expires_at = 1")
    assert recover(connection) == ["chat_1"]
    assert not turns.renew(connection, lease)
    assert refused(lambda: journal.append(connection, "chat_1", script.events[2:])).code == 4901
    assert not turns.end(connection, "turn_1", DONE, lease)
    assert rows.read(connection, "chat_1").usage.total_tokens == 0


def test_who_gives_up_a_turn_ends_no_other(connection: sqlite3.Connection) -> None:
    kept(connection)
    lease = begin(connection)
    connection.execute("UPDATE leases SET expires_at = 1")
    later = begin(connection, "turn_2")
    assert turns.abandon(connection, "chat_1", "turn_1", lease, None) == []
    assert rows.read(connection, "chat_1").state == "running"
    assert turns.renew(connection, later)
    assert turns.abandon(connection, "chat_1", "turn_2", later, None) != []
    assert rows.read(connection, "chat_1").state == "idle"


def test_what_shortens_or_copies_a_chat_waits_for_its_turn(connection: sqlite3.Connection) -> None:
    kept(connection)
    say(connection, "chat_1", user("a"))
    lease = begin(connection)
    for work in (
        lambda: branches.fork(connection, "chat_1", "a"),
        lambda: branches.revert(connection, "chat_1", "a"),
        lambda: turns.require_idle(connection, "chat_1"),
        lambda: turns.refuse_running(connection, "chat_1"),
    ):
        refusal = refused(work)
        assert (refusal.code, refusal.data.turn_id) == (4302, "turn_1")
    turns.end(connection, "turn_1", DONE, lease)
    turns.refuse_running(connection, "chat_1")
    assert turns.require_idle(connection, "chat_1").state == "idle"
    assert connection.execute("SELECT * FROM leases").fetchall() == []


def test_who_holds_the_lease_without_a_turn_is_waited_for_too(connection: sqlite3.Connection) -> None:
    kept(connection)
    assert leases.take(connection, turns.lease_of("chat_1"), 60)
    for work in (lambda: begin(connection), lambda: turns.require_idle(connection, "chat_1")):
        refusal = refused(work)
        assert (refusal.code, refusal.data.turn_id) == (4302, None)


# -- dead ones -------------------------------------------------------------------------------------------------------


def test_what_was_shown_is_kept_and_everything_open_is_closed(connection: sqlite3.Connection) -> None:
    kept(connection)
    say(connection, "chat_1", user("msg_user", turn_id="turn_1"))
    script = Script().started().reasoning("hm").text("Half an ans").call_started("a").used()
    left_open(connection, script.events)
    assert recover(connection) == ["chat_1"]
    events = logged(connection)
    assert events[: len(script.events)] == script.events
    call_end, turn_end = events[len(script.events) :]
    assert isinstance(call_end, ToolCompleted)
    assert isinstance(turn_end, TurnCompleted)
    assert (call_end.tool_call_id, call_end.status) == ("a", "interrupted")
    assert (turn_end.stop_reason, turn_end.usage) == ("interrupted", USAGE)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    asked, answer = messages.all(connection, "chat_1")
    assert asked.id == "msg_user"
    assert (answer.id, answer.incomplete, answer.parts[1]) == ("m1", True, TextPart(text="Half an ans"))
    chat = rows.read(connection, "chat_1")
    assert (chat.state, chat.usage.total_tokens, chat.last_seq) == ("idle", 18, len(events))
    found = connection.execute("SELECT stop_reason, requests, ended_at IS NOT NULL FROM turns").fetchall()
    assert found == [("interrupted", 1, 1)]
    assert connection.execute("SELECT * FROM leases").fetchall() == []


def test_a_second_time_there_is_nothing_to_do(connection: sqlite3.Connection) -> None:
    kept(connection)
    left_open(connection, Script().started().text("x").events)
    recover(connection)
    before = dump(connection)
    assert recover(connection) == []
    assert dump(connection) == before


def test_a_living_turn_is_left_alone(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_1")
    kept(connection, "chat_2")
    left_open(connection, Script().started().text("x").events)
    begin(connection, "turn_2", "chat_2")
    before = rows.read(connection, "chat_2")
    assert recover(connection) == ["chat_1"]
    assert rows.read(connection, "chat_2") == before


def test_only_the_chat_one_asks_for(connection: sqlite3.Connection) -> None:
    for number in (1, 2):
        kept(connection, f"chat_{number}")
        begin(connection, f"turn_{number}", f"chat_{number}")
    die(connection)
    assert recovery.close_interrupted(connection, "chat_2") == ["chat_2"]
    assert rows.read(connection, "chat_1").state == "running"


def test_what_was_held_for_a_dead_turn_counts_as_spent(connection: sqlite3.Connection) -> None:
    kept(connection)
    begin(connection)
    spent.hold(connection, new_turn(), Decimal("0.25"))
    die(connection)
    recover(connection)
    cost = rows.read(connection, "chat_1").cost
    assert cost is not None
    assert cost.amount == "0.25"
    assert spent.since(connection, new_turn().started_at) == Decimal("0.25")


def test_messages_that_are_kept_already_are_not_added_again(connection: sqlite3.Connection) -> None:
    kept(connection)
    script = Script().started().text("First.").call_started("a").call_started("b")
    script.call_ready("a", {"path": "x"}).call_ended("a").text("Then", "m2")
    say(connection, "chat_1", assistant("kept_1", "First.", call("a"), call("b"), turn_id="turn_1"))
    say(connection, "chat_1", tool("kept_2", "a", turn_id="turn_1"))
    left_open(connection, script.events)
    recover(connection)
    found = messages.all(connection, "chat_1")
    assert [(one.role, one.tool_call_id, one.status) for one in found] == [
        ("assistant", None, None),
        ("tool", "a", "completed"),
        ("tool", "b", "interrupted"),  # its call stands in an answer that is kept, so it needs a result
        ("assistant", None, None),
    ]
    assert [one.id for one in found][:2] == ["kept_1", "kept_2"]
    assert found[-1].incomplete


def test_each_message_is_kept_by_whoever_was_asked_to(connection: sqlite3.Connection) -> None:
    kept(connection)
    left_open(connection, Script().started().text("x").events)
    told: list[tuple[str, Message]] = []

    def keep(connection: sqlite3.Connection, chat_id: str, message: Message) -> None:
        assert connection.in_transaction
        told.append((chat_id, message))

    with transaction(connection):
        recovery.close_interrupted(connection, None, keep)
    assert [(chat_id, message.id) for chat_id, message in told] == [("chat_1", "m1")]
    assert messages.all(connection, "chat_1") == []


def test_a_turn_that_logged_nothing_is_told_from_its_begin(connection: sqlite3.Connection) -> None:
    kept(connection)
    begin(connection)
    say(connection, "chat_1", user("msg_user", "Why?", "turn_1"))
    die(connection)
    recover(connection)
    started, ended = logged(connection)
    assert isinstance(started, TurnStarted)
    assert (started.model, started.session_id, started.user_message_id) == ("openai/gpt", "ses_1", "msg_user")
    assert started.text == "Why?"
    assert (ended.type, ended.seq) == ("turn.completed", 2)


def test_a_turn_whose_end_was_logged_ends_as_it_did(connection: sqlite3.Connection) -> None:
    kept(connection)
    script = Script().started().text("All of it.").ended("maxTokens")
    left_open(connection, script.events)
    recover(connection)
    assert logged(connection) == script.events
    assert connection.execute("SELECT stop_reason FROM turns").fetchall() == [("maxTokens",)]
    assert messages.all(connection, "chat_1")[0].incomplete is None


def test_events_of_earlier_turns_are_not_told_again(connection: sqlite3.Connection) -> None:
    kept(connection)
    lease = begin(connection, "turn_0")
    journal.append(connection, "chat_1", Script("turn_0").started().text("old").ended().events)
    turns.end(connection, "turn_0", DONE, lease)
    begin(connection)
    journal.append(connection, "chat_1", Script(first_seq=4).started().text("new", "m2").events)
    die(connection)
    recover(connection)
    assert list(texts(messages.all(connection, "chat_1"))) == [("assistant", "new")]


def test_the_next_turn_ends_a_dead_one_first(connection: sqlite3.Connection) -> None:
    kept(connection)
    left_open(connection, Script().started().text("x").events)
    begin(connection, "turn_2")
    assert types(logged(connection)) == ["turn.started", "text.delta", "turn.completed"]
    assert rows.read(connection, "chat_1").state == "running"
    found = connection.execute("SELECT id, stop_reason, first_seq FROM turns ORDER BY id").fetchall()
    assert found == [("turn_1", "interrupted", 1), ("turn_2", None, 4)]


def test_a_log_that_cannot_be_read_keeps_no_chat_from_going_on(connection: sqlite3.Connection) -> None:
    kept(connection)
    left_open(connection, Script().started().text("x").events)
    connection.execute("UPDATE chat_events SET body = 'damaged' WHERE seq = 2")
    assert recover(connection) == ["chat_1"]
    assert rows.read(connection, "chat_1").state == "idle"
    (body,) = connection.execute("SELECT body FROM chat_events WHERE seq = 3").fetchone()
    assert "interrupted" in body


def test_an_open_turn_of_a_chat_that_was_lost_is_no_obstacle(connection: sqlite3.Connection) -> None:
    kept(connection, "chat_1")
    kept(connection, "chat_2")
    for number in (1, 2):
        begin(connection, f"turn_{number}", f"chat_{number}")
    die(connection)
    connection.execute("DELETE FROM chats WHERE id = 'chat_1'")
    assert recover(connection) == ["chat_2"]


# -- other processes -------------------------------------------------------------------------------------------------


@contextmanager
def running(name: str, path: Path) -> "Iterator[subprocess.Popen[str]]":
    """A module beside this one in a process of its own, which has said that it is ready."""
    command = [sys.executable, "-m", f"tests.unit.chats.{name}", str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=coverage(), stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_another_process_answers_until_it_is_killed(connection: sqlite3.Connection, path: Path) -> None:
    with running("dies_in_a_turn", path):
        refusal = refused(lambda: begin(connection, "turn_2"))
        assert (refusal.code, refusal.data.turn_id) == (4302, "turn_1")
        assert recover(connection) == []
        assert [chat.last_seq for chat in listing.changed_since(connection, 0)[1]] == [5]
    assert recover(connection) == ["chat_1"]
    assert types(logged(connection))[-2:] == ["tool.completed", "turn.completed"]
    found = messages.all(connection, "chat_1")
    assert list(texts(found))[:2] == [("user", "Hello"), ("assistant", "Half an ans")]
    assert [(one.tool_call_id, one.status) for one in found[2:]] == [("a", "interrupted")]


def test_two_processes_at_once_end_a_turn_once(connection: sqlite3.Connection, path: Path) -> None:
    kept(connection)
    left_open(connection, Script().started().text("x").events)
    with running("recovers", path) as one, running("recovers", path) as other:
        connection.execute("BEGIN IMMEDIATE")  # neither can begin before both were told to
        for process in (one, other):
            assert process.stdin is not None
            print(file=process.stdin, flush=True)
        connection.execute("ROLLBACK")
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]
    assert sorted(outputs) == ["\n", "chat_1\n"]
    assert types(logged(connection)) == ["turn.started", "text.delta", "turn.completed"]
    assert len(messages.all(connection, "chat_1")) == 1


@pytest.mark.asyncio
async def test_another_window_notices_within_two_seconds(path: Path) -> None:
    here, there = Database(path), Database(path)
    try:
        await there.run(kept)
        revision = await here.read(listing.latest_revision)
        noticed = asyncio.Event()
        here.watch(noticed.set)
        await here.read(lambda connection: None)
        noticed.clear()

        def work(connection: sqlite3.Connection) -> None:
            begin(connection)
            journal.append(connection, "chat_1", Script().started().events)

        await there.run(work)
        await asyncio.wait_for(noticed.wait(), 2)
        _, (chat,), _ = await here.read(lambda connection: listing.changed_since(connection, revision))
        assert (chat.state, chat.last_seq) == ("running", 1)
    finally:
        await here.aclose()
        await there.aclose()
