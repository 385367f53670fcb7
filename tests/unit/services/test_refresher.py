"""Logins are renewed before they end, without being asked, and a service that fails is left alone for a while."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro import provider
from maestro.app import Services
from maestro.providers.oauth import Granted
from maestro.services.refresher import Refresher
from maestro.store.credentials import OAuthCredential
from tests.simulators.anthropic import Anthropic
from tests.simulators.fixtures import Simulation
from tests.simulators.personas import parse
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio


async def sign_in(service: Simulation, left: timedelta) -> str:
    assert isinstance(service.service, Anthropic)
    given = service.service.sign_in()
    now = datetime.now(UTC)
    credential = OAuthCredential(
        access_token=given["access_token"],
        refresh_token=given["refresh_token"],
        obtained_at=now - timedelta(hours=2),
        expires_at=now + left,
        client_id="simulated-client",
    )
    return (await provider.keep_login("anthropic", "work", Granted(credential))).id


async def renewed(services: Services, session_id: str) -> datetime:
    """When the session's login ends, once it is another than before."""
    before = services.runtime.sessions.find(session_id).session.expires_at
    changed = asyncio.Event()
    services.runtime.sessions.told = lambda reason: changed.set()
    async with asyncio.timeout(10):
        await changed.wait()
    after = services.runtime.sessions.find(session_id).session.expires_at
    assert after is not None
    assert after != before
    return after


async def test_a_login_about_to_end_is_renewed_unasked(tmp_path: Path) -> None:
    async with product(tmp_path, "anthropic", signed_in=False, oauth=True) as (services, [anthropic]):
        session_id = await sign_in(anthropic, timedelta(seconds=60))
        services.refresher.start()
        assert await renewed(services, session_id) > datetime.now(UTC) + timedelta(minutes=30)
        assert anthropic.auth.refreshes == ["ok"]


async def test_a_login_with_a_long_life_is_left_alone(tmp_path: Path) -> None:
    async with product(tmp_path, "anthropic", signed_in=False, oauth=True) as (services, [anthropic]):
        await sign_in(anthropic, timedelta(hours=2))
        await services.refresher.look()
        assert anthropic.auth.refreshes == []


async def test_a_service_that_fails_is_asked_again_later(tmp_path: Path) -> None:
    settings = {"retry": {"server": 0}}
    async with product(tmp_path, "anthropic", signed_in=False, oauth=True, settings=settings) as (
        services,
        [anthropic],
    ):
        await sign_in(anthropic, timedelta(seconds=60))
        anthropic.play(parse("500").on("/v1/oauth/token"))
        refresher = Refresher(services.runtime)
        for _ in range(3):
            await refresher.look()
        assert len([request for request in anthropic.requests if "token" in request.path]) == 1


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    settings = {"sessions": {"refreshInBackground": False}}
    async with product(tmp_path, "anthropic", signed_in=False, oauth=True, settings=settings) as (
        services,
        [anthropic],
    ):
        await sign_in(anthropic, timedelta(seconds=60))
        await services.refresher.look()
        assert anthropic.auth.refreshes == []
