"""The logins of the system Maestro replaces are copied in once, sealed, and their files stay."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from maestro import provider
from maestro.store.credentials import OAuthCredential
from maestro_protocol.sessions import Session
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
        assert "stop the old system" in notice.text
        assert CANARY not in notice.text
        assert (await services.sessions.get("imported")).status == "active"
    assert path.read_bytes() == before
    assert all(b"canary-" not in file.read_bytes() for file in files(tmp_path) if file != path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"access_token": 5}', '{"access_token": "canary', "[" * 100_000),
        *('{"access_token": ""}', '{"access_token": "canary\\r\\nx: y"}', '{"access_token": "canary\\ud800"}'),
        *('{"access_token": "canar\u00ff"}', '{"access_token": "canary", "refresh_token": "a\\nb"}'),
        *('{"access_token": "canary", "expiry_date": 1e300}', '{"access_token": "canary", "expiry_date": NaN}'),
        '{"access_token": "canary", "expires_at": "9999-12-31T23:59:59-14:00"}',
    ],
)
async def test_a_file_that_holds_no_login_is_told_and_costs_nothing(tmp_path: Path, text: str) -> None:
    path = legacy(tmp_path, "anthropic")
    path.write_text(text)
    legacy(tmp_path, "gemini", access_token=CANARY)
    legacy(tmp_path, "somebody-else", access_token=CANARY)
    async with product(tmp_path / "product") as (services, _):
        services.runtime.environment = {"HOME": str(tmp_path)}
        notices = [one.text for one in await services.imports.run()]
        assert len(notices) == 2
        assert str(path) in notices[0]
        assert "canary" not in " ".join(notices)
        assert [(one.name, one.provider) for one in await services.sessions.list(None)] == [("imported", "gemini")]


async def test_a_token_without_an_end_is_renewed_before_it_is_used(tmp_path: Path) -> None:
    legacy(tmp_path, "anthropic", access_token=CANARY, refresh_token="r")
    async with product(tmp_path) as (services, _):
        assert (await services.sessions.get("imported")).status == "expired"


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59", "0001-01-01T00:00:00Z"])
async def test_an_end_far_away_can_be_told_everywhere(tmp_path: Path, end: str) -> None:
    legacy(tmp_path, "anthropic", access_token=CANARY, refresh_token="", expires_at=end, expires_in=float("inf"))
    async with product(tmp_path) as (services, _):
        session = await services.sessions.get("imported")
        assert session.expires_at is not None
        assert 1970 <= session.expires_at.year < 2200
        credential, _revision = await services.runtime.sessions.credential(session.id)
        assert isinstance(credential, OAuthCredential)
        assert credential.refresh_token is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
async def test_a_pipe_in_place_of_a_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".maestro").mkdir()
    os.mkfifo(tmp_path / ".maestro" / "anthropic_oauth_creds.json")
    (tmp_path / ".maestro" / "openai_oauth_creds.json").mkdir()
    legacy(tmp_path, "gemini", access_token=CANARY)
    async with asyncio.timeout(20), product(tmp_path) as (services, _):
        assert [one.provider for one in await services.sessions.list(None)] == ["gemini"]


async def test_a_fault_costs_its_file_alone_and_never_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep = provider.keep_login

    async def failing(name: str, *rest: Any) -> Session:
        if name == "anthropic":
            raise RuntimeError("canary")
        return await keep(name, *rest)

    monkeypatch.setattr(provider, "keep_login", failing)
    for name in ("anthropic", "gemini"):
        legacy(tmp_path, name, access_token=CANARY)
    async with product(tmp_path) as (services, _):
        assert [one.provider for one in await services.sessions.list(None)] == ["gemini"]
        monkeypatch.setattr(services.imports, "run", failing)
        assert await services.imports.run_once() == []
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text
