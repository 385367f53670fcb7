"""What each provider's refusals mean, and when to come back."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import JsonValue

from maestro.failures import ErrorClass, classify_body, classify_error, classify_response

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def google(code: int, status: str, message: str = "m", *details: JsonValue) -> JsonValue:
    return {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


def quota(quota_id: str) -> JsonValue:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota_id}]}


def openai(code: str | None, type: str = "invalid_request_error", message: str = "m") -> JsonValue:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


def anthropic(type: str, message: str = "m", **details: JsonValue) -> JsonValue:
    return {"type": "error", "error": {"type": type, "message": message, "details": details or None}, "request_id": "r"}


RETRY_34 = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"}
KEY_INVALID = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
CLAUDE_CODE = "This credential is only authorized for use with Claude Code and cannot be used for other API requests."
CREDIT = "Your credit balance is too low to access the Anthropic API."

ANSWERS: list[tuple[int, JsonValue, ErrorClass, str | None]] = [
    (401, openai("invalid_api_key"), "auth_invalid", "invalid_api_key"),
    (401, anthropic("authentication_error"), "auth_invalid", "authentication_error"),
    (400, google(400, "INVALID_ARGUMENT", "API key not valid.", KEY_INVALID), "auth_invalid", "INVALID_ARGUMENT"),
    (400, google(400, "INVALID_ARGUMENT", "m", KEY_INVALID), "auth_invalid", "INVALID_ARGUMENT"),
    (401, google(401, "UNAUTHENTICATED"), "auth_expired", "UNAUTHENTICATED"),
    (401, {"detail": "Unauthorized"}, "auth_expired", None),
    (400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, "auth_invalid", "invalid_grant"),
    (400, anthropic("invalid_request_error", CLAUDE_CODE), "auth_invalid", "invalid_request_error"),
    (403, anthropic("permission_error"), "permission", "permission_error"),
    (403, google(403, "PERMISSION_DENIED"), "permission", "PERMISSION_DENIED"),
    (403, "", "permission", None),
    (429, {"error": {"type": "usage_not_included", "message": "m"}}, "permission", "usage_not_included"),
    (402, anthropic("billing_error"), "billing_quota", "billing_error"),
    (402, "", "billing_quota", None),
    (400, anthropic("invalid_request_error", CREDIT), "billing_quota", "invalid_request_error"),
    (429, openai("insufficient_quota", "insufficient_quota"), "billing_quota", "insufficient_quota"),
    (429, google(429, "RESOURCE_EXHAUSTED", "m", quota("GenerateRequestsPerDayPerProject")), "billing_quota", None),
    (429, google(429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0, model: x"), "billing_quota", None),
    (429, google(429, "RESOURCE_EXHAUSTED", "m", {"reason": "QUOTA_EXHAUSTED"}), "billing_quota", None),
    (
        429,
        google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", quota("PerMinute")),
        "rate_limited",
        None,
    ),
    (429, google(429, "RESOURCE_EXHAUSTED", "quota reset after 18h31m10s"), "rate_limited", None),
    (429, openai("rate_limit_exceeded", "tokens"), "rate_limited", "rate_limit_exceeded"),
    (429, anthropic("rate_limit_error"), "rate_limited", "rate_limit_error"),
    (429, "", "rate_limited", None),
    (529, anthropic("overloaded_error"), "overloaded", "overloaded_error"),
    (503, google(503, "UNAVAILABLE"), "overloaded", "UNAVAILABLE"),
    (503, openai("server_is_overloaded", "server_error"), "overloaded", "server_is_overloaded"),
    (503, "", "overloaded", None),
    (500, anthropic("api_error"), "server", "api_error"),
    (504, anthropic("timeout_error"), "server", "timeout_error"),
    (409, anthropic("conflict_error"), "server", "conflict_error"),
    (408, "", "server", None),
    (408, openai(None), "server", None),
    (499, google(499, "CANCELLED"), "server", "CANCELLED"),
    (502, "", "server", None),
    (404, anthropic("not_found_error"), "invalid_request", "not_found_error"),
    (413, anthropic("request_too_large"), "invalid_request", "request_too_large"),
    (409, "", "invalid_request", None),
    (400, {"detail": "Unsupported parameter: max_output_tokens"}, "invalid_request", None),
    (
        422,
        {"detail": [{"loc": ["body", "model"], "msg": "Field required", "type": "missing"}]},
        "invalid_request",
        None,
    ),
    (400, openai("context_length_exceeded"), "context_window", "context_length_exceeded"),
    (400, anthropic("invalid_request_error", "prompt is too long: 9 > 8"), "context_window", "invalid_request_error"),
    (400, google(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum"), "context_window", None),
    (400, openai("cyber_policy"), "content_filter", "cyber_policy"),
    (500, openai(None, "server_error", "context window of the machine"), "server", "server_error"),
]


@pytest.mark.parametrize(("status", "body", "kind", "code"), ANSWERS)
def test_answers(status: int, body: JsonValue, kind: ErrorClass, code: str | None) -> None:
    raw = json.dumps(body).encode() if body else b""
    for data in (raw, b"[" + raw + b"]" if raw else b"", b"\xef\xbb\xbf  " + raw):
        failure = classify_response(status, {}, data)
        assert failure.kind == kind
        assert failure.message
        if code is not None:
            assert failure.code == code


IN_STREAM: list[tuple[JsonValue, ErrorClass, str | None, str]] = [
    ({"error": {"code": 429, "message": "Slow"}}, "rate_limited", "429", "Slow"),
    ({"error": {"code": 502, "message": "Bad", "metadata": {"raw": "upstream"}}}, "server", "502", "Bad: upstream"),
    ({"error": {"code": "400", "message": "Bad"}}, "invalid_request", "400", "Bad"),
    ({"error": "model not loaded"}, "server", None, "model not loaded"),
    ({"message": "Oops", "code": "server_error"}, "server", "server_error", "Oops"),
    ({"type": "error", "code": None, "message": "Oops"}, "server", None, "Oops"),
    ({"object": "error", "message": "Bad", "code": 400}, "invalid_request", "400", "Bad"),
    ({"errors": [{"message": "One", "code": "invalid_x"}]}, "invalid_request", "invalid_x", "One"),
    ({"error": {"error": {"message": "Deep", "type": "overloaded_error"}}}, "overloaded", "overloaded_error", "Deep"),
    (
        {"error": {"type": "x", "message": "m", "details": {"error_code": "billing_error"}}},
        "billing_quota",
        "billing_error",
        "m",
    ),
    ({"detail": [{"loc": ["body", 0], "msg": "Bad"}, {"msg": "Worse"}]}, "invalid_request", None, "body.0: Bad; Worse"),
    ({"detail": {"message": "Bad", "code": "x"}}, "invalid_request", "x", "Bad"),
    ("just text", "server", None, "just text"),
    ({"error": {"type": "invalid_request_error"}}, "invalid_request", "invalid_request_error", "an error"),
    (
        {"error": {"code": "tool_use_failed", "message": "No.", "failed_generation": "{"}},
        "malformed",
        "tool_use_failed",
        "{",
    ),
    (None, "server", None, "an error"),
    ([], "server", None, "an error"),
    ({"error": {"message": {"odd": 1}, "code": True, "details": "x"}}, "server", None, "an error"),
]


@pytest.mark.parametrize(("body", "kind", "code", "text"), IN_STREAM)
def test_errors_in_a_stream(body: JsonValue, kind: ErrorClass, code: str | None, text: str) -> None:
    failure = classify_error(body)
    assert (failure.kind, failure.code) == (kind, code)
    assert text in failure.message


def date(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


DELAYS: list[tuple[dict[str, str], JsonValue, float | None]] = [
    ({"retry-after": "7"}, "", 7.0),
    ({"retry-after": "1.5"}, "", 1.5),
    ({"retry-after": "-3"}, "", None),
    ({"retry-after": date(30)}, "", 30.0),
    ({"retry-after": "0"}, "", None),
    ({"retry-after": date(-30)}, "", None),
    ({"retry-after": "soon"}, "", None),
    ({"retry-after": "inf"}, "", None),
    ({"retry-after": "nan"}, "", None),
    ({"retry-after-ms": "250", "retry-after": "7"}, "", 0.25),
    ({"retry-after-ms": "-1"}, "", None),
    ({"retry-after": "0"}, google(429, "RESOURCE_EXHAUSTED", "m", RETRY_34), 34.074824224),
    ({"retry-after": "7"}, google(429, "RESOURCE_EXHAUSTED", "m", RETRY_34), 7.0),
    ({}, google(429, "RESOURCE_EXHAUSTED", "m", RETRY_34), 34.074824224),
    ({}, google(429, "RESOURCE_EXHAUSTED", "Please retry in 34.07s."), 34.07),
    ({}, google(429, "RESOURCE_EXHAUSTED", "m", {"metadata": {"quotaResetDelay": "1m1.5s"}}), 61.5),
    ({}, google(429, "RESOURCE_EXHAUSTED", "reset after 18h31m10s"), 18 * 3600 + 31 * 60 + 10),
    ({}, openai("rate_limit_exceeded", "tokens", "Limit reached. Please try again in 2s. Visit"), 2.0),
    ({}, openai("rate_limit_exceeded", "tokens", "Please try again in 300ms"), 0.3),
    ({}, openai("rate_limit_exceeded", "tokens", "try again in 1m30s"), 90.0),
    ({}, {"error": {"type": "usage_limit_reached", "message": "m", "resets_at": NOW.timestamp() + 500}}, 500.0),
    ({}, {"error": {"type": "usage_limit_reached", "message": "m", "resets_at": 5}}, None),
    ({}, {"error": {"type": "usage_limit_reached", "message": "m", "resets_in_seconds": 42}}, 42.0),
    ({}, {"error": {"type": "usage_limit_reached", "message": "m", "resets_in_seconds": -1}}, None),
    ({}, {"error": {"type": "x", "message": "m", "resets_at": 10**400, "resets_in_seconds": True}}, None),
    ({}, openai(None), None),
]


@pytest.mark.parametrize(("headers", "body", "seconds"), DELAYS)
def test_delays(headers: dict[str, str], body: JsonValue, seconds: float | None) -> None:
    failure = classify_response(429, headers, json.dumps(body).encode() if body else b"", now=NOW.timestamp())
    assert failure.retry_after == (None if seconds is None else pytest.approx(seconds))


def test_how_long_is_too_long_is_not_decided_here() -> None:
    failure = classify_response(429, {"retry-after": "121"}, b"")
    assert (failure.kind, failure.retry_after) == ("rate_limited", 121)


@pytest.mark.parametrize("body", [b"", b"<html><title>Moved</title></html>", b'{"error": {"message": "m"}}'])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_the_addresss_fault(status: int, body: bytes) -> None:
    failure = classify_response(status, {"location": "https://elsewhere.example"}, body)
    assert (failure.kind, failure.message) == ("invalid_request", "the base URL redirects elsewhere")


def test_times_are_measured_against_the_clock() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    delay = classify_response(503, {"retry-after": later}, b"").retry_after
    assert delay is not None
    assert 3000 < delay <= 3600
    assert classify_error({"error": {"message": "m", "resets_at": 5}}).retry_after is None


@pytest.mark.parametrize(("word", "value"), [("true", True), ("False", False), ("", None), ("maybe", None)])
def test_should_retry_is_noted(word: str, value: bool | None) -> None:
    assert classify_response(500, {"x-should-retry": word}, b"").should_retry is value
    assert classify_response(500, {}, b"").should_retry is None


@pytest.mark.parametrize(
    ("status", "kind"), [(502, "server"), (520, "server"), (503, "overloaded"), (403, "permission")]
)
def test_web_pages(status: int, kind: ErrorClass) -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>\n Bad &amp;\n gateway </title></head><body>secret</body></html>"
    failure = classify_response(status, {"cf-ray": "8c1-FRA"}, page)
    assert (failure.kind, failure.message) == (kind, "Bad & gateway (cf-ray 8c1-FRA)")
    assert (
        classify_response(status, {}, b"<html>").message == f"The provider answered with HTTP {status} and a web page."
    )


def test_empty_and_odd_bodies_still_say_something() -> None:
    assert classify_response(500, {}, b"").message == "The provider answered with HTTP 500."
    assert classify_response(500, {}, b"{broken").message == "{broken"
    assert classify_response(500, {}, b"[" * 100_000).kind == "server"
    assert classify_response(500, {}, b"\xff\xfe").message
    assert classify_body(b"Bad gateway").message == "Bad gateway"


def test_messages_are_redacted_and_capped() -> None:
    body = {"error": {"message": "Incorrect API key provided: sk-proj-abcdefgh12345678. " + "é" * 3000}}
    message = classify_response(401, {}, json.dumps(body).encode()).message
    assert "abcdefgh" not in message
    assert 2000 < len(message.encode()) <= 2048
    assert message.endswith("…")
