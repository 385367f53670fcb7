"""Waiting for a device's code to be typed in."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from maestro.auth import device
from maestro.auth.device import poll
from maestro.errors import MaestroError
from maestro.failures import ErrorClass, Failure, UpstreamError
from maestro.providers.oauth import CodeGrant
from tests.unit.auth.service import CODE, DEVICE, Service, context

GRANT = CodeGrant(CODE, "https://acme.example/device/callback", "canary-server-verifier")


def failure(kind: ErrorClass, retry_after: float | None = None) -> UpstreamError:
    return UpstreamError(Failure(kind, "", retry_after=retry_after))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time; the time itself passes at once."""
    waited: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        waited.append(round(seconds, 3))
        now += seconds
        await asyncio.sleep(0)

    class Loop:
        def time(self) -> float:
            return now

    monkeypatch.setattr(device, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=Loop))
    return waited


@pytest.mark.asyncio
async def test_it_asks_until_the_user_agreed(waits: list[float]) -> None:
    service = Service(polls=[None, None, GRANT])
    assert await poll(service, context(), replace(DEVICE, interval=5)) is GRANT
    assert waits == [5, 5, 5]


@pytest.mark.asyncio
async def test_an_interval_of_nothing_still_waits(waits: list[float]) -> None:
    service = Service(polls=[None, GRANT])
    assert await poll(service, context(), replace(DEVICE, interval=0)) is GRANT
    assert waits == [0.05, 0.05]


@pytest.mark.asyncio
async def test_a_code_that_ran_out_ends_it_after_a_last_look(waits: list[float]) -> None:
    with pytest.raises(MaestroError, match="not entered in time") as caught:
        await poll(Service(), context(), replace(DEVICE, interval=5, expires_in=12))
    assert caught.value.code == 4004
    assert waits == [5, 5, 2]


@pytest.mark.asyncio
async def test_what_comes_with_the_last_look_counts(waits: list[float]) -> None:
    service = Service(polls=[None, None, GRANT])
    assert await poll(service, context(), replace(DEVICE, interval=5, expires_in=12)) is GRANT


@pytest.mark.asyncio
async def test_a_refusal_ends_it(waits: list[float]) -> None:
    refused = MaestroError("loginFailed", "You refused the device.")
    with pytest.raises(MaestroError) as caught:
        await poll(Service(polls=[None, refused, GRANT]), context(), DEVICE)
    assert caught.value is refused


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["network", "server"])
async def test_failures_that_pass_make_it_wait_longer_for_a_while(kind: ErrorClass, waits: list[float]) -> None:
    service = Service(polls=[failure(kind), failure(kind), None, GRANT])
    assert await poll(service, context(), replace(DEVICE, interval=1)) is GRANT
    assert waits == [1, 2, 4, 1]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["rate_limited", "overloaded"])
async def test_a_busy_service_is_asked_less_often_from_then_on(kind: ErrorClass, waits: list[float]) -> None:
    service = Service(polls=[failure(kind), None, None, GRANT])
    assert await poll(service, context(), replace(DEVICE, interval=1)) is GRANT
    assert waits == [1, 2, 2, 2]


@pytest.mark.asyncio
async def test_the_wait_a_service_names_is_kept(waits: list[float]) -> None:
    service = Service(polls=[failure("rate_limited", 40), GRANT])
    assert await poll(service, context(), replace(DEVICE, interval=1)) is GRANT
    assert waits == [1, 40]


@pytest.mark.asyncio
async def test_waits_grow_to_half_a_minute_and_end_with_the_code(waits: list[float]) -> None:
    service = Service(polls=[failure("network")] * 20)
    with pytest.raises(MaestroError, match="not entered in time"):
        await poll(service, context(), replace(DEVICE, interval=5, expires_in=130))
    assert waits == [5, 10, 20, 30, 30, 30, 5]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["auth_invalid", "invalid_request", "permission", "malformed"])
async def test_other_failures_end_it(kind: ErrorClass, waits: list[float]) -> None:
    refused = failure(kind)
    with pytest.raises(UpstreamError) as caught:
        await poll(Service(polls=[refused, GRANT]), context(), DEVICE)
    assert caught.value is refused
