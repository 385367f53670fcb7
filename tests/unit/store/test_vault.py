"""Credentials in and out of a real database, whatever happens to the key or to a row."""

import asyncio
import errno
import json
import os
import shutil
import stat
import subprocess
import traceback
from collections.abc import Awaitable
from pathlib import Path

import pytest

from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.vault import key_file
from maestro.vault.vault import Label, Vault
from tests.unit.store.support import ROOT, command, coverage, load, names, on_disk, opened, query, rows, store

WORK = Label("openai", "api_key", "work")
HOME = Label("openai", "api_key", "home")
CANARY = "canary-key-4711-0815"
PASSPHRASE = {"MAESTRO_VAULT_PASSPHRASE": "canary-correct horse"}


# Nothing here may meet the keyring of whoever runs the tests.
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def vault_of(database: Database, **environment: str) -> Vault:
    return Vault(database, database.path.with_name("vault.key"), {**NO_KEYRING, **environment})


async def error(call: Awaitable[object]) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await call
    assert caught.value.message.endswith(".")
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    return caught.value


@pytest.mark.asyncio
async def test_a_credential_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "data" / "maestro.db") as database:
        await store(database, vault_of(database), "ses_1", WORK, CANARY.encode())
        assert await load(database, vault_of(database), "ses_1") == CANARY.encode()
        assert on_disk(tmp_path, CANARY) == []
    assert on_disk(tmp_path, CANARY) == []
    assert stat.S_IMODE((tmp_path / "data" / "vault.key").stat().st_mode) == 0o600


@pytest.mark.asyncio
async def test_a_changed_or_moved_credential_affects_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        await store(database, vault, "ses_1", WORK, CANARY.encode())
        await store(database, vault, "ses_2", HOME, b"other")
        await store(database, vault, "ses_3", HOME._replace(provider="gemini"), b"third")
        (sealed,) = (await rows(database, "SELECT credentials FROM saved_authentications WHERE id = 'ses_1'"))[0]
        assert isinstance(sealed, bytes)
        for place in (0, 3, 12, 25, len(sealed) - 1):
            changed = bytearray(sealed)
            changed[place] ^= 1
            failure = await error(vault.open(WORK, bytes(changed), session="work"))
            assert failure.code == 4901
            assert "session work does not open" in failure.message
        move = "UPDATE saved_authentications SET credentials = ? WHERE id = 'ses_2'"
        await database.run(lambda connection: connection.execute(move, (sealed,)))
        assert (await error(load(database, vault, "ses_2"))).kind == "storageFailed"
        assert await load(database, vault, "ses_1") == CANARY.encode()
        assert await load(database, vault, "ses_3") == b"third"
        assert (await error(vault.open(WORK, b"", session="work"))).code == 4901


@pytest.mark.asyncio
async def test_clear_text_of_the_legacy_system_opens_as_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        assert await vault_of(database).open(WORK, b'{"api_key": "x"}') == b'{"api_key": "x"}'
        assert await rows(database, "SELECT * FROM vault_keys") == []


@pytest.mark.asyncio
async def test_a_passphrase_opens_what_it_sealed(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await store(database, vault_of(database, **PASSPHRASE), "ses_1", WORK, CANARY.encode())
        assert await load(database, vault_of(database, **PASSPHRASE), "ses_1") == CANARY.encode()
        wrong = await error(load(database, vault_of(database, MAESTRO_VAULT_PASSPHRASE="canary-wrong"), "ses_1"))
        assert (wrong.code, "does not fit" in wrong.message) == (4009, True)
        unset = await error(load(database, vault_of(database), "ses_1"))
        assert (unset.code, "set MAESTRO_VAULT_PASSPHRASE" in unset.message) == (4009, True)
        assert (await error(vault_of(database).seal(HOME, b"x"))).code == 4009
        assert await rows(database, "SELECT source, active FROM vault_keys") == [("passphrase", 1)]
    assert on_disk(tmp_path, CANARY) == on_disk(tmp_path, "correct horse") == []
    assert names(tmp_path) == ["maestro.db"]


@pytest.mark.asyncio
async def test_a_passphrase_set_later_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await store(database, vault_of(database), "ses_1", WORK, b"secret")
        late = vault_of(database, **PASSPHRASE)
        await store(database, late, "ses_2", HOME, b"other")
        assert await load(database, vault_of(database), "ses_2") == b"other"


def remove(file: Path) -> None:
    file.unlink()


def link(file: Path) -> None:
    shutil.move(file, file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


def scramble(file: Path) -> None:
    file.write_text('{"version": 1, "keys": {"canary": 5}}')


def replace_keys(file: Path) -> None:
    keys = json.loads(file.read_text())["keys"]
    file.write_text(json.dumps({"version": 1, "keys": {name: "A" * 43 + "=" for name in keys}}))


def forget(file: Path) -> None:
    file.write_text('{"version": 1, "keys": {}}')


def directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("harm", [remove, link, scramble, replace_keys, forget, directory])
@pytest.mark.asyncio
async def test_a_key_file_out_of_reach_is_never_replaced(tmp_path: Path, harm: object) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        running = vault_of(database)
        await store(database, running, "ses_1", WORK, CANARY.encode())
        assert callable(harm)
        harm(tmp_path / "vault.key")
        before = on_disk(tmp_path, "version"), names(tmp_path)
        for call in (load(database, vault_of(database), "ses_1"), vault_of(database).seal(HOME, b"x")):
            failure = await error(call)
            assert failure.code == 4009
            assert str(tmp_path) in failure.message or "key file" in failure.message
        assert (on_disk(tmp_path, "version"), names(tmp_path)) == before
        assert await rows(database, "SELECT count(*) FROM vault_keys") == [(1,)]
        status = await vault_of(database).status()
        assert not status.usable
        assert status.problem
        assert status.fix
        assert await load(database, running, "ses_1") == CANARY.encode()


@pytest.mark.asyncio
async def test_a_key_file_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await store(database, vault_of(database), "ses_1", WORK, b"secret")
        (tmp_path / "vault.key").chmod(0o644)
        assert await load(database, vault_of(database), "ses_1") == b"secret"
        assert stat.S_IMODE((tmp_path / "vault.key").stat().st_mode) == 0o600


@pytest.mark.asyncio
async def test_no_key_is_known_that_could_not_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with opened(tmp_path / "maestro.db") as database:
        vault = Vault(database, tmp_path / "file" / "vault.key", NO_KEYRING)
        failure = await error(vault.seal(WORK, b"x"))
        assert (failure.code, "cannot be written" in failure.message) == (4009, True)
        assert await rows(database, "SELECT * FROM vault_keys") == []


@pytest.mark.asyncio
async def test_concurrent_first_uses_make_one_key(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        sealed = await asyncio.gather(*(vault.seal(WORK, b"%d" % number) for number in range(20)))
        assert await rows(database, "SELECT count(*) FROM vault_keys") == [(1,)]
        fresh = vault_of(database)
        assert await asyncio.gather(*(fresh.open(WORK, one) for one in sealed)) == [b"%d" % n for n in range(20)]


@pytest.mark.asyncio
async def test_who_stops_waiting_does_not_disturb_the_others(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        first, second = (asyncio.create_task(vault.seal(WORK, b"x")) for _ in range(2))
        await database.read(lambda _: None)
        first.cancel()
        assert await vault.open(WORK, await second) == b"x"


@pytest.mark.parametrize("environment", [{}, PASSPHRASE], ids=["file", "passphrase"])
def test_processes_that_race_for_the_first_key_share_it(tmp_path: Path, environment: dict[str, str]) -> None:
    processes = [
        subprocess.Popen(
            command("first_key", tmp_path), cwd=ROOT, env={**coverage(), **NO_KEYRING, **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    sealed = [bytes.fromhex(process.communicate(timeout=60)[0]) for process in processes]
    assert query(tmp_path / "maestro.db", "SELECT count(*) FROM vault_keys") == [(1,)]

    async def reopen() -> list[bytes]:
        async with opened(tmp_path / "maestro.db") as database:
            vault = vault_of(database, **environment)
            labels = [Label("openai", "api_key", str(process.pid)) for process in processes]
            return [await vault.open(label, one) for label, one in zip(labels, sealed, strict=True)]

    assert asyncio.run(reopen()) == [b"secret"] * 3


@pytest.mark.asyncio
async def test_the_status_says_where_the_key_is(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        before = await vault.status()
        assert (before.usable, before.source, before.created) == (True, "file", False)
        await vault.seal(WORK, b"x")
        after = await vault.status()
        assert (after.usable, after.source, after.created) == (True, "file", True)
        assert after.name == str(tmp_path / "vault.key")
        assert after.problem
        assert 0 < after.round_trip_ms < 5000


@pytest.mark.parametrize(("environment", "text"), [({}, "lies in the file"), (PASSPHRASE, "under the passphrase")])
@pytest.mark.asyncio
async def test_a_lesser_place_is_said_once(tmp_path: Path, environment: dict[str, str], text: str) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database, **environment)
        assert await vault.notice() is None
        await vault.seal(WORK, b"x")
        notice = await vault.notice()
        assert notice is not None
        assert text in notice
        assert await vault.notice() is None
        assert await vault_of(database, **environment).notice() is None


def test_a_vault_shows_nothing(tmp_path: Path) -> None:
    async def use() -> str:
        async with opened(tmp_path / "maestro.db") as database:
            vault = vault_of(database, **PASSPHRASE)
            await vault.seal(WORK, CANARY.encode())
            return repr(vault) + repr(vars(vault)) + repr(await vault.status())

    assert "canary" not in asyncio.run(use())
    assert os.listdir(tmp_path) == ["maestro.db"]


@pytest.mark.asyncio
async def test_a_full_disk_is_named_when_the_key_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "")

    async with opened(tmp_path / "maestro.db") as database:
        vault = vault_of(database)
        await store(database, vault, "ses_1", WORK, b"secret")
        monkeypatch.setattr(key_file, "write_private", full)
        failure = await error(vault.rotate())
        assert "The disk is full" in failure.message
        assert "vault.key" in failure.message
        assert await load(database, vault_of(database), "ses_1") == b"secret"
