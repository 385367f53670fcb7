"""OpenAI's SDK finds the simulator to be OpenAI."""

from collections.abc import Iterator

import pytest

from tests.fidelity.driver import Run
from tests.simulators.fixtures import Outside, running
from tests.simulators.openai import MODELS

pytestmark = pytest.mark.timeout(900)  # the first test may have to make the environment

PARIS = "The capital of France is Paris."


@pytest.fixture
def sim() -> Iterator[Outside]:
    with running("openai") as sim:
        yield sim


def test_models(openai_sdk: Run, sim: Outside) -> None:
    assert openai_sdk("models", sim.base_url) == list(MODELS)


def test_stream(openai_sdk: Run, sim: Outside) -> None:
    seen = openai_sdk("stream", sim.base_url)
    assert (seen["text"], seen["status"]) == (PARIS, "completed")
    assert seen["reasoning"] > 0
    assert "response.reasoning_summary_text.delta" in seen["kinds"]
    assert seen["kinds"][-1] == "response.completed"


def test_sequence_numbers(openai_sdk: Run, sim: Outside) -> None:
    seen = openai_sdk("create_stream", sim.base_url)
    assert seen["numbers"] == list(range(len(seen["numbers"])))
    assert seen["last"] == "response.completed"


def test_whole(openai_sdk: Run, sim: Outside) -> None:
    assert openai_sdk("whole", sim.base_url) == PARIS


def test_background_is_resumed_and_cancelled(openai_sdk: Run, sim: Outside) -> None:
    seen = openai_sdk("background", sim.base_url)
    assert seen["text"] == PARIS
    assert seen["numbers"] == list(range(len(seen["numbers"])))
    assert (seen["second"], seen["last"], seen["cancelled"]) == ("response.queued", "response.completed", "cancelled")


def test_tool_call_and_result(openai_sdk: Run, sim: Outside) -> None:
    seen = openai_sdk("tool", sim.base_url)
    assert (seen["name"], seen["arguments"]) == ("get_weather", '{"city": "Paris"}')
    assert "response.function_call_arguments.delta" in seen["kinds"]
    assert seen["answer"] == "The tool returned: sunny"


def test_structured_output(openai_sdk: Run, sim: Outside) -> None:
    assert openai_sdk("structured", sim.base_url) == {"city": "Paris", "people": 1}


def test_structured_output_as_a_stream_and_without_a_schema(openai_sdk: Run, sim: Outside) -> None:
    assert openai_sdk("structured_stream", sim.base_url) == '{"city": "Paris"}'
    assert openai_sdk("json_mode", sim.base_url) == "{}"


def test_chat_completions(openai_sdk: Run, sim: Outside) -> None:
    seen = openai_sdk("chat", sim.base_url)
    assert (seen["text"], seen["finish"]) == (PARIS, "stop")
    assert seen["usage"] > 0
    assert "content.delta" in seen["kinds"]


def test_chat_tool_call(openai_sdk: Run, sim: Outside) -> None:
    seen = openai_sdk("chat_tool", sim.base_url)
    assert seen == {"name": "get_weather", "arguments": '{"city": "Paris"}', "finish": "tool_calls"}


@pytest.mark.parametrize(
    ("scenario", "raised", "status", "code", "param"),
    [
        ("bad_key", "AuthenticationError", 401, "invalid_api_key", None),
        ("unknown_parameter", "BadRequestError", 400, "unknown_parameter", "shiny"),
        ("empty_input", "BadRequestError", 400, "missing_required_parameter", "input"),
        ("missing_model", "BadRequestError", 400, "missing_required_parameter", "model"),
        ("loose_schema", "BadRequestError", 400, "invalid_json_schema", "text.format.schema"),
        ("json_mode_unnamed", "BadRequestError", 400, None, "text.format"),
        ("sampling", "BadRequestError", 400, "unsupported_parameter", "temperature"),
    ],
)
def test_refusals(
    openai_sdk: Run, sim: Outside, scenario: str, raised: str, status: int, code: str | None, param: str | None
) -> None:
    seen = openai_sdk(scenario, sim.base_url)
    assert (seen["raised"], seen["status"], seen["code"], seen["param"]) == (raised, status, code, param)
    assert seen["request_id"].startswith("req_")


@pytest.mark.parametrize(
    ("persona", "raised"),
    [
        ("403", "PermissionDeniedError"),
        ("404", "NotFoundError"),
        ("413", "APIStatusError"),
        ("429", "RateLimitError"),
        ("500", "InternalServerError"),
        ("503", "InternalServerError"),
        ("html", "InternalServerError"),
        ("disconnect", "APIConnectionError"),
    ],
)
def test_errors(openai_sdk: Run, sim: Outside, persona: str, raised: str) -> None:
    sim.play(persona)
    assert openai_sdk("once", sim.base_url)["raised"] == raised


@pytest.mark.parametrize("persona", ["429=0.01*2", "429-ms=10*2", "503=0.01*2", "disconnect*1"])
def test_retries_until_it_works(openai_sdk: Run, sim: Outside, persona: str) -> None:
    sim.play(persona)
    assert openai_sdk("retried", sim.base_url) == PARIS
    assert len(sim.requests) == (2 if persona.endswith("*1") else 3)


def test_error_inside_the_stream(openai_sdk: Run, sim: Outside) -> None:
    sim.play("error-in-stream")
    seen = openai_sdk("create_stream", sim.base_url)
    assert (seen["raised"], seen["code"]) == ("APIError", "server_error")


def test_error_inside_the_chat_stream(openai_sdk: Run, sim: Outside) -> None:
    sim.play("error-in-stream")
    seen = openai_sdk("chat", sim.base_url)
    assert (seen["raised"], seen["code"]) == ("APIError", "server_error")
