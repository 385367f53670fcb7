"""The offline answer takes the way of every answer, and says what it is."""

import json

import pytest

from maestro.providers import registry
from maestro.providers.base import ChatRequest
from maestro.providers.offline import streaming
from maestro.providers.offline.config import INFO
from maestro.providers.offline.facts import Block, describe, find_blocks, without_blocks
from maestro.providers.offline.models import list_models
from maestro.streaming.messages import (
    Content,
    Done,
    FunctionCall,
    FunctionCallDelta,
    Message,
    Reasoning,
    StreamError,
    UsageReport,
)
from maestro.streaming.parser import StreamOptions, parse_stream
from maestro_protocol.chat import ChatMessage, ChatParams, ImagePart, TextPart, Tool
from tests.unit.offline.connection import connect

WEATHER = Tool(
    name="get_weather",
    input_schema={
        "type": "object",
        "properties": {
            "city": {"type": "string", "examples": ["Paris"]},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer"},
            "hours": {"type": "array", "items": {"type": "number"}},
            "where": {"type": "object", "properties": {"exact": {"type": ["boolean", "null"]}, "x": {"default": 7}}},
            "size": {"const": "L"},
            "note": {"type": "string"},
        },
        "required": ["city", "unit", "days", "hours", "where", "size", "unsaid"],
    },
)


async def ask(
    text: str, *, tools: tuple[Tool, ...] = (), params: ChatParams | None = None, role: str = "user"
) -> list[Message]:
    message = ChatMessage.model_validate({"role": role, "content": text})
    request = ChatRequest("assistant", (message,), params or ChatParams(), tools)
    stream = await streaming.open_stream(connect(), request)
    return [message async for message in parse_stream(stream, "offline", StreamOptions(wire=stream.wire))]


def text_of(messages: list[Message]) -> str:
    return "".join(message.text for message in messages if isinstance(message, Content))


@pytest.mark.asyncio
async def test_it_says_what_it_is_what_was_asked_and_how_to_go_on() -> None:
    messages = await ask("What does this do?")
    text = text_of(messages)
    assert "offline provider" in text and "> What does this do?" in text and "API key" in text
    assert len([message for message in messages if isinstance(message, Content)]) > 20
    assert isinstance(messages[-1], Done)
    assert messages[-1].stop_reason == "endTurn"
    assert not any(isinstance(message, StreamError | Reasoning | FunctionCall) for message in messages)
    assert messages == await ask("What does this do?"), "the same question, the same answer"


@pytest.mark.asyncio
async def test_usage_adds_up() -> None:
    [*_, report] = [message for message in await ask("Think. 😀") if isinstance(message, UsageReport)]
    usage = report.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert 0 < usage.reasoning_tokens < usage.output_tokens


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "params", "reasons"),
    [
        ("Please think about it", None, True),
        ("Hello", ChatParams(effort="high"), True),
        ("Hello", ChatParams(effort="none"), False),
        ("unthinkable", None, False),
    ],
)
async def test_it_reasons_on_request(text: str, params: ChatParams | None, reasons: bool) -> None:
    messages = await ask(text, params=params)
    assert any(isinstance(message, Reasoning) for message in messages) == reasons
    assert text_of(messages)


@pytest.mark.asyncio
async def test_it_calls_the_first_tool_on_request() -> None:
    messages = await ask("Call the tool, please.", tools=(WEATHER,))
    [call] = [message for message in messages if isinstance(message, FunctionCall)]
    assert (call.name, call.complete) == ("get_weather", True)
    assert call.arguments == {
        "city": "Paris",
        "unit": "celsius",
        "days": 1,
        "hours": [1],
        "where": {"exact": True, "x": 7},
        "size": "L",
        "unsaid": "example",
    }
    assert any(isinstance(message, FunctionCallDelta) for message in messages)
    assert isinstance(messages[-1], Done)
    assert messages[-1].stop_reason == "toolUse"
    assert text_of(messages) == ""


@pytest.mark.asyncio
async def test_it_calls_nothing_unasked_or_unoffered() -> None:
    for messages in (await ask("Hello", tools=(WEATHER,)), await ask("Call the tool")):
        assert not any(isinstance(message, FunctionCall) for message in messages)


@pytest.mark.asyncio
async def test_a_schema_without_shape_gets_an_empty_object() -> None:
    messages = await ask("use a tool", tools=(Tool(name="odd", input_schema={"type": "string"}),))
    assert [message.arguments for message in messages if isinstance(message, FunctionCall)] == [{}]


@pytest.mark.asyncio
async def test_it_repeats_what_a_tool_said() -> None:
    message = ChatMessage(role="tool", content="sunny", tool_call_id="call_offline_1")
    stream = await streaming.open_stream(connect(), ChatRequest("assistant", (message,)))
    messages = [item async for item in parse_stream(stream, "offline", StreamOptions(wire="chat"))]
    assert "sunny" in text_of(messages)


@pytest.mark.asyncio
async def test_it_counts_what_stands_in_files() -> None:
    code = "import os\nfrom a.b import c\n\nclass A:\n    def f(self):\n        pass\n"
    parts = [TextPart(text=f"app.py:\n```python\n{code}\n```"), ImagePart(mime_type="image/png", data="")]
    message = ChatMessage(role="user", content=[TextPart(text="Explain"), *parts])
    stream = await streaming.open_stream(connect(), ChatRequest("assistant", (message,)))
    messages = [item async for item in parse_stream(stream, "offline", StreamOptions(wire="chat"))]
    expected = "- app.py, python: 7 lines, 2 definitions (`A`, `A.f`), 2 imports (`os`, `a.b`)."
    assert expected in text_of(messages)
    assert "> Explain" in text_of(messages)


def test_fences_may_hold_fences_and_long_lists_are_cut() -> None:
    text = "Look:\n````md\n```js\nx\n```\n````\nand\n```\ny\n```"
    assert find_blocks(text) == [Block("Look", "md", "```js\nx\n```"), Block("a piece of code", "", "y")]
    assert without_blocks(text) == "and"
    imports = "".join(f"const m{n} = require('p{n}')\n" for n in range(20))
    assert describe(Block("a.js", "javascript", imports)).endswith(
        "20 imports (`p0`, `p1`, `p2`, `p3`, `p4`, `p5`, `p6`, `p7`, …)."
    )
    assert describe(Block("b", "", "x")) == "b: 1 line."


@pytest.mark.asyncio
async def test_a_long_question_is_clipped_and_none_is_said() -> None:
    assert "x" * 300 + " …" in text_of(await ask("x" * 1000))
    assert "no question" in text_of(await ask(""))


@pytest.mark.asyncio
async def test_closing_ends_it_even_while_it_waits() -> None:
    request = ChatRequest("assistant", (ChatMessage(role="user", content="Answer slowly"),))
    stream = await streaming.open_stream(connect(), request)
    iterator = aiter(stream)
    assert b"assistant" in await anext(iterator)
    await anext(iterator)
    await stream.aclose()
    await stream.aclose()
    assert [chunk async for chunk in iterator] == []


@pytest.mark.asyncio
async def test_closing_a_fast_one_ends_it_too() -> None:
    stream = await streaming.open_stream(
        connect(), ChatRequest("assistant", (ChatMessage(role="user", content="Hello"),))
    )
    iterator = aiter(stream)
    await anext(iterator)
    await stream.aclose()
    assert [chunk async for chunk in iterator] == []


@pytest.mark.asyncio
async def test_every_frame_is_one_json_object() -> None:
    request = ChatRequest("assistant", (ChatMessage(role="user", content="Hi"),))
    frames = [chunk async for chunk in await streaming.open_stream(connect(), request)]
    assert frames[-1] == b"data: [DONE]\n\n"
    assert all(json.loads(frame.removeprefix(b"data: "))["object"] for frame in frames[:-1])


@pytest.mark.asyncio
async def test_there_is_one_model() -> None:
    [model] = await list_models(connect())
    assert (model.id, model.name) == ("offline/assistant", INFO.default_model)


def test_the_registry_finds_its_roles() -> None:
    assert registry.info("offline") is INFO
    assert set(registry.roles("offline")) == {"config", "models", "streaming", "audit"}
