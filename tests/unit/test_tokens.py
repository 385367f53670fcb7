"""Tokens are renewed once for all who wait, and what a renewal gave is never lost silently."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro import provider, tokens
from maestro.errors import MaestroError
from maestro.providers.oauth import Granted
from maestro.runtime import Runtime
from maestro.settings import load
from maestro.store.credentials import ApiKeyCredential, NoCredential, OAuthCredential
from maestro.store.sessions import open_sessions
from maestro_protocol.chat import ChatMessage
from tests.simulators.anthropic import Anthropic
from tests.simulators.fixtures import Simulation, simulate
from tests.simulators.personas import parse

HELLO = [ChatMessage(role="user", content="hello")]
pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def process(home: Path, service: Simulation) -> AsyncIterator[Runtime]:
    """A process of its own, as far as the store can tell."""
    environment = {"MAESTRO_HOME": str(home), **service.oauth_environment}
    runtime = Runtime(load(environment, {"retry": {"baseDelayMs": 0}}), open_sessions(environment), environment)
    await runtime.sessions.sync()
    try:
        yield runtime
    finally:
        await runtime.aclose()


@asynccontextmanager
async def signed_in(home: Path, **changes: object) -> AsyncIterator[tuple[Runtime, Simulation, str]]:
    """A session of Anthropic, whose refresh tokens rotate and whose reuse ends the login."""
    async with simulate("anthropic") as service, process(home, service) as runtime:
        provider.use(runtime)
        try:
            session = await provider.keep_login("anthropic", "work", Granted(granted(service, **changes)))
            yield runtime, service, session.id
        finally:
            provider.use(None)


def granted(service: Simulation, **changes: object) -> OAuthCredential:
    assert isinstance(service.service, Anthropic)
    given = service.service.sign_in()
    now = datetime.now(UTC)
    credential = OAuthCredential(
        access_token=str(given["access_token"]),
        refresh_token=str(given["refresh_token"]),
        obtained_at=now,
        expires_at=now + timedelta(hours=1),
        client_id="simulated-client",
    )
    return replace(credential, **changes)  # type: ignore[arg-type]


def ended() -> dict[str, object]:
    now = datetime.now(UTC)
    return {"obtained_at": now - timedelta(hours=1), "expires_at": now}


async def stored(runtime: Runtime, session_id: str) -> OAuthCredential:
    credential, _ = await runtime.sessions.credential(session_id, fresh=True)
    assert isinstance(credential, OAuthCredential)
    return credential


async def connected(runtime: Runtime, session_id: str) -> str:
    ready = await tokens.authorise(runtime, provider.connection("anthropic", session_id))
    assert isinstance(ready.credential, OAuthCredential)
    return ready.credential.access_token


async def test_a_good_token_is_used_as_it_is(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (runtime, service, session_id):
        assert await connected(runtime, session_id) == (await stored(runtime, session_id)).access_token
        assert service.auth.refreshes == []


async def test_a_token_that_has_ended_is_renewed_once_for_all_who_wait(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id):
        before = await stored(runtime, session_id)
        used = await asyncio.gather(*(connected(runtime, session_id) for _ in range(50)))
        after = await stored(runtime, session_id)
        assert service.auth.refreshes == ["ok"]
        assert set(used) == {after.access_token} != {before.access_token}
        assert after.refresh_token != before.refresh_token
        assert runtime.sessions.find(session_id).session.status == "active"


async def test_two_processes_renew_once(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id), process(tmp_path, service) as other:
        await asyncio.gather(*(tokens.renew(one, session_id, None) for one in (runtime, other) for _ in range(10)))
        assert service.auth.refreshes.count("ok") <= 2
        assert "reused" not in service.auth.refreshes
        assert (await stored(runtime, session_id)) == (await stored(other, session_id))


async def test_what_another_process_renewed_is_adopted(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id), process(tmp_path, service) as other:
        stale = await stored(other, session_id)
        await tokens.renew(runtime, session_id, None)
        adopted = await tokens.renew(other, session_id, stale)
        assert adopted == await stored(runtime, session_id)
        assert service.auth.refreshes == ["ok"]


async def test_a_token_that_ends_soon_is_renewed_beside_the_request(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    soon = {"obtained_at": now - timedelta(hours=1), "expires_at": now + timedelta(seconds=100)}
    async with signed_in(tmp_path, **soon) as (runtime, service, session_id):
        before = await stored(runtime, session_id)
        assert await connected(runtime, session_id) == before.access_token
        await service.server.until(lambda: service.auth.refreshes == ["ok"])
        while session_id in runtime.renewals:
            await asyncio.wait([runtime.renewals[session_id]])
        assert (await stored(runtime, session_id)).access_token != before.access_token


async def test_a_refused_token_is_renewed_and_the_request_sent_again(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, service, session_id):
        service.auth.expire_access_tokens()
        answer = await provider.complete_text("anthropic", session_id, HELLO, model="claude-sonnet-5-5")
        assert answer.text
        assert service.auth.refreshes == ["ok"]
        service.auth.expire_access_tokens()
        assert await provider.list_models("anthropic", "oauth", session_id)
        assert service.auth.refreshes == ["ok", "ok"]


async def test_a_refusal_that_comes_late_renews_nothing(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (runtime, service, session_id):
        late, early = (tokens.Access(runtime, provider.connection("anthropic", session_id)) for _ in range(2))
        for access in (late, early):
            await access.connect()
            assert access.refresh is not None
        await early.refresh()
        await late.refresh()
        assert service.auth.refreshes == ["ok"]
        assert (await late.connect()).credential == (await early.connect()).credential


async def test_a_login_that_is_over_erases_its_tokens_and_keeps_the_session(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id):
        told: list[str] = []
        warned: list[str] = []
        runtime.sessions.told, runtime.warn = told.append, warned.append
        service.auth.revoke_all()
        for _ in range(2):
            with pytest.raises(MaestroError) as caught:
                await connected(runtime, session_id)
            assert caught.value.kind == "authExpired"
        assert len(service.auth.refreshes) == 1
        session = runtime.sessions.find(session_id).session
        assert (session.status, bool(session.problem)) == ("needsLogin", True)
        assert (await runtime.sessions.credential(session_id, fresh=True))[0] == NoCredential()
        assert (told, len(warned)) == (["needsLogin"], 1)


async def test_signing_in_again_keeps_the_session(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id):
        await runtime.sessions.bind(session_id, "workspaceFolder", "file:///project")
        service.auth.revoke_all()
        with pytest.raises(MaestroError):
            await connected(runtime, session_id)
        again = await provider.keep_login("anthropic", "work", Granted(granted(service)))
        assert (again.id, again.status, again.problem) == (session_id, "active", None)
        assert again.bound_to == ["file:///project"]
        assert await connected(runtime, session_id)


@pytest.mark.parametrize("persona", ["500", "503"])
async def test_a_service_that_fails_does_not_end_the_login(tmp_path: Path, persona: str) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id):
        before = await stored(runtime, session_id)
        service.play(parse(persona).on("/v1/oauth/token"))
        with pytest.raises(MaestroError) as caught:
            await connected(runtime, session_id)
        assert caught.value.kind == "overloaded"
        assert await stored(runtime, session_id) == before
        service.play()
        assert await connected(runtime, session_id) != before.access_token


async def test_a_renewed_token_that_cannot_be_stored_is_said_aloud_and_kept(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended()) as (runtime, service, session_id):
        warned: list[str] = []
        runtime.warn = warned.append

        def refuse(connection: sqlite3.Connection) -> None:
            connection.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON saved_authentications BEGIN SELECT RAISE(ABORT, 'full'); END"
            )

        before = await stored(runtime, session_id)
        await runtime.sessions.database.run(refuse)
        used = await connected(runtime, session_id)
        assert used != before.access_token
        assert "could not be stored" in " ".join(warned)
        assert await connected(runtime, session_id) == used
        assert service.auth.refreshes == ["ok"]

        await runtime.sessions.database.run(lambda connection: connection.execute("DROP TRIGGER full"))
        await connected(runtime, session_id)
        await asyncio.gather(*tokens._background)
        assert not runtime.sessions.is_unsaved(session_id)
        async with process(tmp_path, service) as other:
            assert (await stored(other, session_id)).access_token == used


async def test_another_account_stops_a_renewal(tmp_path: Path) -> None:
    async with signed_in(tmp_path, **ended(), account_id="mine") as (runtime, service, session_id):
        stale = await stored(runtime, session_id)
        async with process(tmp_path, service) as other:
            await other.sessions.save(session_id, granted(service, account_id="yours"), {})
        with pytest.raises(MaestroError) as caught:
            await tokens.renew(runtime, session_id, stale)
        assert "another account" in caught.value.message
        assert service.auth.refreshes == []


@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)])
async def test_the_services_clock_does_not_matter(tmp_path: Path, skew: timedelta) -> None:
    async with signed_in(tmp_path, **ended()) as (_, service, session_id):
        service.auth.advance(skew.total_seconds())
        for _ in range(3):
            await provider.complete_text("anthropic", session_id, HELLO, model="claude-sonnet-5-5")
        assert service.auth.refreshes == ["ok"]


async def test_a_token_with_a_short_life_is_not_renewed_for_ever(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with signed_in(tmp_path, obtained_at=now, expires_at=now + timedelta(seconds=200)) as parts:
        runtime, service, session_id = parts
        for _ in range(5):
            await connected(runtime, session_id)
        assert service.auth.refreshes == []


async def test_a_key_is_not_renewed(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (runtime, _, _):
        made = await provider.create_session("anthropic", "api_key", name="key", api_key="sk-ant-api03-0123456789")
        ready = await tokens.authorise(runtime, provider.connection("anthropic", made))
        assert isinstance(ready.credential, ApiKeyCredential)
        with pytest.raises(MaestroError) as caught:
            await tokens.refresh(runtime, runtime.sessions.find(made).session)
        assert caught.value.kind == "unsupported"
