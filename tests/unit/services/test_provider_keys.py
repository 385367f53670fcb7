"""Keys in the provider file become sessions, and whatever fails on the way, none is lost and none is in two places."""

import asyncio
from pathlib import Path

import pytest

from maestro import provider, provider_file
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME
from maestro.store.credentials import ApiKeyCredential
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio

CANARY = "sk-canary-key-of-gate-0001"
OTHER = "sk-canary-key-of-groq-0002"
TEXT = f"""# mine, not yours
providers:
  Gate:  # the gateway
    base_api_url: http://127.0.0.1:1/v1
    api_key: {CANARY}  # secret
    valid_models: {{a: A}}
  groq:
    api_key: "{OTHER}"
  nobody:
    api_key: sk-canary-key-of-nobody
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / FILE_NAME
    path.parent.mkdir(mode=0o700)
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


def text(path: Path) -> str:
    return path.read_text()


def write(path: Path, new: str) -> None:
    path.write_text(new)


async def kept(services: object) -> dict[str, str]:
    """The keys in the vault, by provider and name."""
    sessions = provider.current().sessions
    await sessions.sync()
    found = {}
    for one in sessions.list():
        if one.source == "vault":
            credential, _ = await sessions.credential(one.id)
            assert isinstance(credential, ApiKeyCredential)
            found[f"{one.provider}/{one.name}"] = credential.api_key
    return found


async def test_keys_move_into_the_vault_and_everything_else_stays(tmp_path: Path, path: Path) -> None:
    async with product(tmp_path) as (services, _):
        told = [one.text for one in await services.imports.keys.move()]
        assert await kept(services) == {"gate/imported": CANARY, "groq/imported": OTHER}
        assert "canary" not in " ".join(told)
        assert "The key of Gate" in " ".join(told) and "session 'imported'" in " ".join(told)
        assert any("nobody stays" in one and "`base_api_url` is missing" in one for one in told)
        left = text(path)
        assert CANARY not in left and OTHER not in left
        assert "# mine, not yours" in left and "# the gateway" in left and "sk-canary-key-of-nobody" in left
        assert (await asyncio.to_thread(provider_file.read, path))["Gate"].base_api_url == "http://127.0.0.1:1/v1"
        again = await services.imports.keys.move()
        assert len(again) == 1
        assert len(await kept(services)) == 2


async def test_a_key_that_is_kept_already_is_only_taken_out(tmp_path: Path, path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await provider.create_session("gate", "api_key", name="mine", api_key=CANARY)
        await provider.create_session("groq", "api_key", name="imported", api_key="another-key-of-groq")
        told = [one.text for one in await services.imports.keys.move()]
        assert set(await kept(services)) == {"gate/mine", "groq/imported", "groq/groq"}
        assert "session 'mine'" in told[1]
        assert CANARY not in text(path)


@pytest.mark.parametrize("failing", ["before", "after"])
async def test_where_the_file_cannot_be_changed_the_vault_is_as_before(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A disk that fills up before or after the file was replaced."""
    remove = provider_file.without_keys

    def fail(path: Path, ids: list[str]) -> None:
        if failing == "after":
            remove(path, ids)
        raise OSError(28, "No space left on device")

    async with product(tmp_path) as (services, _):
        monkeypatch.setattr(provider_file, "without_keys", fail)
        told = " ".join(one.text for one in await services.imports.keys.move())
        entries = (await asyncio.to_thread(provider_file.read, path)).values()
        in_file = [one.api_key for one in entries if one.api_key]
        assert sorted([*in_file, *(await kept(services)).values()]) == [CANARY, OTHER, "sk-canary-key-of-nobody"]
        assert ("cannot be written (OSError)" in told) == (failing == "before")
        assert "canary" not in told
        monkeypatch.undo()
        await services.imports.keys.move()
        assert await kept(services) == {"gate/imported": CANARY, "groq/imported": OTHER}


async def test_a_vault_that_is_out_of_reach_leaves_the_keys_where_they_are(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> bytes:
        raise MaestroError("vaultUnavailable", "The keyring is locked; unlock it.")

    async with product(tmp_path) as (services, _):
        monkeypatch.setattr(services.runtime.sessions.vault, "seal", refuse)
        told = [one.text for one in await services.imports.keys.move()]
        assert len(told) == 3
        assert "The keyring is locked" in told[0]
        assert text(path) == TEXT


async def test_a_key_that_was_changed_meanwhile_stays(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with product(tmp_path) as (services, _):
        keep = services.imports.keys._keep

        async def keep_slowly(id_: str, key: str) -> object:
            await asyncio.to_thread(write, path, TEXT.replace(CANARY, "sk-canary-new"))
            return await keep(id_, key)

        monkeypatch.setattr(services.imports.keys, "_keep", keep_slowly)
        await services.imports.keys.move()
        assert "sk-canary-new" in text(path)
        assert OTHER not in text(path)


async def test_keys_are_mentioned_once(tmp_path: Path, path: Path) -> None:
    async with product(tmp_path) as (services, _):
        assert await services.imports.keys.mention() is None, "it was, when the store was opened"
    async with product(tmp_path) as (services, _):
        write(path, TEXT.replace("nobody", "somebody"))
        told = await services.imports.run_once()
        assert ["`maestro sessions import`" in one for one in told] == [True]
        assert "canary" not in told[0]


async def test_a_broken_file_is_told_and_left_alone(tmp_path: Path, path: Path) -> None:
    async with product(tmp_path) as (services, _):
        write(path, f"providers: [\n  {CANARY}")
        with pytest.raises(MaestroError, match="line 2") as caught:
            await services.imports.keys.move()
        assert "canary" not in caught.value.message
        assert await services.imports.keys.mention() is None
