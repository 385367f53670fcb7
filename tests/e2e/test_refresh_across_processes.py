"""Processes that share a login renew its rotating token once, and one that is killed in between is found out."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro import provider
from maestro.providers.oauth import Granted
from maestro.settings import load
from maestro.store.credentials import OAuthCredential
from tests.e2e.environment import Environment, environment
from tests.simulators.anthropic import Anthropic
from tests.simulators.fixtures import Outside, running
from tests.simulators.personas import late, unheard

PROCESSES, REQUESTS = 8, 50
TOKEN = "/v1/oauth/token"


@pytest.fixture
def service() -> Iterator[Outside]:
    with running("anthropic") as outside:
        yield outside


@pytest.fixture
def variables(tmp_path: Path, service: Outside) -> Environment:
    return environment(tmp_path, **service.sim.oauth_environment, MAESTRO_TRANSPORT__READ_TIMEOUT_MS="60000")


def sign_in(service: Outside, variables: Environment) -> None:
    """A session `shared` whose access token has just ended."""
    assert isinstance(service.sim.service, Anthropic)
    given = service.sim.service.sign_in()
    now = datetime.now(UTC)
    credential = OAuthCredential(
        access_token=given["access_token"],
        refresh_token=given["refresh_token"],
        obtained_at=now - timedelta(hours=1),
        expires_at=now,
        client_id="simulated-client",
    )

    async def keep() -> None:
        runtime = provider.new_runtime(load(variables, None), variables)
        provider.use(runtime)
        try:
            await provider.keep_login("anthropic", "shared", Granted(credential))
        finally:
            provider.use(None)
            await runtime.aclose()

    asyncio.run(keep())


@contextmanager
def workers(count: int, requests: int, variables: Environment) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that are ready; a line on their stdin sets each off."""
    command = [sys.executable, "-m", "tests.e2e.refresh_worker", str(requests)]
    started = [
        subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for worker in started:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def go(worker: "subprocess.Popen[str]") -> None:
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()


def result(worker: "subprocess.Popen[str]") -> dict[str, int]:
    assert worker.stdout is not None
    outcome: dict[str, int] = json.loads(worker.stdout.readline())
    return outcome


def test_eight_processes_renew_one_token_once(service: Outside, variables: Environment) -> None:
    sign_in(service, variables)
    with workers(PROCESSES, REQUESTS, variables) as started:
        for worker in started:
            go(worker)
        results = [result(worker) for worker in started]
    assert results == [{"endTurn": REQUESTS}] * PROCESSES
    assert service.sim.auth.refreshes == ["ok"]


def test_a_process_killed_before_it_could_write_is_found_out(service: Outside, variables: Environment) -> None:
    """The service rotated the token, its answer died with the process: the login is over, and says so."""
    sign_in(service, variables)
    service.play(late(30).on(TOKEN))
    with workers(1, 1, variables) as [killed]:
        go(killed)
        service.call(service.sim.server.until(lambda: service.sim.auth.refreshes == ["ok"]))
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
    service.play()
    with workers(1, 2, variables) as [next_one]:
        go(next_one)
        [outcome] = result(next_one)
    assert outcome.startswith("authExpired: ")
    assert "sign in" in outcome
    assert service.sim.auth.refreshes == ["ok", "reused"]


def test_a_process_killed_before_its_request_arrived_costs_nothing(service: Outside, variables: Environment) -> None:
    sign_in(service, variables)
    service.play(unheard().on(TOKEN))
    with workers(1, 1, variables) as [killed]:
        go(killed)
        service.request()
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
    service.play()
    with workers(1, 2, variables) as [next_one]:
        go(next_one)
        assert result(next_one) == {"endTurn": 2}
    assert service.sim.auth.refreshes == ["ok"]
