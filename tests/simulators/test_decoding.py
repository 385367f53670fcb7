"""The server's own decoders read from every service, however odd, the turn that was scripted."""

from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from maestro.streaming.messages import Content, Done, FunctionCall, Message, Reasoning, UsageReport
from maestro.streaming.parser import parse_stream
from tests.simulators.asking import QUESTIONS, Question, ask_gateway
from tests.simulators.fixtures import simulate
from tests.simulators.gateways import GATEWAYS
from tests.simulators.replies import Script, Tokens, ToolCall

pytestmark = pytest.mark.asyncio

CALLS = (ToolCall("get_weather", '{"city": "Paris"}'), ToolCall("get_time", "{}"))
SCRIPT = Script(text="Grüße 🎉 world", reasoning="think a bit", tool_calls=CALLS, tokens=Tokens(50, 20, 10, 5))


@dataclass
class _Turn:
    """A decoded stream."""

    messages: list[Message]

    @property
    def text(self) -> str:
        return "".join(message.text for message in self.messages if isinstance(message, Content))

    @property
    def reasoning(self) -> str:
        return "".join(message.text for message in self.messages if isinstance(message, Reasoning))

    @property
    def calls(self) -> list[tuple[str, Any]]:
        return [(one.name, one.arguments) for one in self.messages if isinstance(one, FunctionCall) and one.complete]


async def _decoded(
    name: str, script: Script, path: str = "", wire: str | None = None, asked: Question | None = None, **options: Any
) -> _Turn:
    question = asked or QUESTIONS[name]
    async with simulate(name, always=script, **options) as sim, httpx.AsyncClient(headers=question.headers) as client:
        async with client.stream("POST", sim.base_url + (path or question.path), json=question.body) as response:
            chosen = {"wire": wire} if wire else None
            return _Turn([message async for message in parse_stream(response.aiter_raw(), name, chosen)])


@pytest.mark.parametrize("name", ["openai", "anthropic", "gemini"])
async def test_every_provider_is_understood(name: str) -> None:
    turn = await _decoded(name, SCRIPT)
    assert (turn.text, turn.reasoning) == (SCRIPT.text, SCRIPT.reasoning)
    assert turn.calls == [("get_weather", {"city": "Paris"}), ("get_time", {})]
    (*_, usage) = [message.usage for message in turn.messages if isinstance(message, UsageReport)]
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (40, 10, 20)
    assert isinstance(turn.messages[-1], Done) and turn.messages[-1].stop_reason == "toolUse"


async def test_the_array_of_gemini_is_understood() -> None:
    turn = await _decoded("gemini", SCRIPT, QUESTIONS["gemini"].path.partition("?")[0], "geminiArray")
    assert (turn.text, len(turn.calls)) == (SCRIPT.text, 2)


@pytest.mark.parametrize("gateway", sorted(GATEWAYS))
async def test_every_gateway_is_understood(gateway: str) -> None:
    quirks, asked = GATEWAYS[gateway], ask_gateway(gateway)
    turn = await _decoded("compatible", SCRIPT, asked=asked, gateway=gateway)
    assert (turn.text, turn.reasoning) == (SCRIPT.text, SCRIPT.reasoning)
    told = quirks.arguments in ("text", "object")
    assert turn.calls == [("get_weather", {"city": "Paris"} if told else {}), ("get_time", {})]
    (*_, usage) = [message.usage for message in turn.messages if isinstance(message, UsageReport)]
    assert usage.output_tokens == 20
    plain = await _decoded("compatible", replace(SCRIPT, tool_calls=()), asked=asked, gateway=gateway)
    assert isinstance(plain.messages[-1], Done) and plain.messages[-1].stop_reason == "endTurn"
