"""The schema bundle and the models say the same of the same messages."""

import json
from importlib.resources import files
from typing import cast

import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from maestro_protocol.base import JsonObject
from maestro_protocol.emit import referenced
from maestro_protocol.methods import BY_NAME, METHODS, load
from tests.unit.protocol.check import fits

BUNDLE: JsonObject = json.loads(files("maestro_protocol").joinpath("schema.json").read_text(encoding="utf-8"))
ROWS = cast("dict[str, dict[str, JsonObject]]", BUNDLE["methods"])

USAGE: JsonObject = {
    "inputTokens": 1,
    "cacheReadTokens": 0,
    "cacheWriteTokens": 0,
    "outputTokens": 2,
    "reasoningTokens": 0,
    "totalTokens": 3,
}
ERROR: JsonObject = {"code": 4205, "message": "It broke off.", "data": {"kind": "streamInterrupted", "retryable": True}}
SESSION: JsonObject = {
    "id": "ses_1",
    "name": "work",
    "provider": "openai",
    "authType": "api_key",
    "status": "active",
    "source": "memory",
    "isDefault": False,
    "createdAt": "2026-11-20T12:00:00Z",
    "boundTo": [],
}
CALL: JsonObject = {
    "role": "assistant",
    "content": [{"type": "toolCall", "toolCallId": "c", "name": "f", "input": {}}],
}
DELTA: JsonObject = {"type": "text.delta", "turnId": "t", "messageId": "m", "partId": "p", "text": "x"}

GOOD: list[tuple[str, str, JsonValue]] = [
    ("maestro/session/create", "params", {"provider": "openai", "authType": "api_key", "name": "w", "apiKey": "k"}),
    ("maestro/session/create", "params", {"provider": "openai", "authType": "oauth", "name": "w", "flow": None}),
    ("maestro/session/create", "result", {"type": "done", "session": SESSION}),
    (
        "maestro/session/create",
        "result",
        {"type": "input", "loginId": "l", "fields": [{"key": "apiKey", "label": "Key", "secret": True}]},
    ),
    ("maestro/session/list", "result", {"sessions": [SESSION], "_meta": {"any": [1]}}),
    ("maestro/chat/send", "params", {"input": "x", "_meta": {"a": 1}, "workDoneToken": 7, "partialResultToken": "p"}),
    ("maestro/chat/send", "params", {"input": [{"type": "file", "uri": "file:///a"}], "params": {"temperature": 0.5}}),
    (
        "maestro/chat/complete",
        "params",
        {
            "messages": [CALL],
            "tools": [{"name": "f", "inputSchema": {"type": "object"}}],
        },
    ),
    (
        "maestro/chat/complete",
        "result",
        {"turnId": "t", "stopReason": "endTurn", "usage": USAGE, "model": "openai/gpt", "later": "ignored"},
    ),
    ("maestro/chat/send", "event", {**DELTA, "seq": 1}),
    (
        "maestro/chat/send",
        "event",
        {"type": "turn.completed", "turnId": "t", "seq": 9, "stopReason": "error", "usage": USAGE, "error": ERROR},
    ),
    ("maestro/audit/run", "event", {"type": "audit.completed", "auditId": "a", "status": "failed", "error": ERROR}),
    ("maestro/status", "params", {}),
    ("maestro/status", "result", {"state": "normal", "message": "Ready"}),
]
BAD: list[tuple[str, str, JsonValue]] = [
    ("maestro/session/create", "params", {"provider": "openai", "authType": "api_key"}),
    ("maestro/session/create", "params", {"provider": "openai", "authType": "apiKey", "name": "w"}),
    ("maestro/session/create", "params", {"provider": "openai", "authType": "api_key", "name": ""}),
    ("maestro/session/create", "result", {"type": "later", "loginId": "l"}),
    ("maestro/chat/send", "params", {"input": "x", "session_id": "s"}),
    ("maestro/chat/send", "params", {"input": [{"uri": "file:///a"}]}),
    ("maestro/chat/send", "params", {"input": "x", "params": {"temperature": 2.5}}),
    (
        "maestro/chat/complete",
        "params",
        {"messages": [{"role": "user", "content": "x"}], "tools": [{"name": "f", "inputSchema": {}, "strict": True}]},
    ),
    ("maestro/chat/send", "params", {"input": [{"type": "file", "uri": "file:///a", "line": 1}]}),
    ("maestro/audit/run", "params", {"target": {"uri": "file:///a", "depth": 1}}),
    ("maestro/chat/complete", "params", {"messages": []}),
    ("maestro/chat/complete", "params", {"messages": [{"role": "user", "content": 1}]}),
    ("maestro/chat/complete", "params", {"messages": [{"role": "user", "content": "x"}], "tools": [{"name": "a b"}]}),
    ("maestro/chat/send", "event", DELTA),
    ("maestro/status", "params", []),
    ("maestro/status", "result", {"state": "sleepy", "message": "Ready"}),
]


def accepts(method: str, part: str, value: JsonValue) -> bool:
    row = BY_NAME[method]
    model = {"params": row.params, "result": row.result, "event": row.event}[part]
    assert model is not None
    try:
        if part == "params":
            load(model).from_wire(value)
        else:
            TypeAdapter(load(model)).validate_python(value, by_alias=True, by_name=False)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("method", "part", "value"), GOOD)
def test_a_good_message_is_good_to_both(method: str, part: str, value: JsonValue) -> None:
    assert accepts(method, part, value)
    assert fits(BUNDLE, ROWS[method][part], value)


@pytest.mark.parametrize(("method", "part", "value"), BAD)
def test_a_bad_message_is_bad_to_both(method: str, part: str, value: JsonValue) -> None:
    assert not accepts(method, part, value)
    assert not fits(BUNDLE, ROWS[method][part], value)


def test_every_reference_resolves() -> None:
    definitions = cast("JsonObject", BUNDLE["$defs"])
    assert set(referenced(BUNDLE)) <= definitions.keys()


def test_every_method_and_error_is_in_the_bundle() -> None:
    assert list(ROWS) == [method.name for method in METHODS]
    rows = cast("list[JsonObject]", BUNDLE["errors"])
    assert {row["kind"] for row in rows} >= {"parseError", "rateLimited", "storageFailed"}
