"""Google's SDK finds the simulator to be Gemini."""

from collections.abc import Iterator

import pytest

from tests.fidelity.driver import Run
from tests.simulators.fixtures import Outside, running
from tests.simulators.gemini import MODELS
from tests.simulators.personas import error_in_stream
from tests.simulators.replies import Script

pytestmark = pytest.mark.timeout(900)  # the first test may have to make the environment

PARIS = "The capital of France is Paris."


@pytest.fixture
def sim() -> Iterator[Outside]:
    with running("gemini") as sim:
        yield sim


def test_models_in_pages(gemini_sdk: Run, sim: Outside) -> None:
    names = gemini_sdk("models", sim.base_url)
    assert names[-len(MODELS) :] == [f"models/{name}" for name in MODELS]
    assert len(sim.requests) == 3


def test_stream(gemini_sdk: Run, sim: Outside) -> None:
    seen = gemini_sdk("stream", sim.base_url)
    assert (seen["text"], seen["finish"], seen["signed"]) == (PARIS, "STOP", True)
    assert "simple" in seen["thoughts"]
    assert all(seen["usage"])
    assert sim.requests[0].path.startswith("/v1/models/")


def test_latest_only_on_v1beta(gemini_sdk: Run, sim: Outside) -> None:
    assert gemini_sdk("latest", sim.base_url) == PARIS
    seen = gemini_sdk("latest_on_v1", sim.base_url)
    assert (seen["code"], seen["status"]) == (404, "NOT_FOUND")


def test_whole(gemini_sdk: Run, sim: Outside) -> None:
    assert gemini_sdk("whole", sim.base_url) == PARIS


def test_tool_call_and_result(gemini_sdk: Run, sim: Outside) -> None:
    seen = gemini_sdk("tool", sim.base_url)
    assert (seen["name"], seen["args"]) == ("get_weather", {"city": "Paris"})
    assert "sunny" in seen["answer"]


def test_a_call_needs_its_signature_back(gemini_sdk: Run, sim: Outside) -> None:
    seen = gemini_sdk("unsigned_call", sim.base_url)
    assert (seen["code"], "thought_signature" in seen["message"]) == (400, True)


def test_structured_output(gemini_sdk: Run, sim: Outside) -> None:
    assert gemini_sdk("structured", sim.base_url) == {"city": "Paris", "people": 1}
    assert gemini_sdk("json_schema", sim.base_url) == '{"n": 1}'


def test_a_schema_outside_the_subset_is_refused(gemini_sdk: Run, sim: Outside) -> None:
    seen = gemini_sdk("schema_refused", sim.base_url)
    assert seen["code"] == 400
    assert 'Unknown name "additionalProperties"' in seen["message"]
    assert "Cannot find field" in seen["message"]


def test_bad_key(gemini_sdk: Run, sim: Outside) -> None:
    seen = gemini_sdk("bad_key", sim.base_url)
    assert (seen["code"], seen["status"]) == (400, "INVALID_ARGUMENT")
    assert seen["details"]["error"]["details"][0]["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize(
    ("persona", "raised", "status"),
    [
        ("403", "ClientError", "PERMISSION_DENIED"),
        ("429-retryinfo=30", "ClientError", "RESOURCE_EXHAUSTED"),
        ("500", "ServerError", "INTERNAL"),
        ("503", "ServerError", "UNAVAILABLE"),
    ],
)
def test_errors(gemini_sdk: Run, sim: Outside, persona: str, raised: str, status: str) -> None:
    sim.play(persona)
    seen = gemini_sdk("once", sim.base_url)
    assert (seen["raised"], seen["status"]) == (raised, status)
    if "retryinfo" in persona:
        assert [detail["@type"].rpartition(".")[2] for detail in seen["details"]["error"]["details"]] == [
            "QuotaFailure",
            "RetryInfo",
        ]


def test_retries_until_it_works(gemini_sdk: Run, sim: Outside) -> None:
    sim.play("503*2")
    assert gemini_sdk("retried", sim.base_url) == PARIS
    assert len(sim.requests) == 3


def test_error_inside_the_stream(gemini_sdk: Run, sim: Outside) -> None:
    sim.play("error-in-stream")
    assert gemini_sdk("once_stream", sim.base_url)["code"] == 503


def test_raw_error_inside_the_stream(gemini_sdk: Run, sim: Outside) -> None:
    sim.play(error_in_stream(kind="raw"))
    assert gemini_sdk("once_stream", sim.base_url)["code"] == 503


def test_blocked_prompt(gemini_sdk: Run, sim: Outside) -> None:
    sim.say(Script(refusal="no"))
    assert gemini_sdk("blocked", sim.base_url) == "SAFETY"


def test_a_batch_is_asked_for_until_it_is_done(gemini_sdk: Run, sim: Outside) -> None:
    seen = gemini_sdk("batch", sim.base_url)
    assert seen["states"] == ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]
    assert seen["texts"] == ['{"city": "Paris", "people": 1}'] * 2


def test_requests_of_a_batch_fail_alone(gemini_sdk: Run, sim: Outside) -> None:
    sim.play("batch-partial")
    failed, answered = gemini_sdk("batch_error", sim.base_url)
    assert (failed[0], answered) == (14, None)


@pytest.mark.parametrize("state", ["expired", "failed", "cancelled"])
def test_a_batch_without_results(gemini_sdk: Run, sim: Outside, state: str) -> None:
    sim.play(f"batch-{state}")
    assert gemini_sdk("batch_end", sim.base_url) == [f"JOB_STATE_{state.upper()}", True, True]


def test_a_batch_is_cancelled(gemini_sdk: Run, sim: Outside) -> None:
    assert gemini_sdk("batch_cancelled", sim.base_url) == "JOB_STATE_CANCELLED"


def test_an_unknown_batch(gemini_sdk: Run, sim: Outside) -> None:
    assert gemini_sdk("batch_unknown", sim.base_url)["code"] == 404
