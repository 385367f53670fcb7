"""Anthropic: what is sent, to the letter, and what is read."""

import pytest

from maestro.failures import UpstreamError
from maestro.providers.anthropic import api_key, models, streaming
from maestro.providers.anthropic.config import INFO
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, Tool
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

IMAGE: JsonObject = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWJt"}}
THINKING: JsonObject = {"type": "thinking", "thinking": "Two cities.", "signature": "Eq=="}


def text(said: str) -> JsonObject:
    return {"type": "text", "text": said}


def body(
    *messages: ChatMessage,
    settings: ProviderSettings | None = None,
    tools: tuple[Tool, ...] = (),
    **params: object,
) -> JsonObject:
    request = streaming.build_request(connect(INFO, settings), ask(*messages, tools=tools, **params))
    assert request.json is not None
    return request.json


def test_a_plain_question_sends_nothing_it_was_not_given() -> None:
    request = streaming.build_request(connect(INFO), ask(user("hi"), model="claude-sonnet-5-5"))
    assert (request.method, request.url) == ("POST", "https://api.anthropic.com/v1/messages")
    assert request.headers == {
        "accept": "text/event-stream",
        "x-api-key": KEY,
        "anthropic-version": "2023-06-01",
    }
    assert request.json == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [text("hi")]}],
        "stream": True,
    }


def test_all_parameters() -> None:
    sent = body(
        system("Be brief."),
        user("What is this?", PNG),
        tools=(WEATHER, Tool(name="now", input_schema={"type": "object"})),
        max_tokens=100,
        temperature=0.5,
        effort="high",
        output_schema=SCHEMA,
    )
    assert sent == {
        "model": "m",
        "max_tokens": 100,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": [text("What is this?"), IMAGE]}],
        "tools": [
            {"name": "get_weather", "description": "Weather of a city.", "input_schema": WEATHER.input_schema},
            {"name": "now", "input_schema": {"type": "object"}},
        ],
        "temperature": 0.5,
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}},
        "stream": True,
    }


@pytest.mark.parametrize(("version", "sampled"), [(None, True), ("2023-06-01", True), ("2026-10-21", False)])
def test_sampling_is_left_out_where_the_version_refuses_it(version: str | None, sampled: bool) -> None:
    settings = ProviderSettings(version=version)
    assert ("temperature" in body(temperature=1.0, settings=settings)) is sampled


@pytest.mark.parametrize(
    ("effort", "sent"),
    [
        ("none", {"thinking": {"type": "disabled"}}),
        ("minimal", {"output_config": {"effort": "low"}}),
        ("xhigh", {"output_config": {"effort": "xhigh"}}),
        ("max", {"output_config": {"effort": "max"}}),
    ],
)
def test_efforts(effort: str, sent: JsonObject) -> None:
    full = body(effort=effort)
    assert {name: full[name] for name in ("thinking", "output_config") if name in full} == sent


def test_turns_alternate_and_results_come_first() -> None:
    sent = body(
        user("Weather?"),
        user("In Rome and Oslo."),
        assistant(thought("Two cities."), "Let me look."),
        assistant("", call("t1", "Rome"), call("t2", "Oslo")),
        user("Be quick."),
        result("t1", "sunny"),
        result("t2", "a picture", PNG),
        assistant(""),
        user("Thanks."),
    )
    assert sent["messages"] == [
        {"role": "user", "content": [text("Weather?"), text("In Rome and Oslo.")]},
        {
            "role": "assistant",
            "content": [
                text("Let me look."),
                {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}},
                {"type": "tool_use", "id": "t2", "name": "get_weather", "input": {"city": "Oslo"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [text("sunny")]},
                {"type": "tool_result", "tool_use_id": "t2", "content": [text("a picture"), IMAGE]},
                text("Be quick."),
                text("Thanks."),
            ],
        },
    ]


def test_ids_of_other_services_are_made_to_fit() -> None:
    sent = body(user("Weather?"), assistant(call("functions.get:0", "Rome")), result("functions.get:0", " "))
    assert sent["messages"][1:] == [  # type: ignore[index]
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "functions_get_0", "name": "get_weather", "input": {"city": "Rome"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "functions_get_0", "content": []}]},
    ]


def test_own_blocks_go_back_verbatim_and_first() -> None:
    used: JsonObject = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}}
    whole = assistant("Let me look.", call("t1", "Rome"), replay("messages", THINKING, text("Let me look."), used))
    assert body(whole)["messages"] == [{"role": "assistant", "content": [THINKING, text("Let me look."), used]}]
    alone = assistant("Let me look.", call("t1", "Rome"), replay("messages", THINKING))
    assert body(alone)["messages"] == [{"role": "assistant", "content": [THINKING, text("Let me look."), used]}]


def test_blocks_of_another_wire_are_left_out() -> None:
    sent = body(assistant(replay("responses", {"type": "reasoning"}), "Rome."))
    assert sent["messages"] == [{"role": "assistant", "content": [text("Rome.")]}]


def test_beta_flags_are_merged_whole() -> None:
    settings = ProviderSettings(
        version="2026-10-21",
        betas=["context-1m", " files-api ,context-1m", ""],
        headers={"Anthropic-Beta": "files-api, skills"},
    )
    assert api_key.auth_headers(connect(INFO, settings)) == {
        "x-api-key": KEY,
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "context-1m,files-api,skills",
    }


def test_no_flags_no_header() -> None:
    assert "anthropic-beta" not in api_key.auth_headers(connect(INFO, ProviderSettings(betas=["", " "])))


def test_a_schema_is_closed_and_without_limits() -> None:
    inner = {"type": "object", "properties": {"pattern": {"type": "string", "pattern": "a", "enum": ["a"]}}}
    schema: JsonObject = {
        "$defs": {"Inner": inner},
        "properties": {
            "one": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]},
            "many": {"type": "array", "items": inner | {"additionalProperties": True}, "maxItems": 3},
            "any": True,
        },
        "required": ["one"],
    }
    closed = {
        "type": "object",
        "properties": {"pattern": {"type": "string", "enum": ["a"]}},
        "additionalProperties": False,
    }
    sent = body(output_schema=schema)["output_config"]
    assert sent == {
        "format": {
            "type": "json_schema",
            "schema": {
                "$defs": {"Inner": closed},
                "properties": {
                    "one": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]},
                    "many": {"type": "array", "items": closed},
                    "any": True,
                },
                "required": ["one"],
                "additionalProperties": False,
            },
        }
    }


def test_odd_items_from_a_client_do_no_harm() -> None:
    odd: JsonObject = {"call_id": ["c1"], "id": {}, "functionCall": "x"}
    assert "odd" in str(body(user("hi"), assistant(replay("messages", odd | {"odd": 1}), "Rome.")))


@pytest.mark.asyncio
async def test_streams_are_opened_over_the_wire() -> None:
    async with loopback((200, b"data: one\n\n")) as (server, http):
        connection = connect(INFO, base_url=server.base_url + "/", http=http)
        stream = await streaming.open_stream(connection, ask())
        assert b"".join([chunk async for chunk in stream]) == b"data: one\n\n"
    assert stream.wire == "messages"
    assert server.received[0].target == "/v1/messages"
    assert server.received[0].json == streaming.build_request(connection, ask()).json


def entry(name: str, **more: object) -> JsonObject:
    return {"type": "model", "id": name, "display_name": name.title(), "created_at": "2026-01-01T00:00:00Z", **more}


@pytest.mark.asyncio
async def test_models_of_all_pages_without_the_retired() -> None:
    capabilities = {"thinking": {"supported": True}, "image_input": {"supported": True}, "pdf_input": {}}
    first = {"data": [entry("opus", capabilities=capabilities, max_input_tokens=1_000_000, max_tokens=128_000)]}
    second = {
        "data": [
            entry("old", lifecycle="retired"),
            entry("older", lifecycle="deprecated", retires_at="2027-01-15T08:00:00Z"),
        ]
    }
    pages = (
        (200, first | {"has_more": True, "first_id": "opus", "last_id": "opus"}),
        (200, second | {"has_more": False, "first_id": "old", "last_id": "older"}),
    )
    async with loopback(*pages) as (server, http):
        found = await models.list_models(connect(INFO, base_url=server.base_url, http=http))
    assert [r.target for r in server.received] == ["/v1/models?limit=1000", "/v1/models?limit=1000&after_id=opus"]
    assert server.received[1].headers["anthropic-version"] == "2023-06-01"
    assert [model.to_wire() for model in found] == [
        {
            "id": "anthropic/opus",
            "provider": "anthropic",
            "name": "opus",
            "label": "Opus",
            "contextWindow": 1_000_000,
            "maxOutput": 128_000,
            "features": ["tools", "reasoning", "vision"],
        },
        {
            "id": "anthropic/older",
            "provider": "anthropic",
            "name": "older",
            "label": "Older",
            "deprecated": True,
            "retiresOn": "2027-01-15",
        },
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("last_id", [None, "opus"])
async def test_a_list_that_never_moves_on_ends(last_id: str | None) -> None:
    page = (200, {"data": [entry("opus")], "has_more": True, "last_id": last_id})
    async with loopback(page, page) as (server, http):
        found = await models.list_models(connect(INFO, base_url=server.base_url, http=http))
    assert {model.name for model in found} == {"opus"}
    assert len(server.received) == (1 if last_id is None else 2)


@pytest.mark.asyncio
async def test_a_row_that_does_not_fit_hides_no_other() -> None:
    page = (200, {"data": [entry("odd", max_tokens="many"), {}, entry("opus")]})
    async with loopback(page, (200, {"data": [7]})) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        assert [model.name for model in await models.list_models(connection)] == ["opus"]
        with pytest.raises(UpstreamError) as caught:
            await models.list_models(connection)
    assert caught.value.failure.kind == "malformed"


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [b"", b"Conflict", {"error": {"type": "invalid_request_error", "message": "m"}}])
async def test_a_conflict_passes(answer: bytes | JsonObject) -> None:
    async with loopback((409, answer), (409, answer), (404, answer)) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        with pytest.raises(UpstreamError) as streamed:
            await streaming.open_stream(connection, ask())
        with pytest.raises(UpstreamError) as listed:
            await models.list_models(connection)
        with pytest.raises(UpstreamError) as missing:
            await streaming.open_stream(connection, ask())
    assert [error.value.failure.kind for error in (streamed, listed, missing)] == [
        "server",
        "server",
        "invalid_request",
    ]
    assert (streamed.value.http_status, missing.value.http_status) == (409, 404)
