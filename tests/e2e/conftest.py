"""Servers to talk to, and an end that checks everything they said."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.environment import environment
from tests.e2e.oauth_journey import World, world

Launch = Callable[..., Client]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts servers of one test: `launch(NAME="value", drain_stderr=False)`; capitals are variables."""
    clients: list[Client] = []

    def start(**options: object) -> Client:
        variables = {name: str(value) for name, value in options.items() if name.isupper()}
        rest = {name: value for name, value in options.items() if not name.isupper()}
        clients.append(Client(environment(tmp_path, **variables), **rest))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
        client.check()


@pytest.fixture
def server(launch: Launch) -> Client:
    """An initialized server of the test's own."""
    client = launch()
    client.initialize()
    return client


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One initialized server for a module whose tests leave nothing behind; ends in order, every request answered."""
    with Client(environment(tmp_path_factory.mktemp("home"))) as client:
        client.initialize()
        yield client
        client.end()


@pytest.fixture
def openai(tmp_path: Path) -> Iterator[World]:
    with world("openai", tmp_path) as openai:
        yield openai
