"""The ledger grows by appending, is found again, and shows whatever was done to it."""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.database.shape import create
from maestro.errors import MaestroError
from maestro.intents import chain, ledger
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Decision, Intent, IntentListParams, IntentRecord, Observed
from maestro_protocol.permissions import PermissionSubject
from tests.unit.intents.support import (
    ALLOWED,
    INTENT,
    ROOT,
    command,
    complete,
    declaration,
    edit,
    fetch,
    memory,
    opened,
)
from tests.unit.intents.tamper import TAMPERING, Tamper, forget_the_head, turn_the_head_back

TRIGGERS = ("ledger_is_not_changed", "ledger_is_not_shortened", "ledger_is_not_replaced")


def ids(connection: sqlite3.Connection, **params: object) -> list[str]:
    return [one.id for one in ledger.records(connection, IntentListParams.model_validate(params)).intents]


def test_a_record_grows_step_by_step() -> None:
    with memory() as connection:
        begun = ledger.declare(connection, declaration(level="high"))
        assert (begun.scope, begun.purpose, begun.risk_level) == (INTENT.scope, "maintenance", "high")
        assert (begun.rationale, begun.declared_by, begun.model) == ("It is old.", "model", "openai/gpt-4o")
        assert [one.id for one in begun.assessments] == ["edit"]
        assert (begun.decision, begun.observed, begun.mismatch) == (None, None, None)
        assert begun.prev_hash == chain.GENESIS
        decided = ledger.decide(connection, begun.id, ALLOWED)
        assert decided.decision == ALLOWED
        assert (decided.prev_hash, decided.at) == (begun.hash, begun.at)
        seen = ledger.observe(connection, begun.id, Observed(paths=["a"], bytes_written=3), ["It changed `a`."])
        assert seen.observed == Observed(paths=["a"], bytes_written=3)
        assert seen.mismatch == ["It changed `a`."]
        assert seen.prev_hash == decided.hash
        assert ledger.record(connection, begun.id) == seen
        assert ledger.verify(connection).model_dump(exclude_none=True) == {"ok": True, "checked": 3, "head": seen.hash}


def test_a_call_without_an_intent_is_recorded_too() -> None:
    with memory() as connection:
        record = ledger.declare(connection, declaration(intent=None, chat_id=None, level="low"))
        assert (record.purpose, record.scope, record.declared_by, record.chat_id) == (None, None, "none", None)
        assert ids(connection) == [record.id]


def test_a_step_is_written_once_and_only_of_a_record() -> None:
    with memory() as connection:
        record = complete(connection)
        attempts: list[Callable[[], IntentRecord]] = [
            lambda: ledger.decide(connection, record.id, ALLOWED),
            lambda: ledger.observe(connection, record.id, Observed(), []),
            lambda: ledger.decide(connection, "int_0", ALLOWED),
            lambda: ledger.observe(connection, "int_0", Observed(), []),
            lambda: ledger.record(connection, "int_0"),
        ]
        for again in attempts:
            with pytest.raises(MaestroError) as caught:
                again()
            assert caught.value.kind == "requestFailed"
        assert ledger.verify(connection).checked == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = '{}' WHERE number = 1",
        "DELETE FROM ledger WHERE number = 1",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE number = 1",
        "INSERT OR IGNORE INTO ledger SELECT 0, 'x', step, declared, chat_id, tool, purpose, risk_level, mismatched,"
        " body, at, prev_hash, hash FROM ledger WHERE number = 1",
    ],
)
def test_the_database_itself_refuses_changes(statement: str) -> None:
    with memory() as connection:
        complete(connection)
        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            connection.execute(statement)
        assert ledger.verify(connection).ok


def test_no_secret_is_kept() -> None:
    secret = "sk-ant-0123456789abcdef"
    intent = Intent(purpose="maintenance", scope=f"a.py {secret}", risk_level="low", rationale=f"Because {secret}.")
    with memory() as connection:
        record = ledger.declare(connection, declaration(intent=intent))
        ledger.observe(connection, record.id, Observed(commands=[f"curl {secret}"]), [f"It ran `curl {secret}`."])
        assert secret not in str(connection.execute("SELECT * FROM ledger").fetchall())
        assert secret not in ledger.record(connection, record.id).model_dump_json()
        assert "a.py [redacted]" in str(ledger.record(connection, record.id).scope)


def told(subject: PermissionSubject) -> JsonObject:
    """The subject as the ledger gives it back."""
    with memory() as connection:
        record = ledger.declare(connection, declaration(subject=subject))
        assert ledger.record(connection, record.id) == record
        assert record.subject is not None
        assert ledger.verify(connection).ok
        return record.subject.to_wire()


def test_what_was_called_is_kept() -> None:
    run: JsonObject = {"type": "command", "tool": "run_command", "argv": ["git", "push"], "cwd": "/work/demo"}
    assert told(command("git", "push")) == run
    assert told(edit("src/a.py")) == {"type": "edit", "tool": "apply_edit", "path": "src/a.py"}
    assert told(fetch("https://example.com/a?b=c"))["url"] == "https://example.com/a?b=c"
    given: JsonObject = {"type": "other", "tool": "ticket", "input": {"title": "A", "tags": ["b", 1, None]}}
    assert told(PermissionSubject.from_wire(given)) == given


def test_a_record_without_a_subject_has_none() -> None:
    with memory() as connection:
        assert ledger.declare(connection, declaration()).subject is None


@pytest.mark.parametrize(
    "subject",
    [
        command("curl", "-H", "x-api-key: canary0123456789"),
        command("curl", "https://me:canary0123456789@example.com/"),
        command("tool", "--password", "canary0123456789"),
        command("tool", "--api-key=canary0123456789"),
        command("env", "MY_TOKEN=canary0123456789", "AWS_SECRET_ACCESS_KEY=canary0123456789"),
        fetch("https://example.com/?access_token=canary0123456789"),
        PermissionSubject(type="other", tool="t", input={"password": "canary0123456789"}),
        PermissionSubject(type="other", tool="t", input={"a": [{"token": "canary0123456789"}]}),
        PermissionSubject(type="other", tool="t", input={"url": "https://me:canary0123456789@example.com/"}),
        edit("a.py", old="canary0123456789", new="canary0123456789"),
        edit("sk-ant-canary0123456789"),
    ],
)
def test_no_secret_of_a_call_is_kept(subject: PermissionSubject) -> None:
    with memory() as connection:
        record = ledger.declare(connection, declaration(subject=subject))
        assert "canary" not in str(connection.execute("SELECT * FROM ledger").fetchall())
        assert "canary" not in record.model_dump_json()
        assert record.subject is not None


def test_a_long_call_is_counted() -> None:
    given: JsonObject = {"text": "x" * 4_000}
    assert told(PermissionSubject(type="other", tool="t", input=given))["input"] == {"…": "4012 characters"}
    given = {"text": "x" * 3_900}
    assert told(PermissionSubject(type="other", tool="t", input=given))["input"] == given
    assert len(json.dumps(told(command("sh", "-c", "x" * 500_000)))) < 10_000
    many = told(command("ls", *["a" * 50] * 20_000))["argv"]
    assert isinstance(many, list)
    assert many[-1] == "… (19901 more)"
    assert len(json.dumps(many)) < 40_000


@pytest.mark.parametrize("levels", [60, 1_000])
def test_an_input_that_could_not_be_read_again_is_not_kept(levels: int) -> None:
    deep: JsonValue = "a"
    for _ in range(levels):
        deep = [deep]
    subject = PermissionSubject(type="other", tool="t").model_copy(update={"input": {"a": deep}})
    assert told(subject)["input"] == {"…": "nested too deeply to be kept"}


@given(st.lists(st.text(alphabet=st.characters(), max_size=20)), st.dictionaries(st.text(), st.text(), max_size=3))
def test_every_call_can_be_kept(argv: list[str], given: dict[str, str]) -> None:
    told(command(*argv))
    told(PermissionSubject.model_validate({"type": "other", "tool": "t", "input": given}))


def test_halves_of_characters_can_be_kept() -> None:
    subject = command("a").model_copy(update={"argv": ["ls", "\ud800"], "cwd": "/\ud800"})
    assert told(subject)["argv"] == ["ls", "?"]


def test_records_of_a_chat_need_no_chat() -> None:
    with memory() as connection:
        record = complete(connection, chat_id="chat_gone")
        connection.execute("DELETE FROM chats")
        assert ids(connection, chat_id="chat_gone") == [record.id]
        assert ledger.verify(connection).ok


def test_pages_come_latest_first_and_fit_together() -> None:
    with memory() as connection:
        expected = [complete(connection).id for _ in range(7)][::-1]
        found: list[str] = []
        cursor = None
        while True:
            page = ledger.records(connection, IntentListParams(limit=3, cursor=cursor))
            found += [one.id for one in page.intents]
            complete(connection)  # what is new meanwhile moves no page
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == expected
        assert ledger.records(connection, IntentListParams(limit=10)).next_cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "-1", "0", "1.0", "٣", "9" * 30, "1 OR 1=1"])
def test_a_cursor_that_is_none(cursor: str) -> None:
    with memory() as connection, pytest.raises(MaestroError) as caught:
        ledger.records(connection, IntentListParams(cursor=cursor))
    assert caught.value.code == 4303


def test_records_are_found_by_what_they_say() -> None:
    with memory() as connection:
        day = datetime(2025, 1, 1, tzinfo=UTC)
        testing = INTENT.model_copy(update={"purpose": "test_pass"})
        first = complete(connection, at=day, tool="run_command", mismatch=("x",))  # type: ignore[arg-type]
        second = complete(connection, at=day + timedelta(days=1), chat_id="chat_2", level="high")  # type: ignore[arg-type]
        third = complete(connection, at=day + timedelta(days=2), intent=testing)  # type: ignore[arg-type]
        late = ledger.declare(connection, declaration(at=day + timedelta(days=3)))
        first_too = ledger.observe(connection, late.id, Observed(), ["y"])
        for params, expected in (
            ({}, [first_too, third, second, first]),
            ({"chat_id": "chat_2"}, [second]),
            ({"tool": "run_command"}, [first]),
            ({"purpose": "test_pass"}, [third]),
            ({"risk_level": "high"}, [second]),
            ({"mismatched": True}, [first_too, first]),
            ({"mismatched": True, "tool": "run_command"}, [first]),
            ({"mismatched": True, "since": day + timedelta(hours=1)}, [first_too]),
            ({"mismatched": True, "limit": 1}, [first_too]),
            ({"mismatched": False}, [third, second]),
            ({"since": day + timedelta(days=1)}, [first_too, third, second]),
            ({"since": (day + timedelta(days=1)).astimezone(timezone(timedelta(hours=5)))}, [first_too, third, second]),
            ({"since": datetime(2025, 1, 2)}, [first_too, third, second]),
            ({"chat_id": "chat_1", "purpose": "maintenance"}, [first_too, first]),
            ({"chat_id": "none"}, []),
        ):
            assert ids(connection, **params) == [one.id for one in expected], params
        page = ledger.records(connection, IntentListParams(mismatched=True, limit=1))
        assert ids(connection, mismatched=True, cursor=page.next_cursor) == [first.id]


def test_it_is_written_out_a_record_per_line_the_oldest_first() -> None:
    with memory() as connection:
        begun = ledger.declare(connection, declaration(intent=INTENT.model_copy(update={"scope": "a\u2028b\n"})))
        other = complete(connection, chat_id="chat_2")
        ledger.decide(connection, begun.id, ALLOWED)
        lines = ledger.export(connection, None).splitlines()
        assert [IntentRecord.from_wire(json.loads(line)) for line in lines] == [
            ledger.record(connection, begun.id), other
        ]  # fmt: skip
        assert ledger.export(connection, "chat_2").count("\n") == 1
        assert ledger.export(connection, "chat_3") == ""


# -- tampering --------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TAMPERING), st.integers(1, 4), st.integers(0, 2**32), st.booleans())
def test_whatever_is_done_to_it_is_found(tamper: Tamper, records: int, seed: int, goes_on: bool) -> None:
    with memory() as connection:
        for _ in range(records):
            complete(connection)
        assert ledger.verify(connection).checked == records * 3
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER {trigger}")
        tamper(connection, random.Random(seed))
        create(connection, ["ledger"])  # nothing but the entries tells it
        found = ledger.verify(connection)
        assert not found.ok
        assert found.first_broken
        assert found.checked <= records * 3
        if goes_on and tamper not in (forget_the_head, turn_the_head_back):
            complete(connection)
            assert not ledger.verify(connection).ok


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER ledger_is_not_changed",
        "DROP TRIGGER ledger_is_not_shortened",
        "DROP TRIGGER ledger_is_not_replaced",
        "CREATE TRIGGER also AFTER INSERT ON ledger BEGIN SELECT 1; END",
        "CREATE TRIGGER also BEFORE INSERT ON LEDGER WHEN new.risk_level = 'high' BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER also AFTER UPDATE ON ledger_head BEGIN SELECT 1; END",
        "DROP TRIGGER ledger_is_not_changed; CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger "
        "BEGIN SELECT 1; END",
    ],
)
def test_what_guards_it_is_looked_at(statement: str) -> None:
    with memory() as connection:
        complete(connection)
        connection.executescript(statement)
        found = ledger.verify(connection)
        assert (found.ok, found.checked, found.first_broken) == (False, 3, "triggers")


def test_a_trigger_of_another_table_does_not_matter() -> None:
    with memory() as connection:
        connection.execute("CREATE TRIGGER also AFTER INSERT ON notes BEGIN SELECT 1; END")
        assert ledger.verify(connection).ok


def test_a_hash_that_was_kept_must_be_in_the_chain() -> None:
    with memory() as connection:
        hashes = [complete(connection).hash for _ in range(3)]
        for kept in (*hashes, hashes[0].upper(), chain.GENESIS, None):
            assert ledger.verify(connection, kept).ok
        found = ledger.verify(connection, "f" * 64)
        assert (found.ok, found.checked, found.first_broken, found.head) == (False, 9, "kept", hashes[-1])


def test_a_whole_ledger_that_is_rewritten_is_found_only_by_a_kept_hash() -> None:
    with memory() as connection:
        kept = complete(connection).hash
    with memory() as connection:
        assert not ledger.verify(connection, kept).ok  # taken away
        complete(connection)
        assert ledger.verify(connection).ok
        assert not ledger.verify(connection, kept).ok


def test_the_first_record_that_is_wrong_is_named() -> None:
    with memory() as connection:
        records = [complete(connection).id for _ in range(3)]
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE ledger SET at = at || ' ' WHERE number = 5")
        found = ledger.verify(connection)
        assert (found.ok, found.checked, found.first_broken) == (False, 4, records[1])
        connection.execute("UPDATE ledger SET at = trim(at) WHERE number = 5")
        connection.execute("DELETE FROM ledger WHERE number = 9")
        found = ledger.verify(connection)
        assert (found.ok, found.checked, found.first_broken) == (False, 8, "head")


def test_a_record_that_cannot_be_read_is_said_to_be_so() -> None:
    with memory() as connection:
        record = complete(connection)
        connection.execute("DROP TRIGGER ledger_is_not_changed")
        for body in ("{", "[]", '{"turnId": 3}', "\x00"):
            connection.execute("UPDATE ledger SET body = ? WHERE number = 1", (body,))
            with pytest.raises(MaestroError) as caught:
                ledger.record(connection, record.id)
            assert caught.value.kind == "storageFailed"


def test_an_empty_ledger_is_right() -> None:
    with memory() as connection:
        found = ledger.verify(connection)
        assert (found.ok, found.checked, found.head) == (True, 0, chain.GENESIS)
        assert ledger.export(connection, None) == ""
        assert ids(connection) == []


# -- other processes --------------------------------------------------------------------------------------------------


def begin(path: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.intents.append", str(path), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def committed(process: subprocess.Popen[str]) -> list[str]:
    """What a process that ended had said; a line that was cut by its end does not count."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == -9, err
    return [line for line in out.splitlines(keepends=True) if line.endswith("\n") and line != "ready\n"]


def is_whole(path: Path, said: int) -> None:
    with opened(path) as connection:
        found = ledger.verify(connection)
        assert found.ok
        numbers = [number for (number,) in connection.execute("SELECT number FROM ledger ORDER BY number")]
        assert numbers == list(range(1, found.checked + 1))
        assert found.checked >= said * 3


def test_killed_at_any_moment_it_is_whole(tmp_path: Path) -> None:
    path, said, chance = tmp_path / "maestro.db", 0, random.Random(4711)
    for _ in range(6):
        process = begin(path)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 30)):
            said += process.stdout.readline() not in ("", "ready\n")
        process.kill()
        said += len(committed(process))
        is_whole(path, said)


def test_killed_at_each_of_its_statements_it_is_whole(tmp_path: Path) -> None:
    path, said = tmp_path / "maestro.db", 0
    for step in range(1, 24, 2):
        said += len(committed(begin(path, step)))
        is_whole(path, said)


def test_processes_that_append_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    with opened(path):
        processes = [begin(path) for _ in range(3)]
    said = 0
    for process in processes:
        assert process.stdout is not None
        for _ in range(20):
            said += process.stdout.readline() != "ready\n"
    with opened(path) as connection:
        assert ledger.verify(connection).ok  # while they write
    for process in processes:
        process.kill()
        said += len(committed(process))
    is_whole(path, said)


# -- size -------------------------------------------------------------------------------------------------------------


def fill(connection: sqlite3.Connection, count: int) -> None:
    """Records of a year, chained like all others; one in a thousand with a mismatch."""
    base, day = declaration(), datetime(2025, 1, 1, tzinfo=UTC)
    connection.execute("BEGIN")
    for n in range(count):
        named = declaration(
            chat_id=f"chat_{n % 500}", tool="fetch_url" if n % 997 == 0 else base.tool,
            level="high" if n % 100 == 0 else "low", at=day + timedelta(minutes=5 * n),
        )  # fmt: skip
        record = ledger.declare(connection, named)
        if n % 1000 == 0:
            ledger.observe(connection, record.id, Observed(paths=["a"]), ["It changed `a`."])
    connection.execute("COMMIT")


def test_a_page_of_a_large_ledger_is_found_by_an_index() -> None:
    with memory() as connection:
        fill(connection, 6_000)
        late = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * 5_990)
        for params in (
            {}, {"chat_id": "chat_7"}, {"tool": "fetch_url"}, {"purpose": "maintenance"}, {"risk_level": "high"},
            {"mismatched": True}, {"mismatched": False}, {"since": late}, {"cursor": "20"},
            {"chat_id": "chat_7", "risk_level": "high"},
            {"mismatched": True, "since": late}, {"purpose": "best_practice"},
            {"chat_id": "none", "purpose": "maintenance"},
        ):  # fmt: skip
            steps = 0

            def count() -> None:
                nonlocal steps
                steps += 1

            connection.set_progress_handler(count, 100)
            ledger.records(connection, IntentListParams.model_validate({**params, "limit": 50}))
            connection.set_progress_handler(None, 0)
            assert steps < 100, params


def test_decisions_by_every_hand() -> None:
    with memory() as connection:
        for outcome in ("allowed", "denied", "cancelled", "refused", "returned"):
            begun = ledger.declare(connection, declaration())
            decision = Decision(outcome=outcome, by="policy", at=datetime.now(UTC))
            assert ledger.decide(connection, begun.id, decision).decision == decision
