"""What the legacy system stored in clear text is nowhere on the disk afterwards."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from maestro.database.backups import restore
from tests.unit.store.support import CANARY, SECRET, load, make_legacy, names, on_disk, opened, query, rows
from tests.unit.store.test_vault import vault_of


@pytest.mark.asyncio
async def test_no_clear_text_stays_anywhere(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    query(path, "INSERT INTO saved_authentications VALUES (50, 'gone', 'api_key', ?, NULL, '', '')", SECRET * 50)
    query(path, "DELETE FROM saved_authentications WHERE id = 50")  # what was deleted still lies in free pages
    async with opened(path) as database:
        assert await vault_of(database).seal_legacy() == 6  # three rows, twice
        assert on_disk(tmp_path, CANARY) == []
        assert await load(database, vault_of(database), "ses_7") == SECRET.encode()
        assert await vault_of(database).seal_legacy() == 0
        (backup,) = [name for name in names(tmp_path) if "backup-v1" in name]
        await asyncio.to_thread(restore, path, tmp_path / backup)
        assert await load(database, vault_of(database), "ses_1") == SECRET.encode()
    assert on_disk(tmp_path, CANARY) == []
    assert [name[:20] for name in names(tmp_path)] == [
        "maestro.db", "maestro.db.backup-v1", "maestro.db.backup-v2", "vault.key"
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_nothing_is_made_where_nothing_is_clear(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        assert await vault_of(database).seal_legacy() == 0
        assert await rows(database, "SELECT * FROM vault_keys") == []


@pytest.mark.asyncio
async def test_who_reads_delays_it_to_the_next_time(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    async with opened(path) as database:
        await database.read(lambda connection: connection.execute("PRAGMA busy_timeout = 50"))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM saved_authentications").fetchone()
            assert await vault_of(database).seal_legacy() == 6
            assert await rows(database, "SELECT key FROM notes") == [("vault.unclean",)]
            reader.execute("ROLLBACK")
        assert await vault_of(database).seal_legacy() == 0
        assert await rows(database, "SELECT key FROM notes") == []
    assert on_disk(tmp_path, CANARY) == []


@pytest.mark.asyncio
async def test_a_backup_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db")
    other = tmp_path / "maestro.db.backup-v1-by-hand"
    other.write_text("something else")
    async with opened(path) as database:
        assert await vault_of(database).seal_legacy() == 6
    assert other.read_text() == "something else"
