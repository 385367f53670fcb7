"""Anthropic's SDK finds the simulator to be Anthropic."""

from collections.abc import Iterator

import pytest

from tests.fidelity.driver import Run
from tests.simulators.anthropic import MODELS
from tests.simulators.fixtures import Outside, running

pytestmark = pytest.mark.timeout(900)  # the first test may have to make the environment

PARIS = "The capital of France is Paris."


@pytest.fixture
def sim() -> Iterator[Outside]:
    with running("anthropic") as sim:
        yield sim


def test_models_in_pages(anthropic_sdk: Run, sim: Outside) -> None:
    assert anthropic_sdk("models", sim.base_url) == list(MODELS)
    assert len(sim.requests) == -(-len(MODELS) // 7)


def test_stream(anthropic_sdk: Run, sim: Outside) -> None:
    seen = anthropic_sdk("stream", sim.base_url)
    assert (seen["text"], seen["stop"], seen["sealed"]) == (PARIS, "end_turn", True)
    assert seen["kinds"][0] == "message_start" and seen["kinds"][-1] == "message_stop"
    assert seen["out"] > 1


def test_whole(anthropic_sdk: Run, sim: Outside) -> None:
    assert anthropic_sdk("whole", sim.base_url) == PARIS


def test_tool_call_and_result(anthropic_sdk: Run, sim: Outside) -> None:
    seen = anthropic_sdk("tool", sim.base_url)
    assert (seen["name"], seen["input"], seen["stop"]) == ("get_weather", {"city": "Paris"}, "tool_use")
    assert seen["answer"] == "The tool returned: sunny"


def test_structured_output(anthropic_sdk: Run, sim: Outside) -> None:
    assert anthropic_sdk("structured", sim.base_url) == '{"city": "Paris"}'
    assert anthropic_sdk("structured_stream", sim.base_url) == '{"city": "Paris"}'


def test_limits_are_taken_as_words_only(anthropic_sdk: Run, sim: Outside) -> None:
    assert anthropic_sdk("parsed", sim.base_url) == {"city": "Paris", "people": 1}
    seen = anthropic_sdk("limits", sim.base_url)
    assert (seen["status"], "are not supported" in seen["text"]) == (400, True)


def test_both_versions(anthropic_sdk: Run, sim: Outside) -> None:
    assert anthropic_sdk("sampling_old", sim.base_url) == PARIS
    assert anthropic_sdk("sampling_new", sim.base_url)["status"] == 400


def test_both_credential_headers(anthropic_sdk: Run, sim: Outside) -> None:
    assert anthropic_sdk("whole", sim.base_url) == PARIS
    assert anthropic_sdk("key_header", sim.base_url) == PARIS
    bearer, key = sim.requests
    assert "authorization" in bearer.headers and "x-api-key" in key.headers


@pytest.mark.parametrize(
    ("scenario", "raised", "status", "kind"),
    [
        ("bad_key", "AuthenticationError", 401, "authentication_error"),
        ("bad_role", "BadRequestError", 400, "invalid_request_error"),
        ("no_version", "BadRequestError", 400, "invalid_request_error"),
        ("tampered_thinking", "BadRequestError", 400, "invalid_request_error"),
        ("unanswered_tool", "BadRequestError", 400, "invalid_request_error"),
    ],
)
def test_refusals(anthropic_sdk: Run, sim: Outside, scenario: str, raised: str, status: int, kind: str) -> None:
    seen = anthropic_sdk(scenario, sim.base_url)
    assert (seen["raised"], seen["status"], seen["body"]["error"]["type"]) == (raised, status, kind)
    assert seen["request_id"] == seen["body"]["request_id"]


@pytest.mark.parametrize(
    ("persona", "raised"),
    [
        ("403", "PermissionDeniedError"),
        ("413", "ContentTooLargeError"),
        ("429", "RateLimitError"),
        ("500", "InternalServerError"),
        ("529", "OverloadedError"),
    ],
)
def test_errors(anthropic_sdk: Run, sim: Outside, persona: str, raised: str) -> None:
    sim.play(persona)
    assert anthropic_sdk("once", sim.base_url)["raised"] == raised


@pytest.mark.parametrize("persona", ["429=0.01*2", "529=0.01*2"])
def test_retries_until_it_works(anthropic_sdk: Run, sim: Outside, persona: str) -> None:
    sim.play(persona)
    assert anthropic_sdk("retried", sim.base_url) == PARIS
    assert len(sim.requests) == 3


def test_error_inside_the_stream(anthropic_sdk: Run, sim: Outside) -> None:
    sim.play("error-in-stream")
    seen = anthropic_sdk("once_stream", sim.base_url)
    assert (seen["status"], seen["body"]["error"]["type"]) == (200, "overloaded_error")
