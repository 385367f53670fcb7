"""Compatible services: the rows, what each flag changes in a request, and the shapes a model list comes in."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.openai_compatible import models, streaming
from maestro.providers.openai_compatible.config import INFO, ROWS, gateway, read_rows
from maestro.store.credentials import NoCredential
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.chat import ChatMessage, ReplayPart, Tool
from maestro_protocol.settings import ProviderSettings
from tests.unit.providers.support import (
    KEY,
    PNG,
    SCHEMA,
    WEATHER,
    ask,
    assistant,
    call,
    connect,
    loopback,
    replay,
    result,
    system,
    thought,
    user,
)

IMAGE: JsonObject = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aWJt"}}


def build(
    row: str,
    *messages: ChatMessage,
    settings: ProviderSettings | None = None,
    tools: tuple[Tool, ...] = (),
    **params: object,
) -> HttpRequest:
    return streaming.build_request(connect(ROWS[row], settings), ask(*messages, tools=tools, **params))


def body(row: str, *messages: ChatMessage, tools: tuple[Tool, ...] = (), **params: object) -> JsonObject:
    sent = build(row, *messages, tools=tools, **params).json
    assert sent is not None
    return sent


def tool_call(call_id: str, arguments: str) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


def test_the_rows_there_are() -> None:
    services = {"openrouter", "groq", "deepseek", "mistral", "xai", "together"}
    local = {"ollama", "lmstudio", "vllm", "llamacpp"}
    assert set(ROWS) == services | local | {"openai_compatible"}
    assert {name for name, row in ROWS.items() if row.flags["local"]} == local
    assert {name for name, row in ROWS.items() if row.needs_key} == services
    assert all(ROWS[name].base_url.startswith("http://127.0.0.1:") for name in local)
    assert all(ROWS[name].base_url.startswith("https://") and ROWS[name].key_variables for name in services)
    assert {flow for row in ROWS.values() for kind in row.auth_types for flow in kind.flows} == {"key"}


def test_a_plain_question_sends_nothing_it_was_not_given() -> None:
    request = build("openrouter", user("hi"))
    assert (request.method, request.url) == ("POST", "https://openrouter.ai/api/v1/chat/completions")
    assert request.headers == {"accept": "text/event-stream", "authorization": f"Bearer {KEY}"}
    assert request.json == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_all_parameters() -> None:
    sent = body(
        "groq",
        system("Be brief."),
        user("What is ", "this?", PNG),
        tools=(WEATHER,),
        max_tokens=100,
        temperature=0.0,
        effort="high",
        output_schema=SCHEMA,
    )
    assert sent == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, IMAGE]},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "get_weather",
                    "description": "Weather of a city.",
                    "parameters": WEATHER.input_schema,
                },
            }
        ],
        "temperature": 0.0,
        "max_completion_tokens": 100,
        "reasoning_effort": "high",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_mistral_is_sent_no_field_it_refuses() -> None:
    sent = body("mistral", user("hi"), max_tokens=100)
    assert sent == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 100,
        "stream": True,
    }


def test_a_schema_is_not_sent_to_a_service_that_takes_none() -> None:
    assert "response_format" not in body("deepseek", output_schema=SCHEMA)
    assert "response_format" not in body("groq")


@pytest.mark.parametrize(
    ("row", "asked", "sent"),
    [
        ("openrouter", "xhigh", "xhigh"),
        ("groq", "max", "high"),
        ("groq", "none", "low"),
        ("xai", "medium", "low"),
        ("mistral", "medium", "none"),
        ("llamacpp", "high", None),
        ("groq", None, None),
    ],
)
def test_efforts_are_said_in_words_the_service_knows(row: str, asked: str | None, sent: str | None) -> None:
    assert body(row, effort=asked).get("reasoning_effort") == sent


def test_calls_and_their_results() -> None:
    sent = body(
        "groq",
        user("Weather?"),
        assistant(thought("Two cities."), call("c1", "Rome"), call("c2", "Oslo")),
        result("c1", "a picture", PNG),
        result("c2", "rain"),
        assistant("Rome."),
    )
    assert sent["messages"] == [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [tool_call("c1", '{"city":"Rome"}'), tool_call("c2", '{"city":"Oslo"}')],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a picture"},
        {"role": "tool", "tool_call_id": "c2", "content": "rain"},
        {"role": "user", "content": [IMAGE]},
        {"role": "assistant", "content": "Rome."},
    ]


def test_pictures_of_the_last_result_are_not_lost() -> None:
    sent = body("groq", assistant(call("c1", "Rome")), result("c1", PNG))
    assert sent["messages"][-1] == {"role": "user", "content": [IMAGE]}  # type: ignore[index]


@pytest.mark.parametrize(
    ("kept", "reasoning"),
    [
        (replay("chat", {"reasoning_content": "Rome, surely."}), "Rome, surely."),
        (replay("messages", {"reasoning_content": "Oslo."}), "Rome."),
    ],
)
def test_deepseek_gets_its_reasoning_back_where_it_called_tools(kept: ReplayPart, reasoning: str) -> None:
    answer = assistant(kept, thought("Rome."), call("c1", "Rome"))
    sent = body("deepseek", assistant(kept, thought("Hm."), "Hi."), answer, assistant(call("c1", "Rome")))
    called: JsonObject = {"role": "assistant", "content": None, "tool_calls": [tool_call("c1", '{"city":"Rome"}')]}
    assert sent["messages"] == [
        {"role": "assistant", "content": "Hi."},
        called | {"reasoning_content": reasoning},
        called | {"reasoning_content": ""},
    ]


def test_openrouter_gets_its_reasoning_details_back_verbatim() -> None:
    details: JsonObject = {"reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAA", "index": 0}]}
    answer = assistant(replay("chat", details | {"reasoning_content": "Hm."}), "Rome.")
    assert body("openrouter", answer)["messages"] == [{"role": "assistant", "content": "Rome."} | details]
    assert body("groq", answer)["messages"] == [{"role": "assistant", "content": "Rome."}]


def test_mistral_takes_ids_of_nine_characters() -> None:
    messages = body("mistral", assistant(call("call_1", "Rome"), call("abcdef123", "Oslo")), result("call_1", "sunny"))
    answer, tool = messages["messages"]  # type: ignore[misc]
    made, kept = (made["id"] for made in answer["tool_calls"])  # type: ignore[index, call-overload]
    assert (len(made), made.isalnum(), kept) == (9, True, "abcdef123")
    assert tool["tool_call_id"] == made  # type: ignore[index, call-overload]


def test_a_service_on_this_machine_wants_no_key() -> None:
    request = streaming.build_request(connect(ROWS["ollama"], credential=NoCredential()), ask())
    assert request.url == "http://127.0.0.1:11434/v1/chat/completions"
    assert request.headers == {"accept": "text/event-stream"}


def test_the_row_without_an_address_says_where_to_put_it() -> None:
    with pytest.raises(MaestroError) as caught:
        streaming.build_request(connect(INFO), ask())
    assert caught.value.code == 4104
    assert "providers.openai_compatible.baseUrl" in caught.value.message


def test_a_gateway_is_a_base_url() -> None:
    found = gateway("my-gate", ProviderSettings(base_url="http://gate/v1/"))
    assert found is not None
    assert (found.id, found.label, found.base_url) == ("my-gate", "my-gate", "http://gate/v1/")
    assert found.key_variables == ("MY_GATE_API_KEY",)
    assert streaming.build_request(connect(found), ask()).url == "http://gate/v1/chat/completions"
    assert gateway("my-gate", ProviderSettings()) is None


def test_a_misspelt_flag_is_an_error() -> None:
    with pytest.raises(ValidationError, match="streamOption"):
        read_rows('[gate]\nlabel = "Gate"\nbase_url = "http://gate"\nflags = { streamOption = true }')


@pytest.mark.asyncio
async def test_streams_are_opened_over_the_wire() -> None:
    async with loopback((200, b"data: [DONE]\n\n")) as (server, http):
        connection = connect(ROWS["groq"], base_url=f"{server.base_url}/v1", http=http)
        stream = await streaming.open_stream(connection, ask())
        assert b"".join([chunk async for chunk in stream]) == b"data: [DONE]\n\n"
    assert stream.wire == "chat"
    assert server.received[0].target == "/v1/chat/completions"


async def listed(
    answer: JsonValue, status: int = 200, settings: ProviderSettings | None = None, default: str | None = None
) -> list[JsonObject]:
    async with loopback((status, answer)) as (server, http):
        info = replace(ROWS["groq"], default_model=default)
        found = await models.list_models(connect(info, settings, base_url=f"{server.base_url}/v1", http=http))
    assert (server.received[0].method, server.received[0].target) == ("GET", "/v1/models")
    return [model.to_wire() for model in found]


def named(name: str, **more: JsonValue) -> JsonObject:
    return {"id": f"groq/{name}", "provider": "groq", "name": name, **more}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        {"object": "list", "data": [{"id": "llama"}]},
        [{"id": "llama", "display_name": "llama"}],
        {"models": [{"name": "llama", "model": "llama", "details": {}}]},
    ],
)
async def test_lists_in_every_shape(answer: JsonValue) -> None:
    assert await listed(answer) == [named("llama")]


@pytest.mark.asyncio
async def test_what_openrouter_tells_of_a_model() -> None:
    entry: JsonObject = {
        "id": "anthropic/opus",
        "name": "Anthropic: Opus",
        "context_length": 200_000,
        "architecture": {"input_modalities": ["text", "image"]},
        "pricing": {"prompt": "0.000003", "completion": "0.000015"},
        "top_provider": {"max_completion_tokens": 64_000},
        "supported_parameters": ["tools", "reasoning", "temperature"],
    }
    auto: JsonObject = {
        "id": "auto",
        "context_length": "unknown",
        "architecture": {},
        "pricing": {"prompt": "-1", "completion": "-1"},
        "supported_parameters": [],
    }
    odd: JsonObject = {"id": "odd", "pricing": {"prompt": "free", "completion": 0}, "max_completion_tokens": None}
    assert await listed({"data": [entry, auto, odd]}) == [
        named(
            "anthropic/opus",
            label="Anthropic: Opus",
            contextWindow=200_000,
            maxOutput=64_000,
            features=["tools", "reasoning", "vision"],
            prices={"input": "3", "output": "15"},
        ),
        named("auto", features=[]),
        named("odd"),
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("field", ["context_length", "context_window", "max_context_length", "max_model_len"])
async def test_every_name_of_the_context_window(field: str) -> None:
    assert await listed([{"id": "llama", field: 4096}]) == [named("llama", contextWindow=4096)]


@pytest.mark.asyncio
async def test_a_service_without_a_list_has_its_default_model_or_none() -> None:
    missing: JsonObject = {"error": "not found"}
    assert await listed(missing, 404) == []
    assert await listed(missing, 404, default="llama") == [named("llama")]
    assert await listed(missing, 404, ProviderSettings(default_model="qwen"), "llama") == [named("qwen")]


@pytest.mark.asyncio
async def test_a_row_that_does_not_fit_hides_no_other() -> None:
    assert await listed([{"id": 7}, "llama", {"id": "llama"}]) == [named("llama")]
    with pytest.raises(UpstreamError) as caught:
        await listed([{"id": 7}])
    assert caught.value.failure.kind == "malformed"


@pytest.mark.asyncio
async def test_other_refusals_are_told() -> None:
    with pytest.raises(UpstreamError) as caught:
        await listed({"error": "no"}, 401)
    assert caught.value.http_status == 401
