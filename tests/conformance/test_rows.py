"""What the data of a gateway's row promises, held against a simulator that refuses what the service refuses."""

from typing import get_args

import pytest

from maestro import provider
from maestro.errors import MaestroError
from maestro.providers.openai_compatible.config import ROWS
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ChatParams, ContentPart, Effort, TextPart, ToolCallPart
from tests.conformance.calls import HELLO, TOOL, WEATHER
from tests.conformance.subjects import SESSION, prepared
from tests.simulators.gateways import GATEWAYS
from tests.simulators.replies import Script, Tokens, ToolCall

pytestmark = pytest.mark.asyncio

THINKS = Script(
    text="Let me look.",
    reasoning="Two cities.",
    tool_calls=(ToolCall("get_weather", '{"city":"Rome"}'), ToolCall("get_weather", '{"city":"Oslo"}')),
    tokens=Tokens(40, 20, 10, 5),
)
IN_DOLLARS: JsonObject = {"input": "1", "output": "2"}
SAID: dict[str, JsonObject] = {
    "openrouter": {
        "label": "Acme: Some Model",
        "contextWindow": 128_000,
        "maxOutput": 16_000,
        "features": ["tools", "reasoning", "vision", "structuredOutput"],
        "prices": IN_DOLLARS | {"cacheRead": "0.1", "cacheWrite": "1.25"},
        "deprecated": True,
        "retiresOn": "2027-03-01",
    },
    "groq": {"contextWindow": 131_072, "maxOutput": 32_768},
    "mistral": {
        "label": "acme-large",
        "contextWindow": 131_072,
        "features": ["tools", "reasoning"],
        "deprecated": True,
        "retiresOn": "2027-03-01",
    },
    "xai": {"features": ["vision"], "prices": IN_DOLLARS | {"cacheRead": "0.1"}},
    "together": {"label": "Some Model", "contextWindow": 131_072, "prices": IN_DOLLARS},
    "fireworks": {"contextWindow": 131_072, "features": ["tools"]},
    "moonshot": {"contextWindow": 262_144, "features": ["reasoning", "vision"]},
    "moonshot_cn": {"contextWindow": 262_144, "features": ["reasoning", "vision"]},
    "github": {
        "label": "Some Model",
        "contextWindow": 128_000,
        "maxOutput": 4_096,
        "features": ["tools", "vision"],
    },
    "azure": {"label": "gpt-5.4"},
    "vllm": {"contextWindow": 32_768},
}
"""What is known of a model of this service beside its name."""
EVERY_ROW = pytest.mark.parametrize("name", sorted(ROWS))
CHECKED = sorted(name for name, row in ROWS.items() if row.needs_key and name != "github")
"""Where a bad key is refused the list, which GitHub gave to anybody."""


@EVERY_ROW
async def test_its_list_is_read_whole(name: str) -> None:
    async with prepared(name, "api_key"):
        models = await provider.list_models(name, "api_key", SESSION)
        listed = GATEWAYS[name if name in GATEWAYS else "plain"].names
        known = {"provider": name, **SAID.get(name, {})}
        assert [model.to_wire() for model in models] == [
            {"id": f"{name}/{model}", "name": model, **known} for model in listed
        ]


@EVERY_ROW
async def test_every_effort_and_the_cap_are_said_in_words_it_takes(name: str) -> None:
    async with prepared(name, "api_key") as subject:
        assert subject.service is not None
        model = await subject.model()
        for effort in get_args(Effort):
            params = ChatParams(effort=effort, max_tokens=50)
            assert (await provider.complete_text(name, SESSION, HELLO, model=model, params=params)).text
            assert subject.service.prompts[-1].limit == 50


@EVERY_ROW
async def test_an_answer_goes_back_with_the_results_of_its_calls(name: str) -> None:
    async with prepared(name, "api_key") as subject:
        assert subject.service is not None
        subject.service.say(THINKS, Script(text="Both fine."))
        options = {"model": await subject.model(), "tools": [TOOL]}
        first = await provider.complete_with_tools(name, SESSION, WEATHER, **options)
        assert (first.text, first.reasoning, first.stop_reason) == ("Let me look.", "Two cities.", "toolUse")
        assert first.usage.output_tokens == 20
        calls = [ToolCallPart(tool_call_id=call.id, name=call.name, input=call.arguments or {}) for call in first.calls]
        content: list[ContentPart] = [TextPart(text=first.text), *calls, *([first.replay] if first.replay else [])]
        results = [ChatMessage(role="tool", content="fine", tool_call_id=call.tool_call_id) for call in calls]
        said = [*WEATHER, ChatMessage(role="assistant", content=content), *results]
        assert (await provider.complete_with_tools(name, SESSION, said, **options)).text == "Both fine."
        assert subject.service.prompts[-1].tool_results == ("fine", "fine")


@pytest.mark.parametrize("name", CHECKED)
async def test_a_bad_key_is_found_out_before_it_is_kept(name: str) -> None:
    async with prepared(name, "api_key"):
        with pytest.raises(MaestroError) as caught:
            await provider.create_session(name, "api_key", name="bad", api_key="sk-invalid-012345", validate=True)
        assert caught.value.code == 4002
        with pytest.raises(MaestroError):
            provider.connection(name, "bad")


@EVERY_ROW
@pytest.mark.parametrize(("persona", "code"), [("404", 4209), ("422", 4209), ("429", 4201), ("error-in-stream=0", 0)])
async def test_its_errors_are_understood(name: str, persona: str, code: int) -> None:
    """In its own spelling; inside a stream each has a code of its own."""
    async with prepared(name, "api_key") as subject:
        assert subject.service is not None
        model = await subject.model()
        subject.service.play(persona)
        with pytest.raises(MaestroError) as caught:
            await provider.complete_text(name, SESSION, HELLO, model=model)
        assert caught.value.code == code or not code
        assert not code or caught.value.data.http_status == int(persona)
        assert ("Token limit reached" in caught.value.message) == (not code)


@EVERY_ROW
async def test_a_model_that_is_not_there(name: str) -> None:
    async with prepared(name, "api_key"):
        with pytest.raises(MaestroError) as caught:
            await provider.complete_text(name, SESSION, HELLO, model="no-such-model")
        assert (caught.value.code, caught.value.data.http_status) == (4209, 404)
