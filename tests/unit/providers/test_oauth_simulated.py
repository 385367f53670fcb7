"""Whole logins against the simulators: URL, code, tokens, models, an answer, new tokens, the end."""

import asyncio
import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from maestro.failures import UpstreamError
from maestro.providers import registry
from maestro.providers.base import Connection
from maestro.providers.gemini import onboarding
from maestro.providers.oauth import AuthorizeRequest, CodeGrant, FixedRedirect, Granted, OAuthContext
from maestro.settings import load
from maestro.streaming.messages import Content, Done
from maestro.streaming.parser import parse_stream
from maestro.transport import Transport
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import TransportSettings
from tests.simulators.fixtures import Simulation, simulate
from tests.unit.providers.oauth_support import signed_in
from tests.unit.providers.support import ask, system, user

VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
QUESTION = (system("Be brief."), user("What is the capital of France?"))


@asynccontextmanager
async def context(name: str, options: JsonObject, home: Path) -> AsyncIterator[tuple[Simulation, OAuthContext]]:
    async with simulate(name) as sim:
        settings = load({**sim.oauth_environment, "MAESTRO_HOME": str(home)}, None).provider(name)
        http = Transport(TransportSettings())
        info = registry.info(name)
        try:
            yield sim, OAuthContext(info, settings, (settings.base_url or "").rstrip("/"), http, {}, options)
        finally:
            await http.aclose()


async def sign_in(sim: Simulation, login: OAuthContext, oauth: ModuleType) -> Granted:
    redirect = oauth.redirect(login, "paste")
    assert isinstance(redirect, FixedRedirect)
    shown = sim.service.authorize(oauth.authorize_url(login, AuthorizeRequest(redirect.uri, "state-1", CHALLENGE)))
    query = parse_qs(urlsplit(shown).query)
    code, _, state = shown.partition("#") if "://" not in shown else (query["code"][0], "", query["state"][0])
    assert state == "state-1"
    granted = await oauth.exchange(login, CodeGrant(code, redirect.uri, VERIFIER, state))
    assert isinstance(granted, Granted)
    return granted


def connected(login: OAuthContext, granted: Granted, oauth: ModuleType) -> Connection:
    plain = signed_in(
        login.info, granted.credential, login.settings, mode=granted.mode, base_url=login.base_url, http=login.http
    )
    authorised = oauth.authorised(plain, granted.credential)
    assert isinstance(authorised, Connection)
    return authorised


async def answer(connection: Connection, model: str | None = None) -> str:
    name = connection.info.id
    streaming = registry.resolve(name, registry.STREAMING)
    asked = ask(*QUESTION, model=model or connection.info.default_model or "")
    stream = await streaming.open_stream(connection, asked)
    messages = [message async for message in parse_stream(stream, name, {"wire": stream.wire})]
    assert any(isinstance(message, Done) for message in messages), messages
    return "".join(message.text for message in messages if isinstance(message, Content))


LOGINS = [
    ("openai", {}, "chatgpt"),
    ("openai", {"mode": "api_key"}, "api_key"),
    ("openai", {"modeRule": "2025-08"}, "chatgpt"),
    ("anthropic", {"claudeCodeIdentity": True}, None),
    ("gemini", {"quotaProject": "mine"}, None),
    ("gemini", {"codeAssist": True}, None),
]


@pytest.mark.parametrize(("name", "options", "mode"), LOGINS)
@pytest.mark.asyncio
async def test_a_whole_login(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, options: JsonObject, mode: str | None
) -> None:
    monkeypatch.setattr(onboarding, "_POLL_SECONDS", 0)
    oauth = _module(name)
    async with context(name, options, tmp_path) as (sim, login):
        granted = await sign_in(sim, login, oauth)
        assert granted.mode == mode
        connection = connected(login, granted, oauth)
        assert await registry.resolve(name, registry.MODELS).list_models(connection)
        assert "Paris" in await answer(connection)
        renewed = await oauth.renew(login, granted.credential)
        assert renewed.credential.access_token != granted.credential.access_token
        assert (renewed.credential.refresh_token != granted.credential.refresh_token) is (name != "gemini")
        assert renewed.credential.account_id == granted.credential.account_id
        again = Granted(renewed.credential, mode=granted.mode)
        assert "Paris" in await answer(connected(login, again, oauth))
        if name == "anthropic":
            assert not getattr(sim.auth, "beta_slips", None)
            return
        await oauth.revoke(login, renewed.credential)
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(login, renewed.credential)
        assert caught.value.failure.kind == "auth_invalid"


@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.asyncio
async def test_a_token_that_was_used_up_is_permanent(tmp_path: Path, name: str) -> None:
    oauth = _module(name)
    async with context(name, {}, tmp_path) as (sim, login):
        granted = await sign_in(sim, login, oauth)
        await oauth.renew(login, granted.credential)
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(login, granted.credential)
    assert caught.value.failure.kind == "auth_invalid"


@pytest.mark.asyncio
async def test_a_device_login(tmp_path: Path) -> None:
    oauth = _module("openai")
    async with context("openai", {}, tmp_path) as (sim, login):
        code = await oauth.start_device(login)
        assert await oauth.poll_device(login, code) is None
        sim.service.approve_device(code.user_code)  # type: ignore[attr-defined]
        grant = await oauth.poll_device(login, code)
        assert grant is not None
        granted = await oauth.exchange(login, grant)
        assert "Paris" in await answer(connected(login, granted, oauth))
    assert granted.modes == ("chatgpt",)


def test_a_service_account(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path / "robot.json"
    content = {"type": "service_account", "client_email": "robot@x", "private_key": private.decode()}
    file.write_text(json.dumps(content | {"quota_project_id": "p1"}))

    async def run() -> str:
        async with context("gemini", {"path": str(file)}, tmp_path / "home") as (sim, login):
            sim.auth.service_account_keys["robot@x"] = public.decode()  # type: ignore[attr-defined]
            oauth = _module("gemini")
            granted = await oauth.read_document(login, "credentialsFile")
            renewed = await oauth.renew(replace(login, options={}), granted.credential)
            return await answer(connected(login, renewed, oauth))

    assert "Paris" in asyncio.run(run())


def _module(name: str) -> ModuleType:
    return import_module(f"maestro.providers.{name}.oauth")
