"""Gemini's structured answers: the schema it is given, what happens when it refuses it, what comes back."""

import json
from dataclasses import replace

import pytest

from maestro.failures import UpstreamError
from maestro.providers.base import StructuredRequest
from maestro.providers.gemini import audit
from maestro.providers.gemini.config import INFO
from maestro.providers.gemini.schema import response_schema
from maestro.providers.schemas import smaller
from maestro_protocol.base import JsonObject, JsonValue
from tests.unit.providers.support import KEY, connect, loopback

FULL: JsonObject = {
    "title": "Reply",
    "type": "object",
    "additionalProperties": False,
    "$defs": {
        "Finding": {
            "type": "object",
            "properties": {
                "quote": {"type": "string", "minLength": 1, "description": "Verbatim."},
                "line": {"anyOf": [{"type": "integer"}, {"type": "string"}], "minimum": 1},
                "severity": {"enum": ["high", "low"]},
                "kind": {"const": "bug"},
                "fix": {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
                "related": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
                "score": {"type": ["number", "null"], "enum": [1, 2]},
            },
            "required": ["quote", "line"],
        }
    },
    "properties": {
        "audit_id": {"type": "string"},
        "findings": {"type": "array", "items": {"$ref": "#/$defs/Finding"}},
        "extra": {"properties": {}},
        "rows": {"items": {}},
    },
    "required": ["audit_id", "findings"],
}
REQUEST = StructuredRequest(model="gemini-3.8-flash", system="Audit.", user="{}", schema=FULL, max_tokens=500)
PATH = "/v1/models/gemini-3.8-flash:generateContent"
REFUSED = (400, {"error": {"code": 400, "message": "Schema too complex.", "status": "INVALID_ARGUMENT"}})


def answer(*parts: JsonObject, finish: str | None = "STOP", **more: object) -> tuple[int, JsonObject]:
    candidate = {"content": {"role": "model", "parts": [*parts]}} | ({"finishReason": finish} if finish else {})
    return 200, {"candidates": [candidate], **more}


def test_the_schema_is_trimmed_to_what_gemini_takes() -> None:
    finding = {
        "type": "OBJECT",
        "properties": {
            "quote": {"type": "STRING", "description": "Verbatim."},
            "line": {"type": "INTEGER"},
            "severity": {"type": "STRING", "enum": ["high", "low"]},
            "kind": {"type": "STRING", "enum": ["bug"]},
            "fix": {"type": "STRING", "nullable": True},
            "related": {"type": "ARRAY", "items": {"type": "STRING"}},
            "score": {"type": "NUMBER", "nullable": True},
        },
        "required": ["quote", "line"],
        "propertyOrdering": ["quote", "line", "severity", "kind", "fix", "related", "score"],
    }
    assert response_schema(FULL) == {
        "type": "OBJECT",
        "properties": {
            "audit_id": {"type": "STRING"},
            "findings": {"type": "ARRAY", "items": finding},
            "extra": {"type": "OBJECT", "properties": {}, "propertyOrdering": []},
            "rows": {"type": "ARRAY", "items": {"type": "STRING"}},
        },
        "required": ["audit_id", "findings"],
        "propertyOrdering": ["audit_id", "findings", "extra", "rows"],
    }


def test_the_minimal_schema_has_no_choices_and_no_words() -> None:
    text = json.dumps(response_schema(smaller(FULL)))
    assert "enum" not in text
    assert "description" not in text
    assert "propertyOrdering" in text


def test_a_schema_that_names_itself_ends() -> None:
    tree: JsonObject = {"$ref": "#/$defs/T", "$defs": {"T": {"properties": {"next": {"$ref": "#/$defs/T"}}}}}
    assert json.dumps(response_schema(tree)).endswith('"propertyOrdering": ["next"]}')


def test_branches_that_are_all_null_are_a_string() -> None:
    assert response_schema({"oneOf": [{"type": "null"}]}) == {"type": "STRING", "nullable": True}


@pytest.mark.asyncio
async def test_an_answer_without_its_thoughts_and_with_its_usage() -> None:
    counts = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 40,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 30,
        "totalTokenCount": 150,
    }
    parts = ({"text": "Hm.", "thought": True}, {"text": '{"a":'}, {"text": "1}", "thoughtSignature": "c2ln"})
    async with loopback(answer(*parts, usageMetadata=counts)) as (server, http):
        reply = await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert (reply.text, reply.finish_reason, reply.truncated, reply.filtered) == ('{"a":1}', "STOP", False, False)
    assert reply.usage is not None
    assert {**reply.usage.to_wire(), "raw": None} == {
        "inputTokens": 60,
        "cacheReadTokens": 40,
        "cacheWriteTokens": 0,
        "outputTokens": 50,
        "reasoningTokens": 30,
        "totalTokens": 150,
        "raw": None,
    }
    (received,) = server.received
    assert (received.method, received.target, received.headers["x-goog-api-key"]) == ("POST", PATH, KEY)
    assert received.json == {
        "contents": [{"role": "user", "parts": [{"text": "{}"}]}],
        "systemInstruction": {"parts": [{"text": "Audit."}]},
        "generationConfig": {
            "maxOutputTokens": 500 + 24_576,
            "responseMimeType": "application/json",
            "responseSchema": response_schema(FULL),
        },
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("model", "thinking", "room", "temperature"),
    [
        ("gemini-2.0-flash", None, 0, 0),
        ("models/gemini-2.5-pro", {"thinkingBudget": 8192}, 8192, 0),
        ("gemini-3-pro", None, 24_576, None),
        ("gemini-flash-latest", None, 24_576, None),
    ],
)
async def test_thoughts_have_room_beside_the_answer(
    model: str, thinking: JsonObject | None, room: int, temperature: float | None
) -> None:
    async with loopback(answer({"text": "{}"})) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        await audit.generate_structured(connection, lambda: replace(REQUEST, model=model))
    config = server.received[0].json["generationConfig"]  # type: ignore[index, call-overload]
    assert (config.get("thinkingConfig"), config["maxOutputTokens"]) == (thinking, 500 + room)
    assert config.get("temperature") == temperature


@pytest.mark.asyncio
async def test_a_refusal_that_says_nothing_may_be_about_the_schema() -> None:
    vague = (400, {"error": {"code": 400, "message": "Request contains an invalid argument.", "status": "X"}})
    async with loopback(vague, answer({"text": "{}"})) as (server, http):
        await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert len(server.received) == 2


@pytest.mark.asyncio
async def test_a_refusal_about_something_else_is_not() -> None:
    place = (400, {"error": {"code": 400, "message": "User location is not supported.", "status": "X"}})
    async with loopback(place) as (server, http):
        with pytest.raises(UpstreamError):
            await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert len(server.received) == 1


@pytest.mark.asyncio
async def test_a_refused_schema_is_tried_minimal_and_then_in_words() -> None:
    async with loopback(REFUSED, REFUSED, answer({"text": "{}"})) as (server, http):
        reply = await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert (reply.text, reply.usage) == ("{}", None)
    configs = [r.json["generationConfig"] for r in server.received]  # type: ignore[index, call-overload]
    assert [config.get("responseSchema") for config in configs] == [
        response_schema(FULL),
        response_schema(smaller(FULL)),
        None,
    ]
    assert {config["responseMimeType"] for config in configs} == {"application/json"}
    spoken = server.received[2].json["systemInstruction"]["parts"][0]["text"]  # type: ignore[index, call-overload]
    assert spoken.startswith("Audit.\n\n")
    assert json.loads(spoken.partition("Schema:\n")[2]) == FULL


@pytest.mark.asyncio
async def test_a_third_refusal_is_the_answer() -> None:
    async with loopback(REFUSED, REFUSED, REFUSED) as (server, http):
        with pytest.raises(UpstreamError) as caught:
            await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert (caught.value.http_status, len(server.received)) == (400, 3)


KEY_INVALID = {
    "code": 400,
    "message": "API key not valid.",
    "status": "INVALID_ARGUMENT",
    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, KEY_INVALID, "auth_invalid"),
        (503, {"code": 503, "message": "busy", "status": "UNAVAILABLE"}, "overloaded"),
    ],
)
async def test_other_refusals_are_not_about_the_schema(status: int, error: JsonObject, kind: str) -> None:
    async with loopback((status, {"error": error})) as (server, http):
        with pytest.raises(UpstreamError) as caught:
            await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert caught.value.failure.kind == kind


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("given", "reason", "truncated", "filtered"),
    [
        (answer({"text": '{"a'}, finish="MAX_TOKENS"), "MAX_TOKENS", True, False),
        (answer({"text": "{}"}, finish="CONTINUATION"), "CONTINUATION", True, False),
        (answer({"text": "{}"}, finish="SOMETHING_NEW"), "SOMETHING_NEW", False, True),
        ((200, {"candidates": [{"finishReason": "SAFETY"}]}), "SAFETY", False, True),
        ((200, {"candidates": [{"content": {}, "finishReason": "RECITATION"}]}), "RECITATION", False, True),
        ((200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), "PROHIBITED_CONTENT", False, True),
    ],
)
async def test_how_an_answer_ended(given: tuple[int, JsonObject], reason: str, truncated: bool, filtered: bool) -> None:
    async with loopback(given) as (server, http):
        reply = await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert (reply.finish_reason, reply.truncated, reply.filtered) == (reason, truncated, filtered)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "stream_interrupted"),
        ([], "stream_interrupted"),
        ({"candidates": [{"content": {"parts": [{"text": "{}"}]}}]}, "stream_interrupted"),
        ({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}, "overloaded"),
        ([{"error": {"code": 503, "status": "UNAVAILABLE"}}], "overloaded"),
        ([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}], "rate_limited"),
    ],
)
async def test_an_answer_without_an_end_is_none(given: JsonValue, kind: str) -> None:
    async with loopback((200, given)) as (server, http):
        with pytest.raises(UpstreamError) as caught:
            await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert caught.value.failure.kind == kind


@pytest.mark.asyncio
@pytest.mark.parametrize("reason", ["MALFORMED_RESPONSE", "FINISH_REASON_UNSPECIFIED", "UNEXPECTED_TOOL_CALL"])
async def test_what_gemini_calls_malformed_is_no_answer_however_clean_it_reads(reason: str) -> None:
    clean = json.dumps({"audit_id": "a", "reviewed": ["c1"], "findings": []})
    async with loopback(answer({"text": clean}, finish=reason)) as (server, http):
        with pytest.raises(UpstreamError) as caught:
            await audit.generate_structured(connect(INFO, base_url=server.base_url, http=http), lambda: REQUEST)
    assert (caught.value.failure.kind, caught.value.failure.code) == ("malformed", reason)


@pytest.mark.asyncio
async def test_every_attempt_at_a_schema_is_composed_anew() -> None:
    nonces = iter(("one", "two", "three"))
    async with loopback(REFUSED, REFUSED, answer({"text": "{}"})) as (server, http):
        connection = connect(INFO, base_url=server.base_url, http=http)
        await audit.generate_structured(connection, lambda: replace(REQUEST, user=next(nonces)))
    asked = [received.json["contents"][0]["parts"][0]["text"] for received in server.received]  # type: ignore[index, call-overload]
    assert asked == ["one", "two", "three"]
