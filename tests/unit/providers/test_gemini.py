"""Gemini: what is sent, to the letter, and what is read."""

import pytest

from maestro.failures import UpstreamError
from maestro.providers.gemini import models, streaming
from maestro.providers.gemini.config import INFO
from maestro.providers.gemini.conversation import NO_SIGNATURE
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

IMAGE: JsonObject = {"inlineData": {"mimeType": "image/png", "data": "aWJt"}}
HOST = "https://generativelanguage.googleapis.com"


def body(
    *messages: ChatMessage,
    model: str = "gemini-3.8-flash",
    tools: tuple[Tool, ...] = (),
    **params: object,
) -> JsonObject:
    request = streaming.build_request(connect(INFO), ask(*messages, model=model, tools=tools, **params))
    assert request.json is not None
    return request.json


def function_call(city: str, **more: object) -> JsonObject:
    return {"functionCall": {"name": "get_weather", "args": {"city": city}}, **more}


def response(output: str, **more: object) -> JsonObject:
    return {"functionResponse": {"name": "get_weather", "response": {"output": output}, **more}}


def test_a_plain_question_sends_nothing_it_was_not_given() -> None:
    request = streaming.build_request(connect(INFO), ask(user("hi"), model="gemini-3.8-flash"))
    assert request.method == "POST"
    assert request.url == f"{HOST}/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
    assert request.headers == {"accept": "text/event-stream", "x-goog-api-key": KEY}
    assert request.json == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    }


def test_all_parameters() -> None:
    sent = body(
        system("Be brief."),
        user("What is this?", PNG),
        tools=(WEATHER,),
        max_tokens=100,
        temperature=0.0,
        effort="medium",
        output_schema=SCHEMA,
    )
    assert sent == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "What is this?"}, IMAGE]}],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "get_weather",
                        "description": "Weather of a city.",
                        "parametersJsonSchema": WEATHER.input_schema,
                    }
                ]
            }
        ],
        "generationConfig": {
            "maxOutputTokens": 100,
            "temperature": 0.0,
            "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "MEDIUM"},
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        },
    }


@pytest.mark.parametrize(
    ("model", "version", "path"),
    [
        ("gemini-3.8-flash", None, "v1/models/gemini-3.8-flash"),
        ("models/gemini-3.8-flash", None, "v1/models/gemini-3.8-flash"),
        ("gemini-flash-latest", None, "v1beta/models/gemini-flash-latest"),
        ("gemini-flash-latest", "v1", "v1/models/gemini-flash-latest"),
        ("gemini-3.8-flash", "v1beta", "v1beta/models/gemini-3.8-flash"),
        ("a b/c?d", None, "v1/models/a%20b%2Fc%3Fd"),
    ],
)
def test_versions_and_names_in_the_address(model: str, version: str | None, path: str) -> None:
    settings = ProviderSettings.model_validate({"api_version": version})
    request = streaming.build_request(connect(INFO, settings, base_url="http://gate/"), ask(model=model))
    assert request.url == f"http://gate/{path}:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-2.5-flash", "none", {"includeThoughts": True, "thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"includeThoughts": True, "thinkingBudget": 128}),
        ("models/gemini-2.5-pro", "high", {"includeThoughts": True, "thinkingBudget": 24_576}),
        ("gemini-3.8-flash", "none", {"includeThoughts": True, "thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", "minimal", {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("gemini-3.1-pro-preview", "max", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
    ],
)
def test_efforts(model: str, effort: str, config: JsonObject) -> None:
    assert body(model=model, effort=effort)["generationConfig"] == {"thinkingConfig": config}


def test_models_that_do_not_think_are_not_asked_for_thoughts() -> None:
    assert "generationConfig" not in body(model="gemini-2.0-flash", effort="high")


def test_calls_of_another_model_and_their_results_in_order() -> None:
    sent = body(
        user("Weather?"),
        assistant(thought("Two cities."), "Let me look.", call("c1", "Rome"), call("c2", "Oslo")),
        result("c2", "a picture", PNG),
        result("c1", "sunny"),
        user("Thanks."),
    )
    assert sent["contents"] == [
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {
            "role": "model",
            "parts": [
                {"text": "Let me look."},
                function_call("Rome", thoughtSignature=NO_SIGNATURE),
                function_call("Oslo"),
            ],
        },
        {"role": "user", "parts": [response("sunny"), response("a picture")]},
        {"role": "user", "parts": [IMAGE]},
        {"role": "user", "parts": [{"text": "Thanks."}]},
    ]


def test_own_parts_go_back_verbatim_and_nothing_twice() -> None:
    own = [
        {"text": "Two cities.", "thought": True},
        {"text": "Let me look."},
        {"functionCall": {"id": "g1", "name": "get_weather", "args": {"city": "Rome"}}, "thoughtSignature": "c2ln"},
        function_call("Oslo"),
    ]
    answer = assistant(
        replay("gemini", *own, {"text": ""}), "Let me look.", call("g1", "Rome"), call("made_up", "Oslo")
    )
    sent = body(answer, result("g1", "sunny"), result("made_up", "rain"))
    assert sent["contents"] == [
        {"role": "model", "parts": own},
        {"role": "user", "parts": [response("sunny", id="g1"), response("rain")]},
    ]


def test_a_signature_on_an_empty_text_stays_beside_the_text() -> None:
    signed = {"text": "", "thoughtSignature": "c2ln"}
    sent = body(assistant("Rome.", replay("gemini", signed), replay("messages", {"type": "thinking"})))
    assert sent["contents"] == [{"role": "model", "parts": [signed, {"text": "Rome."}]}]


def test_own_parts_with_a_call_nobody_answers_are_left_out() -> None:
    own = replay("gemini", {"text": "Hm.", "thought": True}, function_call("Rome", thoughtSignature="c2ln"))
    assert body(assistant(own, "Rome."))["contents"] == [{"role": "model", "parts": [{"text": "Rome."}]}]


def test_empty_messages_and_unknown_calls_do_no_harm() -> None:
    sent = body(assistant(""), user("hi"), result("get_weather", "sunny"))
    assert sent["contents"] == [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "user", "parts": [response("sunny")]},
    ]


def test_odd_items_from_a_client_do_no_harm() -> None:
    odd: JsonObject = {"call_id": ["c1"], "id": {}, "functionCall": "x"}
    assert "odd" in str(body(user("hi"), assistant(replay("gemini", odd | {"odd": 1}), "Rome.")))


@pytest.mark.asyncio
async def test_streams_are_opened_over_the_wire() -> None:
    async with loopback((200, b"data: {}\r\n\r\n")) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        stream = await streaming.open_stream(connection, ask(model="gemini-3.8-flash"))
        assert b"".join([chunk async for chunk in stream]) == b"data: {}\r\n\r\n"
    assert stream.wire == "gemini"
    assert server.received[0].target == "/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
    assert server.received[0].headers["x-goog-api-key"] == KEY


@pytest.mark.asyncio
async def test_models_of_all_pages_that_generate_content() -> None:
    flash = {
        "name": "models/gemini-3.8-flash",
        "displayName": "Gemini 3.8 Flash",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": True,
    }
    embedding = {"name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"]}
    gemma = {"name": "models/gemma-4", "supportedGenerationMethods": ["generateContent"]}
    pages = ((200, {"models": [flash, embedding], "nextPageToken": "a+b"}), (200, {"models": [gemma]}))
    async with loopback(*pages) as (server, http):
        found = await models.list_models(connect(INFO, base_url=server.base_url, http=http))
    assert [r.target for r in server.received] == [
        "/v1/models?pageSize=1000",
        "/v1/models?pageSize=1000&pageToken=a%2Bb",
    ]
    assert [model.to_wire() for model in found] == [
        {
            "id": "gemini/gemini-3.8-flash",
            "provider": "gemini",
            "name": "gemini-3.8-flash",
            "label": "Gemini 3.8 Flash",
            "contextWindow": 1_048_576,
            "maxOutput": 65_536,
            "features": ["reasoning"],
        },
        {"id": "gemini/gemma-4", "provider": "gemini", "name": "gemma-4"},
    ]


@pytest.mark.asyncio
async def test_a_list_that_never_moves_on_ends() -> None:
    page = (200, {"nextPageToken": "again"})
    async with loopback(page, page) as (server, http):
        settings = ProviderSettings(api_version="v1beta")
        assert await models.list_models(connect(INFO, settings, base_url=server.base_url, http=http)) == []
    assert [r.target.partition("?")[0] for r in server.received] == ["/v1beta/models"] * 2


@pytest.mark.asyncio
async def test_a_row_that_does_not_fit_hides_no_other() -> None:
    page = (
        200,
        {
            "models": [
                {"displayName": "Nameless"},
                {"name": "models/gemma-4", "supportedGenerationMethods": ["generateContent"]},
            ]
        },
    )
    async with loopback(page, (200, {"models": [7]})) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        assert [model.name for model in await models.list_models(connection)] == ["gemma-4"]
        with pytest.raises(UpstreamError) as caught:
            await models.list_models(connection)
    assert caught.value.failure.kind == "malformed"
