"""Every credential under a new key, for every process, and those that do not open are named."""

import asyncio
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.vault.vault import Label
from tests.unit.store.support import SECRET, load, make_legacy, opened, rows, store
from tests.unit.store.test_vault import HOME, PASSPHRASE, WORK, vault_of

KEY_IDS = "SELECT DISTINCT lower(hex(substr(credentials, 2, 8))) FROM saved_authentications"


@pytest.mark.asyncio
async def test_every_row_is_sealed_with_the_new_key(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault, other = vault_of(database), vault_of(database)
        await store(database, vault, "ses_1", WORK, b"one")
        await store(database, other, "ses_2", HOME, b"two")
        rotation = await vault.rotate()
        assert (rotation.source, rotation.rotated, rotation.unopened) == ("file", 2, ())
        assert await rows(database, KEY_IDS) == [(rotation.key_id,)]
        assert await rows(database, "SELECT id FROM vault_keys WHERE active") == [(rotation.key_id,)]
        for each in (vault, other, vault_of(database)):  # `other` still has the former key at hand
            assert await load(database, each, "ses_1") == b"one"
        await store(database, other, "ses_3", HOME._replace(name="third"), b"three")
        assert await rows(database, KEY_IDS) == [(rotation.key_id,)]
        assert await load(database, vault_of(database), "ses_3") == b"three"


@pytest.mark.asyncio
async def test_what_does_not_open_stays_and_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        for number in range(3):
            await store(database, vault, f"ses_{number}", Label("openai", "api_key", str(number)), b"plain")
        bad = b"\x01" + bytes(60)
        statement = "UPDATE saved_authentications SET credentials = ? WHERE id = 'ses_1'"
        await database.run(lambda connection: connection.execute(statement, (bad,)))
        rotation = await vault.rotate()
        assert (rotation.rotated, rotation.unopened) == (2, ("ses_1",))
        assert await rows(database, "SELECT credentials FROM saved_authentications WHERE id = 'ses_1'") == [(bad,)]
        assert await load(database, vault, "ses_2") == b"plain"


@pytest.mark.asyncio
async def test_a_passphrase_is_changed(tmp_path: Path) -> None:
    new = {"MAESTRO_VAULT_PASSPHRASE": "another one"}
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database, **PASSPHRASE)
        await store(database, vault, "ses_1", WORK, b"secret")
        assert (await vault.rotate(new_passphrase="another one")).source == "passphrase"
        assert await load(database, vault_of(database, **new), "ses_1") == b"secret"
        with pytest.raises(MaestroError, match="does not fit"):
            await load(database, vault_of(database, **PASSPHRASE), "ses_1")
        assert (await vault.rotate()).rotated == 1  # under the newer of the two
        assert await load(database, vault_of(database, **new), "ses_1") == b"secret"


@pytest.mark.asyncio
async def test_a_key_moves_from_the_file_to_a_passphrase_and_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await store(database, vault_of(database), "ses_1", WORK, b"secret")
        with pytest.raises(MaestroError, match="not set"):
            await vault_of(database).rotate("passphrase")
        assert (await vault_of(database, **PASSPHRASE).rotate("passphrase")).rotated == 1
        (tmp_path / "vault.key").rename(tmp_path / "away")
        assert await load(database, vault_of(database, **PASSPHRASE), "ses_1") == b"secret"
        assert (await vault_of(database, **PASSPHRASE).rotate("file")).rotated == 1
        assert await load(database, vault_of(database), "ses_1") == b"secret"


@pytest.mark.asyncio
async def test_a_rotation_that_fails_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        await store(database, vault, "ses_1", WORK, b"secret")
        before = await rows(database, "SELECT * FROM saved_authentications, vault_keys")
        (tmp_path / "vault.key").write_text("scrambled")
        with pytest.raises(MaestroError) as caught:
            await vault.rotate()
        assert caught.value.code == 4009
        assert await rows(database, "SELECT * FROM saved_authentications, vault_keys") == before


@pytest.mark.asyncio
async def test_a_key_out_of_reach_is_not_left_behind_while_something_needs_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await store(database, vault_of(database, **PASSPHRASE), "ses_1", WORK, b"secret")
        without = vault_of(database)
        with pytest.raises(MaestroError, match="not set") as caught:
            await without.rotate("file")
        assert caught.value.code == 4009
        assert await rows(database, "SELECT source FROM vault_keys") == [("passphrase",)]
        await database.run(lambda connection: connection.execute("DELETE FROM saved_authentications"))
        assert (await without.rotate("file")).rotated == 0
        await store(database, without, "ses_2", WORK, b"again")
        assert await load(database, without, "ses_2") == b"again"


@pytest.mark.asyncio
async def test_rotations_at_once_leave_one_active_key(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database, opened(tmp_path / "maestro.db") as other:
        vault = vault_of(database)
        await store(database, vault, "ses_1", WORK, b"secret")
        await asyncio.gather(vault.rotate(), vault_of(other).rotate())
        assert await rows(database, "SELECT sum(active) FROM vault_keys") == [(1,)]
        assert await load(database, vault_of(database), "ses_1") == b"secret"


@pytest.mark.asyncio
async def test_clear_rows_are_sealed_too(tmp_path: Path) -> None:
    async with opened(make_legacy(tmp_path / "maestro.db")) as database:
        assert (await vault_of(database).rotate("file")).rotated == 3
        assert await load(database, vault_of(database), "ses_7") == SECRET.encode()
