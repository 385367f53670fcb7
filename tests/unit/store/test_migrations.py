"""Older databases become today's: every row kept, a backup first, whole or not at all."""

import os
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from maestro.database import migrations
from maestro.database.migrations import VERSION
from maestro.database.opening import open_database
from maestro.database.shape import misshapen, tables
from maestro.errors import MaestroError
from tests.unit.intents.support import complete
from tests.unit.store.support import (
    INTEGER_ROWS,
    SECRET,
    TEXT_ROWS,
    LegacyRow,
    command,
    make_legacy,
    make_version_2,
    opened,
    query,
    rows,
    script,
)

SESSION_TABLES = {"saved_authentications", "session_defaults", "session_bindings", "vault_keys", "leases", "notes"}
CHAT_TABLES = {"chats", "turns", "chat_events", "messages"}
TABLES = {
    *SESSION_TABLES,
    *CHAT_TABLES,
    *("chunks", "chunk_totals", "ledger", "ledger_head", "grants"),
    *("finding_marks", "audited_documents", "written_lines", "sqlite_sequence"),
}
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
IDS = "SELECT id, provider, auth_type, name, CAST(credentials AS TEXT) FROM saved_authentications ORDER BY id"
EXPECTED = [
    ("ses_1", "openai", "api_key", "default_openai_api_key", SECRET),
    ("ses_2", "openai", "oauth", "default_openai_oauth", SECRET),
    ("ses_7", "anthropic", "api_key", "default_anthropic_api_key", SECRET),
]


def migrated(path: Path) -> list[str]:
    """Open, close, and say what a person is told."""
    opening = open_database(path)
    opening.connection.close()
    return list(opening.notices())


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.backup-*"))


def test_a_fresh_database_has_every_table_and_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    assert migrated(path) == []
    assert {name for (name,) in query(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")} == TABLES
    assert query(path, "PRAGMA user_version") == [(VERSION,)]
    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    assert backups(path) == []


@pytest.mark.parametrize("version", [0, 1])
def test_integer_ids_become_session_ids(tmp_path: Path, version: int) -> None:
    path = make_legacy(tmp_path / "maestro.db", version=version)
    notices = migrated(path)
    assert query(path, IDS) == EXPECTED
    assert query(path, "SELECT created_at, updated_at, expires_at FROM saved_authentications ORDER BY id") == [
        ("2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05+00:00", None),
        ("2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05+00:00", "2025-06-01T00:00:00+00:00"),
        ("2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05+00:00", None),
    ]
    assert query(
        path, "SELECT DISTINCT metadata, status, source, revision, last_used_at FROM saved_authentications"
    ) == [("{}", "unverified", "vault", 1, None)]
    (backup,) = backups(path)
    assert str(backup) in notices[0]


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    return {table: query(path, f"SELECT * FROM {table}") for table in SESSION_TABLES}


def test_sessions_of_the_time_before_chats_stay_as_they_are(tmp_path: Path) -> None:
    path = make_version_2(tmp_path / "maestro.db")
    before = content(path)
    notices = migrated(path)
    assert content(path) == before
    assert all(before.values())
    assert {name for (name,) in query(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")} == TABLES
    assert query(path, "PRAGMA user_version") == [(VERSION,)]
    (backup,) = backups(path)
    assert ".backup-v2-" in backup.name
    assert str(backup) in notices[0]
    assert query(backup, "PRAGMA user_version") == [(2,)]
    assert content(backup) == before
    assert migrated(path) == []


def make_version_3(path: Path) -> Path:
    """One of before findings were marked and written lines remembered, with an intent in it."""
    migrated(path)
    query(path, "DROP TABLE finding_marks")
    query(path, "DROP TABLE written_lines")
    query(path, "DROP TABLE audited_documents")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        complete(connection)
    query(path, "PRAGMA user_version = 3")
    return path


def test_intents_of_the_time_before_lines_were_remembered_stay(tmp_path: Path) -> None:
    path = make_version_3(tmp_path / "maestro.db")
    before = query(path, "SELECT * FROM ledger")
    [notice] = migrated(path)
    assert before and query(path, "SELECT * FROM ledger") == before
    assert query(path, "SELECT count(*) FROM written_lines") == [(0,)]
    assert query(path, "PRAGMA user_version") == [(VERSION,)]
    (backup,) = backups(path)
    assert ".backup-v3-" in backup.name and str(backup) in notice


def test_what_people_said_of_findings_stays(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    migrated(path)
    query(path, "DROP TABLE audited_documents")
    query(path, "INSERT INTO finding_marks VALUES ('f', 'rule', 'unused-code', '', '', '', '', NULL, 1, 'now')")
    query(path, "PRAGMA user_version = 4")
    before = query(path, "SELECT * FROM finding_marks")
    [notice] = migrated(path)
    assert before and query(path, "SELECT * FROM finding_marks") == before
    assert query(path, "SELECT count(*) FROM audited_documents") == [(0,)]
    (backup,) = backups(path)
    assert ".backup-v4-" in backup.name and str(backup) in notice


def test_a_table_that_has_the_new_name_is_kept_under_another(tmp_path: Path) -> None:
    path = make_version_3(tmp_path / "maestro.db")
    query(path, "CREATE TABLE written_lines(mine TEXT)")
    query(path, "INSERT INTO written_lines VALUES ('kept')")
    migrated(path)
    [other] = [one for (one,) in query(path, "SELECT name FROM sqlite_schema WHERE name LIKE 'written_lines_%'")]
    assert query(path, f"SELECT mine FROM {other}") == [("kept",)]
    assert query(path, "SELECT count(*) FROM written_lines") == [(0,)]


@pytest.mark.parametrize("make", [make_legacy, make_version_2, make_version_3])
def test_an_older_database_becomes_what_a_new_one_is(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path / "maestro.db")
    migrated(path)
    migrated(fresh := tmp_path / "fresh.db")

    def shape(path: Path) -> list[tuple[object, ...]]:
        return [
            (*names, " ".join(str(sql).replace("IF NOT EXISTS ", "").split())) for *names, sql in query(path, SCHEMA)
        ]

    assert shape(path) == shape(fresh)


@pytest.mark.parametrize("version", [-1, -5])
def test_one_of_before_chats_with_a_number_of_nobody_loses_nothing(tmp_path: Path, version: int) -> None:
    path = make_version_2(tmp_path / "maestro.db", version)
    before = content(path)
    assert "brought to today's format" in migrated(path)[0]
    assert content(path) == before
    assert query(path, "SELECT count(*) FROM chats") == [(0,)]


def test_dying_anywhere_before_there_are_chats_loses_nothing(tmp_path: Path) -> None:
    original = make_version_2(tmp_path / "original.db")
    before = content(original)
    result = script("die_anywhere", original, tmp_path / "copies", measured=False)  # it starts many
    assert result.returncode == 0, result.stderr
    count = int(result.stdout)
    assert count > 20
    for number in range(1, count + 1):
        path = tmp_path / "copies" / str(number) / "maestro.db"
        migrated(path)
        assert content(path) == before
        assert query(path, "PRAGMA user_version") == [(VERSION,)]
        assert query(path, "SELECT count(*) FROM messages") == [(0,)]


def test_text_ids_stay(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db", TEXT_ROWS)
    migrated(path)
    assert [row[:4] for row in query(path, IDS)] == [
        ("a-1", "openai", "api_key", "default_openai_api_key"),
        ("a-2", "gemini", "oauth", "default_gemini_oauth"),
    ]
    assert query(path, "SELECT expires_at, created_at > '2026' FROM saved_authentications WHERE id = 'a-2'") == [
        (None, 1)
    ]


def test_missing_times_and_an_envelope_do_no_harm(tmp_path: Path) -> None:
    row: LegacyRow = (3, "openai", "api_key", SECRET, None, None, None)
    path = make_legacy(tmp_path / "maestro.db", [row], must="")
    envelope = bytes(range(60))
    query(path, "UPDATE saved_authentications SET credentials = ?", envelope)
    migrated(path)
    assert query(path, "SELECT id, credentials FROM saved_authentications") == [("ses_3", envelope)]


def test_rows_without_ids_and_with_the_same_name_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    query(path, "CREATE TABLE saved_authentications(id, provider, auth_type, credentials)")
    for number in (None, 1, 1, "ses_1"):
        query(path, "INSERT INTO saved_authentications VALUES (?, 'openai', 'api_key', '{}')", number)
    migrated(path)
    found = query(path, "SELECT id, name FROM saved_authentications ORDER BY rowid")
    assert len({identity for identity, _ in found}) == 4
    assert [name for _, name in found] == [
        "default_openai_api_key",
        *(f"default_openai_api_key_{n}" for n in (2, 3, 4)),
    ]


def test_a_file_that_has_names_already_keeps_them(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db", version=0)
    query(path, "ALTER TABLE saved_authentications ADD COLUMN name TEXT")
    query(path, "UPDATE saved_authentications SET name = 'work' WHERE id = 7")
    migrated(path)
    assert query(path, "SELECT id FROM saved_authentications WHERE name = 'work'") == [("ses_7",)]


def test_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    migrated(path)
    before = query(path, "SELECT * FROM saved_authentications")
    assert migrated(path) == []
    assert query(path, "SELECT * FROM saved_authentications") == before
    assert len(backups(path)) == 1


def test_the_backup_is_the_database_as_it_was_and_private(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    previous = os.umask(0)
    try:
        migrated(path)
    finally:
        os.umask(previous)
    (backup,) = backups(path)
    assert ".backup-v1-" in backup.name
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert query(backup, "PRAGMA user_version") == [(1,)]
    assert query(backup, "SELECT * FROM saved_authentications ORDER BY id") == list(INTEGER_ROWS)


def test_dying_anywhere_loses_nothing(tmp_path: Path) -> None:
    """Killed at each statement and at each thing done to a file; then somebody opens the database as ever."""
    original = make_legacy(tmp_path / "original.db")
    result = script("die_anywhere", original, tmp_path / "copies", measured=False)  # it starts many
    assert result.returncode == 0, result.stderr
    count = int(result.stdout)
    assert count > 30
    for number in range(1, count + 1):
        path = tmp_path / "copies" / str(number) / "maestro.db"
        migrated(path)
        assert query(path, IDS) == EXPECTED
        assert query(path, "PRAGMA user_version") == [(VERSION,)]
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        assert backups(path)
        for backup in backups(path):
            assert query(backup, "SELECT count(*) FROM saved_authentications") == [(3,)]


def test_what_a_dead_process_left_half_written_is_deleted(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    left = tmp_path / "maestro.db.backup-v1-20250101T000000Z.77.partial"
    left.write_text(SECRET)
    migrated(path)
    assert not left.exists()


def test_one_of_several_processes_migrates(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # they all arrive before the first can begin
        processes = [subprocess.Popen(command("open_once", path), stdout=subprocess.PIPE, text=True) for _ in range(4)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        connection.execute("ROLLBACK")
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(outputs)[:3] == ["0\n"] * 3
    assert len(backups(path)) == 1
    assert query(path, IDS) == EXPECTED


@pytest.mark.asyncio
async def test_the_database_says_what_it_did(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    async with opened(path) as database:
        assert database.notices == ()
        assert len(await rows(database, IDS)) == 3
        (notice,) = database.notices
        assert "backup-v1-" in notice
        assert database.take_notices() == [notice]
        assert database.take_notices() == []


def legacy_without_rules(path: Path, *rows: tuple[object, ...]) -> Path:
    query(path, "CREATE TABLE saved_authentications(id INTEGER PRIMARY KEY, provider, auth_type, credentials)")
    for row in rows:
        query(path, "INSERT INTO saved_authentications VALUES (?, ?, ?, ?)", *row)
    return path


def test_ways_to_write_the_kind_of_a_credential_become_one(tmp_path: Path) -> None:
    kinds = ("apikey", "API-Key", "key", "OAuth", "oauth2", "Bearer", "token", "custom")
    path = legacy_without_rules(tmp_path / "maestro.db", *((n, "openai", kind, "{}") for n, kind in enumerate(kinds)))
    migrated(path)
    assert query(path, "SELECT auth_type, name FROM saved_authentications ORDER BY id") == [
        ("api_key", "default_openai_api_key"),
        ("api_key", "default_openai_api_key_2"),
        ("api_key", "default_openai_api_key_3"),
        ("oauth", "default_openai_oauth"),
        ("oauth", "default_openai_oauth_2"),
        ("oauth", "default_openai_oauth_3"),
        ("oauth", "default_openai_oauth_4"),
        ("custom", "default_openai_custom"),
    ]


def test_rows_with_odd_credentials_are_kept(tmp_path: Path) -> None:
    rows = ((1, None, None, None), (2, "openai", "api_key", 5), (3, "gemini", "oauth", "x"), (4, b"\xffp", b"o", b"{}"))
    path = legacy_without_rules(tmp_path / "maestro.db", *rows)
    query(path, "UPDATE saved_authentications SET credentials = CAST(x'7bff7d' AS TEXT) WHERE id = 3")
    migrated(path)
    assert query(path, "SELECT id, provider, auth_type, credentials FROM saved_authentications ORDER BY id") == [
        ("ses_1", "unknown", "api_key", b""),
        ("ses_2", "openai", "api_key", b"5"),
        ("ses_3", "gemini", "oauth", b"{\xff}"),
        ("ses_4", "\N{REPLACEMENT CHARACTER}p", "o", b"{}"),
    ]


def test_a_migration_that_fails_leaves_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("full")

    path = make_legacy(tmp_path / "maestro.db")
    monkeypatch.setattr(migrations, "_STEPS", (fail, fail, fail))
    for _ in range(2):
        with pytest.raises(MaestroError):
            migrated(path)
    assert backups(path) == []
    assert query(path, "SELECT count(*) FROM saved_authentications") == [(3,)]


def test_a_table_of_somebody_else_under_a_new_name_is_kept_beside(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE saved_authentications(id INTEGER PRIMARY KEY, provider TEXT NOT NULL, auth_type TEXT"
            " NOT NULL, credentials BLOB NOT NULL, expires_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL)"
        )
        connection.execute("CREATE TABLE messages(body TEXT)")
        connection.execute("INSERT INTO messages VALUES ('keep me')")
    opening = open_database(path)
    assert opening.aside is None
    names = [name for name in tables(opening.connection) if name.startswith("messages_")]
    assert [opening.connection.execute(f"SELECT body FROM {name}").fetchall() for name in names] == [[("keep me",)]]
    assert misshapen(opening.connection) == []
    opening.connection.close()
