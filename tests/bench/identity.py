"""Sessions: making one, finishing a login, renewing it, and listing a thousand."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from maestro_protocol.base import JsonObject
from tests.bench.harness import Row, percentile
from tests.bench.server import Maestro
from tests.simulators.anthropic import Anthropic
from tests.simulators.anthropic_checks import OAUTH_BETA
from tests.simulators.fixtures import Outside, running

TIMES = 60
WARM = 5
MANY = 1000
LOCAL, RENEWED, LISTED = 0.05, 0.1, 0.05
"""Seconds: a session or login, what a renewal adds to the network, a list of a thousand."""


def run(home: Path) -> Iterator[Row]:
    with running("anthropic") as service, Maestro(home, service.sim.oauth_environment) as server:
        server.initialize()
        yield _row("session create (key)", [_created(server, f"key-{n}") for n in range(TIMES)], LOCAL)
        logins = [_logged_in(server, service, f"login-{n}") for n in range(TIMES)]
        yield _row("login completed (paste)", logins, LOCAL, [_exchanged(service) for _ in range(TIMES)])
        renewals = _times(server, "maestro/session/refresh", {"sessionId": "login-0"})
        yield _row("refresh", renewals, RENEWED, _renewed_directly(service))
        for number in range(MANY - 2 * TIMES):
            _created(server, f"more-{number}")
        yield _row(f"list of {MANY}", _times(server, "maestro/session/list", {}), LISTED)


def _row(name: str, ours: list[float], aim: float, direct: list[float] | None = None) -> Row:
    """With `direct` the aim is for what we add to it."""
    middle, floor = percentile(ours[WARM:], 50), percentile(direct[WARM:], 50) if direct else 0.0
    shown = f"{middle * 1e3:.2f} ms, p99 {percentile(ours[WARM:], 99) * 1e3:.2f}"
    other = f"{floor * 1e3:.2f} ms direct" if direct else ""
    return Row(f"sessions: {name}", shown, other, None, f"<= {aim * 1e3:g} ms", middle - floor <= aim)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _times(server: Maestro, method: str, params: JsonObject) -> list[float]:
    return [_timed(lambda: server.request(method, params)) for _ in range(TIMES)]


def _created(server: Maestro, name: str) -> float:
    params: JsonObject = {"provider": "openai", "authType": "api_key", "name": name, "apiKey": "sk-simulated-0000"}
    return _timed(lambda: server.request("maestro/session/create", params))


def _logged_in(server: Maestro, service: Outside, name: str) -> float:
    """From the code to the session that is kept."""
    params: JsonObject = {"provider": "anthropic", "authType": "oauth", "flow": "paste", "name": name}
    step = server.request("maestro/session/create", params)
    assert isinstance(service.sim.service, Anthropic)
    code = service.sim.service.authorize(str(step["url"]))
    answer: JsonObject = {"loginId": step["loginId"], "inputs": {"code": code}}
    return _timed(lambda: server.request("maestro/session/continue", answer))


def _exchanged(service: Outside) -> float:
    """One request to the token endpoint, refused at once: the way there and back."""
    return _timed(lambda: httpx.post(f"{service.base_url}/v1/oauth/token", json={}, trust_env=False))


def _renewed_directly(service: Outside) -> list[float]:
    assert isinstance(service.sim.service, Anthropic)
    token, times = str(service.sim.service.sign_in()["refresh_token"]), []
    with httpx.Client(trust_env=False, headers={"anthropic-beta": OAUTH_BETA}) as client:
        for _ in range(TIMES):
            body = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "simulated-client"}
            began = time.perf_counter()
            answer = client.post(f"{service.base_url}/v1/oauth/token", json=body)
            times.append(time.perf_counter() - began)
            token = answer.json()["refresh_token"]
    return times
