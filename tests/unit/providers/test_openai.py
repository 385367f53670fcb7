"""OpenAI: what is sent, to the letter, and what is read."""

import pytest

from maestro.failures import UpstreamError
from maestro.providers.openai import models, streaming
from maestro.providers.openai.config import INFO
from maestro.store.credentials import NoCredential
from maestro.streaming.messages import ResumePoint
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

TURN: JsonObject = {
    "model": "gpt-5.5",
    "stream": True,
    "stream_options": {"include_obfuscation": False},
    "store": False,
    "include": ["reasoning.encrypted_content"],
}


def body(
    *messages: ChatMessage,
    settings: ProviderSettings | None = None,
    model: str = "gpt-5.5",
    tools: tuple[Tool, ...] = (),
    **params: object,
) -> JsonObject:
    request = streaming.build_request(connect(INFO, settings), ask(*messages, model=model, tools=tools, **params))
    assert request.json is not None
    return request.json


def test_a_plain_question_sends_nothing_it_was_not_given() -> None:
    request = streaming.build_request(connect(INFO), ask(user("hi"), model="gpt-5.5"))
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/responses")
    assert request.headers == {"accept": "text/event-stream", "authorization": f"Bearer {KEY}"}
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    assert request.json == TURN | {"input": [message]}


def test_all_parameters() -> None:
    sent = body(
        system("Be brief."),
        system("Be kind."),
        user("What is this?", PNG),
        tools=(WEATHER,),
        max_tokens=100,
        temperature=0.0,
        effort="high",
        output_schema=SCHEMA,
    )
    assert sent == TURN | {
        "instructions": "Be brief.\n\nBe kind.",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": "data:image/png;base64,aWJt", "detail": "auto"},
                ],
            }
        ],
        "tools": [
            {
                "type": "function",
                "name": "get_weather",
                "description": "Weather of a city.",
                "parameters": WEATHER.input_schema,
                "strict": False,
            }
        ],
        "reasoning": {"effort": "high", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
        "max_output_tokens": 100,
        "temperature": 0.0,
    }


def test_a_loose_schema_is_not_sent_as_strict() -> None:
    loose: JsonObject = {"type": "object", "properties": {"city": {"type": "string"}}}
    sent = body(user("hi"), output_schema=loose)
    assert sent["text"] == {"format": {"type": "json_schema", "name": "answer", "schema": loose, "strict": False}}


def test_effort_none_asks_for_no_summary() -> None:
    assert body(user("hi"), effort="none")["reasoning"] == {"effort": "none"}


def test_calls_and_results_of_a_conversation_held_elsewhere() -> None:
    sent = body(
        user("Weather?"),
        assistant(thought("Two cities."), "Let me look.", call("c1", "Rome"), call("c2", "Oslo")),
        result("c1", "sunny"),
        result("c2", "a picture", PNG),
        assistant(""),
    )
    assert sent["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me look."}]},
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city":"Rome"}'},
        {"type": "function_call", "call_id": "c2", "name": "get_weather", "arguments": '{"city":"Oslo"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [
                {"type": "input_text", "text": "a picture"},
                {"type": "input_image", "image_url": "data:image/png;base64,aWJt", "detail": "auto"},
            ],
        },
    ]


REASONING: JsonObject = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
SAID: JsonObject = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text"}]}
CALLED: JsonObject = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "get_weather", "arguments": "{}"}


def test_own_items_go_back_verbatim_and_nothing_twice() -> None:
    own = replay("responses", REASONING, SAID, CALLED)
    sent = body(assistant(own, "Let me look.", call("c1", "Rome")), result("c1", "sunny"))
    output = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    assert sent["input"] == [REASONING, SAID, CALLED, output]


def test_own_items_that_are_reasoning_alone_stand_before_what_it_led_to() -> None:
    sent = body(assistant(replay("responses", REASONING), "Rome.", call("c2", "Rome")))
    assert sent["input"] == [
        REASONING,
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rome."}]},
        {"type": "function_call", "call_id": "c2", "name": "get_weather", "arguments": '{"city":"Rome"}'},
    ]


def test_own_items_with_a_call_nobody_answers_are_left_out() -> None:
    sent = body(assistant(replay("responses", REASONING, CALLED), "Rome."))
    assert sent["input"] == [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rome."}]}
    ]


def test_items_of_another_wire_are_left_out() -> None:
    sent = body(assistant(replay("messages", {"type": "thinking"}), "Rome."))
    assert sent["input"] == [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rome."}]}
    ]


def test_background_responses_are_stored() -> None:
    sent = body(user("hi"), settings=ProviderSettings(background=True))
    assert (sent["background"], sent["store"], "include" in sent) == (True, True, False)


@pytest.mark.parametrize(("model", "asked"), [("gpt-4o", False), ("gpt-5.5", True), ("o4-mini", True)])
def test_encrypted_reasoning_is_asked_of_models_that_reason(model: str, asked: bool) -> None:
    sent = body(user("hi"), model=model)
    assert ("include" in sent, sent["store"]) == (asked, False)


@pytest.mark.parametrize("base", ["http://gate/v1", "http://gate/v1/"])
def test_resume_goes_on_behind_the_last_event(base: str) -> None:
    request = streaming.build_resume(connect(INFO, base_url=base), ResumePoint("resp_1", 7))
    assert (request.method, request.json) == ("GET", None)
    assert request.url == "http://gate/v1/responses/resp_1?stream=true&starting_after=7"
    assert request.headers == {"accept": "text/event-stream", "authorization": f"Bearer {KEY}"}


def test_headers_from_settings() -> None:
    settings = ProviderSettings(organization="org", project="prj", headers={"X-Team": "a"})
    request = streaming.build_request(connect(INFO, settings, credential=NoCredential()), ask())
    assert request.headers == {
        "accept": "text/event-stream",
        "openai-organization": "org",
        "openai-project": "prj",
        "x-team": "a",
    }


def test_odd_items_from_a_client_do_no_harm() -> None:
    odd: JsonObject = {"call_id": ["c1"], "id": {}, "functionCall": "x"}
    assert "odd" in str(body(user("hi"), assistant(replay("responses", odd | {"odd": 1}), "Rome.")))


@pytest.mark.asyncio
async def test_streams_are_opened_and_resumed_over_the_wire() -> None:
    async with loopback((200, b"data: one\n\n"), (200, b"data: two\n\n")) as (server, http):
        connection = connect(INFO, base_url=f"{server.base_url}/v1", http=http)
        stream = await streaming.open_stream(connection, ask(model="gpt-5.5"))
        first = b"".join([chunk async for chunk in stream])
        resumed = await streaming.resume_stream(connection, ResumePoint("resp_1", 0))
        second = b"".join([chunk async for chunk in resumed])
    assert (stream.wire, first) == ("responses", b"data: one\n\n")
    assert (resumed.wire, second) == ("responses", b"data: two\n\n")
    assert [r.target for r in server.received] == [
        "/v1/responses",
        "/v1/responses/resp_1?stream=true&starting_after=0",
    ]
    assert server.received[0].json == streaming.build_request(connection, ask(model="gpt-5.5")).json
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.asyncio
async def test_models_in_the_order_of_the_service() -> None:
    entries = [
        {"id": "gpt-5.5", "object": "model", "created": 1, "owned_by": "openai"},
        {"id": "gpt-4", "object": "model", "shutdown_date": "2026-12-01"},
        {"id": "gpt-3", "object": "model", "shutdown_date": "soon"},
    ]
    async with loopback((200, {"object": "list", "data": entries})) as (server, http):
        found = await models.list_models(connect(INFO, base_url=f"{server.base_url}/v1/", http=http))
    assert (server.received[0].method, server.received[0].target) == ("GET", "/v1/models")
    assert [model.to_wire() for model in found] == [
        {"id": "openai/gpt-5.5", "provider": "openai", "name": "gpt-5.5"},
        {"id": "openai/gpt-4", "provider": "openai", "name": "gpt-4", "deprecated": True, "retiresOn": "2026-12-01"},
        {"id": "openai/gpt-3", "provider": "openai", "name": "gpt-3", "deprecated": True},
    ]


@pytest.mark.asyncio
async def test_a_row_that_does_not_fit_hides_no_other() -> None:
    async with loopback((200, {"data": [{"id": None}, {"id": "gpt-5.5"}, 7]}), (200, {"data": [{}]})) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        assert [model.name for model in await models.list_models(connection)] == ["gpt-5.5"]
        with pytest.raises(UpstreamError) as caught:
            await models.list_models(connection)
    assert caught.value.failure.kind == "malformed"


@pytest.mark.asyncio
async def test_a_response_is_cancelled_by_its_id() -> None:
    async with loopback((200, {"id": "resp/1", "status": "cancelled"})) as (server, http):
        await streaming.cancel_stream(connect(INFO, base_url=f"{server.base_url}/v1", http=http), "resp/1")
    (sent,) = server.received
    assert (sent.method, sent.target, sent.json) == ("POST", "/v1/responses/resp%2F1/cancel", None)
    assert sent.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.asyncio
async def test_a_list_that_is_none_is_malformed() -> None:
    async with loopback((200, {"secret": "not a list"})) as (server, http):
        with pytest.raises(UpstreamError) as caught:
            await models.list_models(connect(INFO, base_url=server.base_url, http=http))
    assert caught.value.failure.kind == "malformed"
    assert "secret" not in caught.value.failure.message
    assert caught.value.__context__ is caught.value.__cause__ is None
