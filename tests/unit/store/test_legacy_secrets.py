"""What the legacy system stored in clear text is nowhere on the disk afterwards."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from maestro.database.backups import restore
from maestro.database.migrations import VERSION
from maestro.errors import MaestroError
from tests.unit.store.support import CANARY, SECRET, load, make_legacy, names, on_disk, opened, query, rows, store
from tests.unit.store.test_migrations import legacy_without_rules
from tests.unit.store.test_vault import WORK, vault_of

PLANT = "UPDATE saved_authentications SET credentials = ?"
NOTES = "SELECT key FROM notes"


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
        "maestro.db", "maestro.db.backup-v1", f"maestro.db.backup-v{VERSION}", "vault.key"
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


@pytest.mark.asyncio
async def test_odd_rows_are_sealed_or_skipped_and_come_back_from_the_backup(tmp_path: Path) -> None:
    odd = (
        (1, "openai", "api_key", SECRET),
        (2, "openai", "APIKEY", SECRET),
        (3, "openai", "custom", SECRET),
        (4, None, None, None),
        (5, "gemini", "oauth", 5),
        (6, b"\xff", b"\xff", SECRET.encode()),
    )
    path = legacy_without_rules(tmp_path / "maestro.db", *odd)
    async with opened(path) as database:
        assert await vault_of(database).seal_legacy() == 8
        assert on_disk(tmp_path, CANARY) == []
        (backup,) = [name for name in names(tmp_path) if "backup-v1" in name]
        for _ in range(2):
            vault = vault_of(database)
            for number in (1, 2, 3, 6):
                assert await load(database, vault, f"ses_{number}") == SECRET.encode()
            for number in (4, 5):
                with pytest.raises(MaestroError) as caught:
                    await load(database, vault, f"ses_{number}")
                assert caught.value.code == 4901
            await asyncio.to_thread(restore, path, tmp_path / backup)


@pytest.mark.asyncio
async def test_clear_text_that_somebody_planted_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    async with opened(path) as database:
        vault = vault_of(database)
        await store(database, vault, "ses_1", WORK, b"genuine")
        query(path, PLANT, SECRET.encode())
        for _ in range(2):
            with pytest.raises(MaestroError, match="changed outside Maestro") as caught:
                await load(database, vault, "ses_1")
            assert caught.value.code == 4901
            assert await vault.seal_legacy() == 0
            assert (await vault.rotate()).unopened == ("ses_1",)
        assert await rows(database, "SELECT credentials FROM saved_authentications") == [(SECRET.encode(),)]
        assert await vault.seal_legacy(trusted=True) == 1
        assert await load(database, vault, "ses_1") == SECRET.encode()
        assert await rows(database, NOTES) == []


@pytest.mark.asyncio
async def test_a_key_made_before_the_sealing_locks_nobody_out(tmp_path: Path) -> None:
    """As after a crash in between, or where the first session is made before."""
    path = make_legacy(tmp_path / "maestro.db")
    async with opened(path) as database:
        await database.run(lambda connection: connection.execute("DELETE FROM notes"))  # migrated by an older Maestro
        await vault_of(database).seal(WORK, b"{}")
        assert await rows(database, NOTES) == [("vault.legacy",)]
    async with opened(path) as database:
        assert await load(database, vault_of(database), "ses_1") == SECRET.encode()
        assert await vault_of(database).seal_legacy() == 6
        assert await load(database, vault_of(database), "ses_1") == SECRET.encode()
        query(path, PLANT, SECRET.encode())
        with pytest.raises(MaestroError, match="changed outside Maestro"):
            await load(database, vault_of(database), "ses_1")


@pytest.mark.asyncio
async def test_a_legacy_backup_that_is_restored_is_sealed_with_the_key_there_is(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    async with opened(path) as database:
        await store(database, vault_of(database), "ses_1", WORK, b"genuine")
        await asyncio.to_thread(restore, path, make_legacy(tmp_path / "elsewhere" / "old.db"))
        assert await load(database, vault_of(database), "ses_1") == SECRET.encode()
        assert await vault_of(database).seal_legacy() == 3
        assert await load(database, vault_of(database), "ses_1") == SECRET.encode()
        assert on_disk(tmp_path, CANARY) == [str(tmp_path / "elsewhere" / "old.db")]


@pytest.mark.asyncio
async def test_the_note_goes_where_there_is_nothing_to_seal(tmp_path: Path) -> None:
    async with opened(legacy_without_rules(tmp_path / "maestro.db", (1, "openai", "api_key", None))) as database:
        assert await rows(database, NOTES) == [("vault.legacy",)]
        assert await vault_of(database).seal_legacy() == 0
        assert await rows(database, NOTES) == []
        assert await rows(database, "SELECT * FROM vault_keys") == []
