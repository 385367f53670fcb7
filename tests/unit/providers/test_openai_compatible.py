"""Compatible services: the rows, what each flag changes in a request, and the shapes a model list comes in."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from maestro.errors import MaestroError
from maestro.providers.base import ProviderInfo
from maestro.providers.openai_compatible import streaming
from maestro.providers.openai_compatible.config import INFO, ROWS, gateway, read_rows
from maestro.store.credentials import ApiKeyCredential, NoCredential
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
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
    vendors = (
        "openrouter groq deepseek mistral xai together fireworks cerebras moonshot alibaba perplexity github azure"
    )
    assert set(ROWS) >= {*vendors.split(), "ollama", "lmstudio", "llamacpp", "vllm", "openai_compatible"}
    assert {flow for row in ROWS.values() for kind in row.auth_types for flow in kind.flows} == {"key"}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_key_goes_nowhere_in_clear_text(row: ProviderInfo) -> None:
    if row.flags["local"]:
        assert row.base_url.startswith("http://127.0.0.1:")
        assert not row.needs_key
    else:
        assert row.base_url.startswith("https://") or not row.base_url


def test_no_variable_holds_the_key_of_two_services() -> None:
    variables = [variable for row in ROWS.values() for variable in row.key_variables]
    assert len(variables) == len(set(variables))


def test_the_readme_names_the_variables_that_are_not_like_their_service() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    expected = {name: f"{name.upper()}_API_KEY" for name in ROWS}
    unlike = [one for name, row in ROWS.items() for one in row.key_variables if one != expected[name]]
    assert [one for one in unlike if f"`{one}`" not in readme] == []


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
        ("xai", "xhigh", "high"),
        ("alibaba", "high", "medium"),
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


def test_azure_asks_a_deployment_in_its_own_version() -> None:
    where = "https://acme.openai.azure.com/openai/deployments/my%2Fgpt/chat/completions?api-version"
    connection = connect(ROWS["azure"], base_url="https://acme.openai.azure.com/")
    request = streaming.build_request(connection, ask(model="my/gpt", max_tokens=9))
    assert request.url == f"{where}=2025-04-01-preview"
    assert request.headers == {"accept": "text/event-stream", "api-key": KEY}
    assert request.json is not None
    assert request.json["max_completion_tokens"] == 9


@pytest.mark.parametrize(
    ("setting", "variable", "version"),
    [
        (None, " 2024-10-21 ", "2024-10-21"),
        ("2024-06-01", "2024-10-21", "2024-06-01"),
        (None, " ", "2025-04-01-preview"),
    ],
)
def test_where_the_version_comes_from(setting: str | None, variable: str, version: str) -> None:
    connection = connect(ROWS["azure"], ProviderSettings(version=setting), base_url="https://acme.openai.azure.com")
    connection = replace(connection, environment={"OPENAI_API_VERSION": variable})
    assert streaming.build_request(connection, ask()).url.endswith(f"?api-version={version}")


@pytest.mark.parametrize("row", ["azure", "groq"])
def test_a_token_of_a_login_is_always_a_bearer(row: str) -> None:
    token = ApiKeyCredential("eyJ0eXAi.eyJhdWQi.c2lnbmVk-_")
    request = streaming.build_request(connect(ROWS[row], base_url="https://acme", credential=token), ask())
    assert request.headers == {"accept": "text/event-stream", "authorization": f"Bearer {token.api_key}"}


def test_the_row_without_an_address_says_where_to_put_it() -> None:
    with pytest.raises(MaestroError) as caught:
        streaming.build_request(connect(INFO), ask())
    assert caught.value.code == 4104
    assert "providers.openai_compatible.baseUrl" in caught.value.message
    with pytest.raises(MaestroError, match=r"`providers\.azure\.baseUrl` or AZURE_OPENAI_ENDPOINT"):
        streaming.build_request(connect(ROWS["azure"]), ask())


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


def test_flags_of_the_users_own_come_before_the_rows() -> None:
    own = ProviderSettings(flags={"streamOptions": False, "maxTokensField": "limit", "chatPath": "v2/{model}/{odd}"})
    sent = build("groq", user("Hi"), settings=own, max_tokens=5)
    assert sent.json is not None
    assert "stream_options" not in sent.json
    assert sent.json["limit"] == 5
    assert sent.url.endswith("/v2/m/{odd}")
    assert "reasoning_effort" in (build("groq", user("Hi"), settings=own, effort="high").json or {}), "the row's stay"


@pytest.mark.parametrize("flags", [{"streamOption": False}, {"toolIdLength": "nine"}])
def test_a_flag_that_there_is_not_is_told_by_its_name(flags: dict[str, bool | int | str]) -> None:
    with pytest.raises(MaestroError) as caught:
        build("groq", user("Hi"), settings=ProviderSettings(flags=flags))
    assert caught.value.code == -32602
    assert f"providers.groq.flags.{next(iter(flags))}" in caught.value.message
    assert "nine" not in caught.value.message
