"""A backup comes back whole, others see it, and one that is no good changes nothing."""

import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from maestro.database.backups import restore
from maestro.database.migrations import VERSION
from maestro.database.opening import open_database
from maestro.errors import MaestroError
from maestro.vault.vault import Label, Vault
from tests.unit.store.support import ROOT, SECRET, command, load, make_legacy, opened, query, rows, store

IDS = "SELECT id FROM saved_authentications ORDER BY id"
LABEL = Label("openai", "api_key", "work")


def delete_first(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM saved_authentications WHERE id = 'ses_1'")


def current(path: Path) -> Path:
    connection = open_database(path).connection
    connection.execute(
        "INSERT INTO saved_authentications(id, provider, auth_type, name, credentials, created_at, updated_at) "
        "VALUES ('ses_now', 'openai', 'api_key', 'now', x'01', '', '')"
    )
    connection.close()
    return path


def test_a_legacy_backup_comes_back_in_the_current_shape(tmp_path: Path) -> None:
    path = current(tmp_path / "maestro.db")
    backup = make_legacy(tmp_path / "old.db")
    before = backup.read_bytes()
    kept = restore(path, backup)
    assert query(path, IDS) == [("ses_1",), ("ses_2",), ("ses_7",)]
    assert query(path, "PRAGMA user_version") == [(VERSION,)]
    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    assert query(kept, IDS) == [("ses_now",)]
    assert backup.read_bytes() == before
    assert not list(tmp_path.glob("*partial*"))
    restore(path, kept)
    assert query(path, IDS) == [("ses_now",)]


@pytest.mark.asyncio
async def test_those_who_have_it_open_see_it(tmp_path: Path) -> None:
    path = await asyncio.to_thread(current, tmp_path / "maestro.db")
    backup = make_legacy(tmp_path / "old.db")
    changed = asyncio.Event()
    async with opened(path) as database:
        assert await rows(database, IDS) == [("ses_now",)]
        database.watch(changed.set)
        await asyncio.to_thread(restore, path, backup)
        await asyncio.wait_for(changed.wait(), 2)
        assert len(await rows(database, IDS)) == 3
        await database.run(
            lambda connection: connection.execute("DELETE FROM saved_authentications WHERE id = 'ses_1'")
        )
    assert query(path, IDS) == [("ses_2",), ("ses_7",)]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.asyncio
async def test_credentials_of_before_a_rotation_open_after_it(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    async with opened(path) as database:
        vault = Vault(database, tmp_path / "vault.key", {})
        await store(database, vault, "ses_1", LABEL, b"first")
        kept = await asyncio.to_thread(restore, path, make_legacy(tmp_path / "old.db"))
        await vault.rotate()
        await asyncio.to_thread(restore, path, kept)
        fresh = Vault(database, tmp_path / "vault.key", {})
        assert await load(database, fresh, "ses_1") == b"first"
        await store(database, fresh, "ses_2", LABEL._replace(name="other"), b"second")
        assert await load(database, vault, "ses_2") == b"second"
        assert await rows(database, "SELECT count(*), sum(active) FROM vault_keys") == [(2, 1)]


def test_a_backup_with_other_pages_comes_back(tmp_path: Path) -> None:
    path = current(tmp_path / "maestro.db")
    backup = tmp_path / "old.db"
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("VACUUM")
    make_legacy(backup)
    restore(path, backup)
    assert len(query(path, IDS)) == 3


def test_a_backup_whose_latest_rows_are_in_its_log(tmp_path: Path) -> None:
    path = current(tmp_path / "maestro.db")
    backup = tmp_path / "old.db"
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        make_legacy(backup)
        restore(path, backup)
    assert len(query(path, IDS)) == 3


def test_an_unreadable_database_is_set_aside_first(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    path.write_bytes(b"no database" * 100)
    kept = restore(path, make_legacy(tmp_path / "old.db"))
    assert kept.read_bytes() == b"no database" * 100
    assert len(query(path, IDS)) == 3


def test_a_missing_database_is_begun(tmp_path: Path) -> None:
    restore(tmp_path / "data" / "maestro.db", make_legacy(tmp_path / "old.db"))
    assert len(query(tmp_path / "data" / "maestro.db", IDS)) == 3


def no_table(path: Path) -> None:
    query(path, "CREATE TABLE other(x)")


def wrong_sessions(path: Path) -> None:
    query(path, "CREATE TABLE saved_authentications(a)")
    query(path, f"PRAGMA user_version = {VERSION}")


def wrong_keys(path: Path) -> None:
    current(path)
    query(path, "DROP TABLE vault_keys")
    query(path, "CREATE TABLE vault_keys(a)")


def newer(path: Path) -> None:
    make_legacy(path, version=VERSION + 1)


def damaged(path: Path) -> None:
    make_legacy(path, [(n, f"p{n}", "api_key", SECRET * 20, None, "", "") for n in range(100)])
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(4096) + content[12288:])


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "is not there or is no file"),
        (lambda path: path.write_bytes(b"no database" * 100), "is no database or is damaged"),
        (lambda path: path.touch(), "no database of Maestro"),
        (damaged, "damaged"),
        (no_table, "no database of Maestro"),
        (wrong_sessions, "no database of Maestro"),
        (wrong_keys, "other columns than Maestro's in vault_keys"),
        (newer, "newer Maestro"),
    ],
)
def test_a_backup_that_is_no_good_changes_nothing(tmp_path: Path, make: object, problem: str) -> None:
    path = current(tmp_path / "data" / "maestro.db")
    backup = tmp_path / "backup.db"
    assert callable(make)
    make(backup)
    with pytest.raises(MaestroError, match=problem) as caught:
        restore(path, backup)
    assert caught.value.code == 4901
    assert query(path, IDS) == [("ses_now",)]
    assert [file.name for file in path.parent.iterdir()] == ["maestro.db"]


def test_four_at_once_come_one_after_another(tmp_path: Path) -> None:
    path = current(tmp_path / "data" / "maestro.db")
    backups = [make_legacy(tmp_path / f"old{number}.db") for number in range(4)]
    processes = [
        subprocess.Popen(command("restore_once", path, backup), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for backup in backups
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert len(set(outputs)) == 4
    assert len(query(path, IDS)) == 3
    assert not list(path.parent.glob("*partial*"))


def test_what_a_dead_restore_left_is_deleted_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    path = current(tmp_path / "maestro.db")
    dead = path.with_name(f"maestro.db.restore.{2**22 + 4711}.0a.partial")
    living = path.with_name(f"maestro.db.restore.{os.getpid()}.0a.partial")
    for stage in (dead, living):
        stage.write_text(SECRET)
    restore(path, make_legacy(tmp_path / "old.db"))
    assert not dead.exists()
    assert living.exists()


def test_a_backup_that_lacks_a_table_comes_back(tmp_path: Path) -> None:
    path, backup = current(tmp_path / "data" / "maestro.db"), current(tmp_path / "backup.db")
    query(backup, "DROP TABLE leases")
    query(backup, "UPDATE saved_authentications SET id = 'ses_then'")
    restore(path, backup)
    assert query(path, IDS) == [("ses_then",)]
    assert query(path, "SELECT * FROM leases") == []
