"""Models discovered over a real server's pipes: kept in the provider file, and given up with their request."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro.provider_file import FILE_NAME, read
from tests.e2e.client import Client
from tests.e2e.conftest import Launch
from tests.simulators.fixtures import Outside, running

CANARY = "sk-CANARY-key-of-the-user-0042"
KEPT = Path("maestro") / "data" / FILE_NAME


@pytest.fixture
def gateway() -> Iterator[Outside]:
    with running("compatible") as service:
        yield service


def with_session(launch: Launch, gateway: Outside) -> Client:
    """A server with a session of the gateway, under the name of a provider there is."""
    client = launch(MAESTRO_PROVIDERS__GROQ__BASE_URL=f"{gateway.base_url}/v1")
    client.initialize()
    session = {"provider": "groq", "authType": "api_key", "name": "mine", "apiKey": CANARY}
    client.request("maestro/session/create", session)
    return client


def test_what_is_found_is_listed_at_once_and_kept_without_a_key(
    launch: Launch, gateway: Outside, tmp_path: Path
) -> None:
    client = with_session(launch, gateway)
    gateway.play("404*1")
    result = client.request("maestro/model/discover", {"provider": "groq"})
    [found] = result["providers"]
    assert (found["status"], found["invalid"], result["persisted"]) == ("ok", 1, True)
    assert found["valid"] == len(found["added"]) > 0
    entry = read(tmp_path / KEPT)["groq"]
    assert (list(entry.valid_models), len(entry.invalid_models)) == (found["added"], 1)
    again = client.request("maestro/model/discover", {"forceRefresh": True, "persist": False})
    assert (again["providers"][0]["added"], again["persisted"]) == ([], False)
    for text in (client.stdout, client.stderr, (tmp_path / KEPT).read_bytes()):
        assert CANARY.encode() not in text


def test_a_discovery_that_is_cancelled_asks_nothing_more(launch: Launch, gateway: Outside, tmp_path: Path) -> None:
    client = with_session(launch, gateway)
    gateway.play("stall-headers")
    asked = client.start("maestro/model/discover", {})
    gateway.request(2)
    client.cancel(asked)
    assert client.refusal(asked).code == -32800
    gateway.idle()
    assert len(gateway.requests) == 2
    assert not (tmp_path / KEPT).exists()


def test_a_discovery_under_way_keeps_no_server_from_ending(launch: Launch, gateway: Outside) -> None:
    client = with_session(launch, gateway)
    gateway.play("stall-headers")
    client.start("maestro/model/discover", {})
    gateway.request(2)
    client.request("shutdown")
    client.notify("exit")
    assert client.wait_exit() == 0
