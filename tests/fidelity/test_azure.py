"""OpenAI's SDK, as a client of Azure, finds the simulated gateway to be Azure."""

from collections.abc import Iterator

import pytest

from tests.fidelity.driver import Run
from tests.simulators.fixtures import Outside, running

pytestmark = pytest.mark.timeout(900)  # the first test may have to make the environment

PARIS = "The capital of France is Paris."


@pytest.fixture
def sim() -> Iterator[Outside]:
    with running("compatible", gateway="azure") as sim:
        yield sim


def test_stream(azure_sdk: Run, sim: Outside) -> None:
    seen = azure_sdk("stream", sim.base_url)
    assert (seen["text"], seen["first"]) == (PARIS, 0)
    assert seen["tokens"] > 0


@pytest.mark.parametrize("scenario", ["whole", "token"])
def test_whole(azure_sdk: Run, sim: Outside, scenario: str) -> None:
    assert azure_sdk(scenario, sim.base_url) == PARIS


@pytest.mark.parametrize(
    ("scenario", "raised", "status", "code"),
    [
        ("bad_key", "AuthenticationError", 401, "401"),
        ("no_deployment", "NotFoundError", 404, "DeploymentNotFound"),
        ("old_cap", "BadRequestError", 400, "400"),
    ],
)
def test_refusals(azure_sdk: Run, sim: Outside, scenario: str, raised: str, status: int, code: str) -> None:
    seen = azure_sdk(scenario, sim.base_url)
    assert (seen["raised"], seen["status"], seen["code"]) == (raised, status, code)
