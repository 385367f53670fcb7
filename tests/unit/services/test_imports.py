"""The logins of the system Maestro replaces are copied in once, sealed, and their files stay."""

import json
from pathlib import Path

import pytest

from maestro.store.credentials import OAuthCredential
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio
CANARY = "canary-legacy-access-token"


def legacy(home: Path, provider: str, **tokens: object) -> Path:
    folder = home / ".maestro"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{provider}_oauth_creds.json"
    path.write_text(json.dumps(tokens))
    return path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_login_is_copied_in_once_and_its_file_stays(tmp_path: Path) -> None:
    path = legacy(
        tmp_path, "openai", access_token=CANARY, refresh_token="canary-refresh", expiry_date=1_900_000_000_000
    )
    before = path.read_bytes()
    async with product(tmp_path) as (services, _):
        session = await services.sessions.get("imported")
        assert (session.provider, session.auth_type, session.source) == ("openai", "oauth", "vault")
        credential, _revision = await services.runtime.sessions.credential(session.id)
        assert isinstance(credential, OAuthCredential)
        assert (credential.access_token, credential.refresh_token) == (CANARY, "canary-refresh")
        assert await services.imports.run() == []
        await services.sessions.delete("imported", revoke=False)
    async with product(tmp_path) as (services, _):
        assert [one.name for one in await services.sessions.list(None)] == []
        [notice] = await services.imports.run(again=True)
        assert "stop the old system" in notice
        assert CANARY not in notice
        assert (await services.sessions.get("imported")).status == "active"
    assert path.read_bytes() == before
    assert all(b"canary-" not in file.read_bytes() for file in files(tmp_path) if file != path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"access_token": 5}', '{"access_token": "canary'])
async def test_a_file_that_holds_no_login_is_told_and_costs_nothing(tmp_path: Path, text: str) -> None:
    path = legacy(tmp_path, "anthropic")
    path.write_text(text)
    legacy(tmp_path, "gemini", access_token=CANARY)
    legacy(tmp_path, "somebody-else", access_token=CANARY)
    async with product(tmp_path / "product") as (services, _):
        services.runtime.environment = {"HOME": str(tmp_path)}
        notices = await services.imports.run()
        assert len(notices) == 2
        assert str(path) in notices[0]
        assert "canary" not in " ".join(notices)
        assert [(one.name, one.provider) for one in await services.sessions.list(None)] == [("imported", "gemini")]


async def test_a_token_without_an_end_is_renewed_before_it_is_used(tmp_path: Path) -> None:
    legacy(tmp_path, "anthropic", access_token=CANARY, refresh_token="r")
    async with product(tmp_path) as (services, _):
        assert (await services.sessions.get("imported")).status == "expired"
