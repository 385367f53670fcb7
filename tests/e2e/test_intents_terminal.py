"""`maestro intents`: the ledger as a person reads it, and whether somebody has changed it."""

import asyncio
import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.cli.main import main
from maestro.database.database import Database
from maestro.directories import directories
from maestro.intents import ledger
from maestro.intents.ledger import Declaration
from maestro_protocol.intents import Assessment, Decision, Intent, Observed
from maestro_protocol.permissions import PermissionSubject, Risk
from tests.e2e.environment import environment

CANARY = "sk-canary-0123456789abcdef"
STEER = "a.py\x1b[2J\u202e\nint_forged"


def _maestro(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maestro", "intents", *arguments],
        env=environment(home, TZ="UTC", **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The same in this process, where starting one for each of many cases would take long."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        try:
            code = main(["intents", *arguments])
        except SystemExit as end:  # of the parser
            code = int(str(end.code))
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, out, err)

    return run


def _store(home: Path) -> Path:
    return directories(environment(home)).data / "maestro.db"


def _declaration(number: int, intent: Intent | None, **changes: str) -> Declaration:
    fields = {"chat_id": "chat_1", "tool": "apply_edit", "session_id": "sess_1", **changes}
    level = intent.risk_level if intent else "low"
    reason = Assessment(by="rule", id="ci", risk_level=level, reason="It changes what runs in CI.")
    return Declaration(
        turn_id=f"turn_{number}",
        tool_call_id=f"call_{number}",
        intent=intent,
        declared_by="model" if intent else "none",
        risk=Risk(level=level, assessments=[reason]),
        model="openai/gpt-5.5",
        at=datetime(2026, 3, number, 12, 30, tzinfo=UTC),
        subject=None,
        **fields,
    )


@pytest.fixture
def seeded(tmp_path: Path) -> Sequence[str]:
    """Four records: an edit that left its scope, a test run, one that nobody decided, one without an intent."""

    def write(connection: sqlite3.Connection) -> list[str]:
        called = [
            PermissionSubject(type="edit", tool="apply_edit", path="src/a.py", old_text="a", new_text="b"),
            PermissionSubject(type="command", tool="run_command", argv=["pytest", "-k", "a b", CANARY], cwd="/work"),
            PermissionSubject(type="other", tool="mcp__odd", input={"name": STEER}),
            PermissionSubject(type="network", tool="read_file", url="https://docs.example.com/a?b=c"),
        ]
        edit = Intent(purpose="maintenance", scope="src/a.py", risk_level="high", rationale=f"Uses {CANARY}.")
        run = Intent(purpose="test_pass", scope="pytest", risk_level="medium")
        steer = Intent(purpose="best_practice", scope=STEER, risk_level="medium", rationale=STEER)
        declarations = [
            _declaration(1, edit),
            _declaration(2, run, tool="run_command", chat_id="chat_2"),
            _declaration(3, steer, tool="mcp__odd"),
            _declaration(4, None, tool="read_file"),
        ]
        ids = [
            ledger.declare(connection, replace(one, subject=subject)).id
            for one, subject in zip(declarations, called, strict=True)
        ]
        at = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
        ledger.decide(connection, ids[0], Decision(outcome="allowed", by="client", option_id="allowOnce", at=at))
        ledger.decide(connection, ids[1], Decision(outcome="denied", by="timeout", at=at))
        ledger.decide(connection, ids[3], Decision(outcome="allowed", by="policy", at=at))
        seen = Observed(paths=["src/a.py", "b.py"], commands=["git add"], exit_code=0, bytes_written=1234, partial=True)
        ledger.observe(connection, ids[0], seen, ["It changed `b.py`, which is not in its scope."])
        return ids

    async def seed() -> list[str]:
        _store(tmp_path).parent.mkdir(parents=True)
        database = Database(_store(tmp_path))
        try:
            return await database.run(write)
        finally:
            await database.aclose()

    return asyncio.run(seed())


def _tamper(home: Path, *statements: str) -> None:
    connection = sqlite3.connect(_store(home))
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger'"
    for (name,) in connection.execute(triggers).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def _ids(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [record["id"] for record in json.loads(done.stdout)["intents"]]


def test_the_list_is_a_table_with_the_latest_first(tmp_path: Path, seeded: Sequence[str]) -> None:
    done = _maestro(tmp_path)
    assert done.returncode == 0, done.stderr
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["ID", "TIME", "TOOL", "WHAT", "PURPOSE", "RISK", "DECISION", "BY", "SCOPE"]
    assert [line.split()[0] for line in lines] == [*reversed(seeded)]
    assert lines[3].split() == [
        seeded[0], "2026-03-01", "12:30:00", "apply_edit", "src/a.py", "maintenance", "high", "allowed", "once", "!",
        "src/a.py",
    ]  # fmt: skip
    assert "  pytest -k 'a b' '[redacted]'  " in lines[2]
    assert lines[2].split()[-5:] == ["test_pass", "medium", "denied", "timeout", "pytest"]
    assert lines[1].index("-  ", lines[1].index("medium")) == heading.index("DECISION")
    assert lines[0].split()[3:] == ["read_file", "docs.example.com", "-", "low", "allowed", "policy", "-"]
    assert {line.index("2026-03") for line in lines} == {heading.index("TIME")}


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (("--chat", "chat_2"), [1]),
        (("--tool", "read_file"), [3]),
        (("--risk", "medium"), [2, 1]),
        (("--purpose", "maintenance"), [0]),
        (("--since", "2026-03-03"), [3, 2]),
        (("--since", "2026-03-03T13:00+00:00"), [3]),
        (("--mismatched",), [0]),
        (("--limit", "2"), [3, 2]),
        (("--risk", "medium", "--limit", "1"), [2]),
        (("--tool", "nothing"), []),
    ],
)
def test_filters_choose(here: Run, seeded: Sequence[str], arguments: tuple[str, ...], places: list[int]) -> None:
    assert _ids(here(*arguments, "--json")) == [seeded[place] for place in places]


def test_what_is_left_out_is_said(here: Run, seeded: Sequence[str]) -> None:
    assert "--limit shows more" in here("--limit", "3").stderr
    assert here("--limit", "4").stderr == ""
    nothing = here("--tool", "nothing")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "no such record" in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--since", "yesterday"), 1, "--since"),
        (("--since", "0001-01-01T00:00+14:00"), 1, "--since"),
        (("--limit", "0"), 1, "limit"),
        (("--limit", "many"), 2, "--limit"),
        (("--risk", "none"), 2, "--risk"),
        (("show", "int_nobody"), 1, "no record"),
        (("show",), 2, "id"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(here: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = here(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_show_tells_everything_about_one(tmp_path: Path, seeded: Sequence[str]) -> None:
    done = _maestro(tmp_path, "show", seeded[0])
    assert done.returncode == 0, done.stderr
    record = json.loads(_maestro(tmp_path, "--json", "show", seeded[0]).stdout)
    for told in (
        seeded[0], "2026-03-01 12:30:00 UTC by model", "apply_edit", "maintenance", "src/a.py", "high by rule ci",
        "It changes what runs in CI.", "allowed by client (allowOnce), 2026-03-01 12:31:00 UTC", "b.py", "git add",
        "1,234 bytes", "exit code     0", "Not everything could be watched.", "! It changed `b.py`",
        "openai/gpt-5.5", "sess_1", "chat_1", "turn_1", "call_1", record["hash"], record["prevHash"],
    ):  # fmt: skip
        assert told in done.stdout
    assert record["observed"]["paths"] == ["src/a.py", "b.py"]
    assert CANARY not in done.stdout + json.dumps(record)
    assert "rationale" in done.stdout
    assert "path          src/a.py\n" in done.stdout
    ran = _maestro(tmp_path, "show", seeded[1]).stdout
    assert "command       pytest -k 'a b' '[redacted]'\nin            /work\n" in ran
    assert "address       https://docs.example.com/a?b=c\n" in _maestro(tmp_path, "show", seeded[3]).stdout
    undecided = _maestro(tmp_path, "show", seeded[2]).stdout
    assert "decision      -\n" in undecided
    assert "exit code" not in undecided


def test_a_ledger_as_it_was_written_is_whole(tmp_path: Path, seeded: Sequence[str]) -> None:
    done = _maestro(tmp_path, "verify")
    assert done.returncode == 0, done.stderr
    assert "The ledger is whole: 8 entries." in done.stdout
    result = json.loads(_maestro(tmp_path, "--json", "verify").stdout)
    assert (result["ok"], result["checked"]) == (True, 8)
    assert f"head {result['head']}\n" in done.stdout


def test_an_empty_ledger_is_whole(here: Run) -> None:
    done = here("verify")
    assert (done.returncode, "0 entries" in done.stdout) == (0, True)
    assert here("export").stdout == ""


def test_a_hash_that_was_kept_must_still_be_there(here: Run, seeded: Sequence[str]) -> None:
    first = json.loads(here("--json", "show", seeded[1]).stdout)["hash"]
    assert here("verify", "--head", first).returncode == 0
    done = here("verify", "--head", "f" * 64)
    assert done.returncode == 1
    assert "none of its 8 entries has the hash that was kept" in done.stdout
    assert here("verify", "--head", "canary").returncode == 1
    assert "canary" not in here("verify", "--head", "canary").stderr


def test_what_guards_the_ledger_must_be_there(tmp_path: Path, here: Run, seeded: Sequence[str]) -> None:
    _tamper(tmp_path)
    done = here("verify")
    assert done.returncode == 1
    assert "What keeps the ledger from being changed" in done.stdout


def test_a_changed_record_is_named(tmp_path: Path, here: Run, seeded: Sequence[str]) -> None:
    head = json.loads(here("--json", "verify").stdout)["head"]
    _tamper(tmp_path, "UPDATE ledger SET tool = 'other' WHERE number = 2")
    done = here("verify")
    assert done.returncode == 1
    assert f"{seeded[1]} is the first record that is not as it was written, after 1 entry." in done.stdout
    assert f"head {head}\n" in done.stdout
    assert json.loads(here("--json", "verify").stdout)["firstBroken"] == seeded[1]


def test_missing_entries_at_the_end_are_told(tmp_path: Path, here: Run, seeded: Sequence[str]) -> None:
    _tamper(tmp_path, "DELETE FROM ledger WHERE number = 8")
    done = here("verify")
    assert done.returncode == 1
    assert "entries are missing behind the first 7" in done.stdout


def test_an_unreadable_record_is_one_sentence(tmp_path: Path, here: Run, seeded: Sequence[str]) -> None:
    _tamper(tmp_path, "UPDATE ledger SET body = '{' WHERE number = 2")
    done = here()
    assert done.returncode == 1
    assert "verify the ledger" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_export_is_one_object_per_line_the_oldest_first(here: Run, seeded: Sequence[str]) -> None:
    lines = here("export").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [*seeded]
    for arguments in (("export", "--chat", "chat_2"), ("--chat", "chat_2", "export")):
        [line] = here(*arguments).stdout.splitlines()
        assert json.loads(line)["id"] == seeded[1]


def test_what_a_model_wrote_steers_no_terminal_and_forges_no_line(tmp_path: Path, seeded: Sequence[str]) -> None:
    for arguments in ((), ("show", seeded[2])):
        piped = _maestro(tmp_path, *arguments).stdout
        assert "\x1b" not in piped
        for shown in (_on_a_terminal(tmp_path, *arguments), piped):
            assert "[2J" in shown
            assert "\x1b[2J" not in shown
            assert "\u202e" not in shown
            assert not any(line.strip().startswith("int_forged") for line in shown.splitlines())


def _on_a_terminal(home: Path, *arguments: str) -> str:
    """What the command prints where its output is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "maestro", "intents", *arguments]
    variables = environment(home, TZ="UTC", TERM="xterm", COLUMNS="200")
    with subprocess.Popen(command, env=variables, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        pieces: list[bytes] = []
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not piece:
                break
            pieces.append(piece)
        assert process.wait(timeout=60) == 0
    os.close(ours)
    return b"".join(pieces).decode()
