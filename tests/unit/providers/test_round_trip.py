"""An answer that thought and called tools goes back, with its results, to a service that checks every item of it."""

import json
from dataclasses import dataclass
from types import ModuleType

import pytest

from maestro.providers.anthropic import models as anthropic_models
from maestro.providers.anthropic import streaming as anthropic_streaming
from maestro.providers.anthropic.config import INFO as ANTHROPIC
from maestro.providers.base import ChatRequest, Connection, ProviderInfo, StructuredRequest
from maestro.providers.gemini import audit
from maestro.providers.gemini import models as gemini_models
from maestro.providers.gemini import streaming as gemini_streaming
from maestro.providers.gemini.config import INFO as GEMINI
from maestro.providers.openai import models as openai_models
from maestro.providers.openai import streaming as openai_streaming
from maestro.providers.openai.config import INFO as OPENAI
from maestro.providers.openai_compatible import models as compatible_models
from maestro.providers.openai_compatible import streaming as compatible_streaming
from maestro.providers.openai_compatible.config import ROWS
from maestro.streaming.messages import Content, Done, FunctionCall, Message, Reasoning, StreamError
from maestro.streaming.parser import parse_stream
from maestro.transport import Transport
from maestro_protocol.chat import ChatMessage, ContentPart, TextPart, ToolCallPart
from maestro_protocol.settings import TransportSettings
from tests.simulators.fixtures import Simulation, simulate
from tests.simulators.gateways import GATEWAYS
from tests.simulators.replies import Script, ToolCall
from tests.unit.providers.support import SCHEMA, WEATHER, ask, connect, result, thought, user

CALLS = (ToolCall("get_weather", '{"city":"Rome"}'), ToolCall("get_weather", '{"city":"Oslo"}'))
THINKS_AND_CALLS = Script(text="Let me look.", reasoning="Two cities.", tool_calls=CALLS)


@dataclass(frozen=True, slots=True)
class Side:
    """A provider, and what its simulator has to be told to imitate it."""

    info: ProviderInfo
    streaming: ModuleType
    models: ModuleType
    model: str
    simulator: str
    path: str = ""
    gateway: str | None = None

    @property
    def options(self) -> dict[str, str]:
        return {"gateway": self.gateway} if self.gateway else {}


SIDES = [
    Side(OPENAI, openai_streaming, openai_models, "gpt-5.5", "openai", "/v1"),
    Side(ANTHROPIC, anthropic_streaming, anthropic_models, "claude-sonnet-5-5", "anthropic"),
    Side(GEMINI, gemini_streaming, gemini_models, "gemini-3.8-flash", "gemini"),
    *(
        Side(
            info, compatible_streaming, compatible_models, GATEWAYS[row].names[0], "compatible", GATEWAYS[row].base, row
        )
        for row, info in ROWS.items()
        if row in GATEWAYS
    ),
]
EVERYWHERE = pytest.mark.parametrize("side", SIDES, ids=[side.info.id for side in SIDES])


def reach(side: Side, sim: Simulation, http: Transport) -> Connection:
    return connect(side.info, base_url=f"{sim.base_url}{side.path}", http=http)


async def answer(side: Side, connection: Connection, request: ChatRequest) -> list[Message]:
    stream = await side.streaming.open_stream(connection, request)
    messages = [message async for message in parse_stream(stream, side.info.id, {"wire": stream.wire})]
    assert not [message for message in messages if isinstance(message, StreamError)]
    return messages


def as_message(messages: list[Message]) -> ChatMessage:
    """The answer as a conversation keeps it."""
    said = "".join(message.text for message in messages if isinstance(message, Content))
    thoughts = "".join(message.text for message in messages if isinstance(message, Reasoning))
    calls = [message for message in messages if isinstance(message, FunctionCall)]
    (done,) = (message for message in messages if isinstance(message, Done))
    assert all(call.complete for call in calls)
    content: list[ContentPart] = [thought(thoughts), TextPart(text=said)]
    content += [ToolCallPart(tool_call_id=call.id, name=call.name, input=call.arguments or {}) for call in calls]
    return ChatMessage(role="assistant", content=[*content, done.replay] if done.replay else content)


@EVERYWHERE
@pytest.mark.asyncio
async def test_an_answer_goes_back_with_its_results(side: Side) -> None:
    http = Transport(TransportSettings())
    async with simulate(side.simulator, replies=[THINKS_AND_CALLS, Script(text="Both fine.")], **side.options) as sim:
        connection = reach(side, sim, http)
        question = user("Weather in Rome and Oslo?")
        first = as_message(await answer(side, connection, ask(question, model=side.model, tools=(WEATHER,))))
        calls = [part for part in first.content if isinstance(part, ToolCallPart)]
        assert len(calls) == len(CALLS)  # their arguments are the parser's affair: some services lose them
        results = [result(call.tool_call_id, "fine") for call in calls]
        last = ask(question, first, *results, model=side.model, tools=(WEATHER,))
        assert any(isinstance(message, Content) for message in await answer(side, connection, last))
        assert len(sim.prompts[-1].tool_results) == 2
        await http.aclose()


@EVERYWHERE
@pytest.mark.asyncio
async def test_an_answer_of_one_service_goes_to_every_other(side: Side) -> None:
    """A conversation moves between providers: foreign ids, thoughts and items must not be refused."""
    http = Transport(TransportSettings())
    async with simulate("gemini", replies=[THINKS_AND_CALLS]) as home, simulate(side.simulator, **side.options) as sim:
        gemini_side = SIDES[2]
        question = user("Weather in Rome and Oslo?")
        asked = ask(question, model=gemini_side.model, tools=(WEATHER,))
        first = as_message(await answer(gemini_side, reach(gemini_side, home, http), asked))
        calls = [part for part in first.content if isinstance(part, ToolCallPart)]
        results = [result(call.tool_call_id, "fine") for call in calls]
        moved = ask(question, first, *results, model=side.model, tools=(WEATHER,), effort="high", output_schema=SCHEMA)
        assert isinstance((await answer(side, reach(side, sim, http), moved))[-1], Done)
        await http.aclose()


@EVERYWHERE
@pytest.mark.asyncio
async def test_the_models_of_the_service_are_listed(side: Side) -> None:
    http = Transport(TransportSettings())
    async with simulate(side.simulator, **side.options) as sim:
        found = await side.models.list_models(reach(side, sim, http))
        await http.aclose()
    assert found
    assert all(model.id == f"{side.info.id}/{model.name}" for model in found)


@pytest.mark.asyncio
async def test_the_audit_asks_gemini_in_a_shape_it_takes() -> None:
    http = Transport(TransportSettings())
    request = StructuredRequest(model="gemini-3.8-flash", system="Audit.", user="{}", schema=SCHEMA, max_tokens=500)
    async with simulate("gemini") as sim:
        connection = connect(GEMINI, base_url=sim.base_url, http=http)
        reply = await audit.generate_structured(connection, lambda: request)
        await http.aclose()
    assert (json.loads(reply.text).keys(), reply.finish_reason) == ({"city"}, "STOP")
    assert reply.usage is not None
