"""What a provider's failure means, whatever shape it came in: pure classification, no I/O (providers.md D)."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

from maestro import failure_body
from maestro.failure_body import ErrorBody
from maestro.redact import redact

ErrorClass: TypeAlias = Literal[
    "auth_expired",
    "auth_invalid",
    "permission",
    "billing_quota",
    "rate_limited",
    "overloaded",
    "server",
    "network",
    "stream_interrupted",
    "invalid_request",
    "context_window",
    "content_filter",
    "malformed",
]
"""How a failure is treated; `maestro.retry` gives each its attempts and its code."""

_SPECIFIC: dict[ErrorClass, str] = {
    "content_filter": "content_filter content_policy_violation cyber_policy bio_policy misalignment_policy_violation",
    "context_window": "context_length_exceeded context_window_exceeded model_context_window_exceeded",
    "auth_expired": "token_expired unauthenticated",
    "auth_invalid": "authentication_error invalid_api_key api_key_invalid incorrect_api_key invalid_authentication"
    " invalid_grant refresh_token_expired refresh_token_reused refresh_token_invalidated account_deactivated",
    "permission": "permission_error permission_denied validation_required usage_not_included insufficient_permissions",
    "billing_quota": "insufficient_quota billing_error billing_hard_limit_reached usage_limit_reached quota_exceeded"
    " quota_exhausted insufficient_g1_credits_balance insufficient_balance insufficient_credits payment_required",
    "rate_limited": "rate_limit_exceeded rate_limit_error rate_limited too_many_requests resource_exhausted",
    "overloaded": "overloaded_error overloaded server_is_overloaded slow_down unavailable service_unavailable"
    " model_capacity_exhausted insufficient_system_resource",
    "server": "conflict_error timeout_error deadline_exceeded vector_store_timeout",
    "malformed": "tool_use_failed",
}
"""The providers' words that say more than the HTTP status beside them, in order of precedence."""

_GENERIC: dict[ErrorClass, str] = {
    "server": "api_error server_error internal internal_error internal_server_error cancelled",
    "invalid_request": "invalid_request_error invalid_argument failed_precondition not_found not_found_error"
    " model_not_found request_too_large invalid_prompt unsupported_value data_residency_mismatch",
}
"""Words that count only where no HTTP status says more."""

_STATUS: dict[int, ErrorClass] = {
    401: "auth_invalid",
    402: "billing_quota",
    403: "permission",
    408: "server",
    429: "rate_limited",
    499: "server",
    503: "overloaded",
    529: "overloaded",
}
_CONTEXT = re.compile(
    r"prompt is too long|maximum context length|context (?:window|length)|input token count.*exceeds"
    r"|exceeds? the (?:maximum|available) (?:number of tokens|context)",
    re.IGNORECASE,
)
_AUTH = re.compile(r"only authorized for use with Claude Code|API key not valid|API key expired", re.IGNORECASE)
_BILLING = re.compile(r"credit balance is too low|\blimit: 0\b|insufficient (?:credit|balance)", re.IGNORECASE)
_PER_DAY = re.compile(r"PerDay|Daily", re.IGNORECASE)


UNSENT = "unsent"
"""The code of a request that could not even be put into HTTP."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`message` is one sentence, redacted, at most 2 kB. `retry_after` is in seconds and above 0."""

    kind: ErrorClass
    message: str
    code: str | None = None
    retry_after: float | None = None
    should_retry: bool | None = None
    """What the header `x-should-retry` said; None where it was absent."""


def classify_error(body: JsonValue, *, now: float | None = None) -> Failure:
    """Read an error object: any of the shapes of providers.md E.2.1, in a body or inside a stream.

    `now` is the time in unix seconds that `resets_at` is measured against; the clock's when None.
    """
    return _classify(failure_body.read_json(body), None, None, now)


def classify_body(body: bytes) -> Failure:
    """Read what stands where a stream should: a JSON error, a web page, a line of text."""
    return _classify(failure_body.read_bytes(body), None, None, None)


def classify_response(status: int, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Failure:
    """Read a refused HTTP answer. Header names are lower-case; `body` may be JSON, HTML or empty."""
    if 300 <= status < 400:
        return Failure("invalid_request", "the base URL redirects elsewhere")
    read = failure_body.read_bytes(body)
    failure = _classify(read, status, _header_delay(headers, now), now)
    ray = headers.get("cf-ray")
    message = failure.message + (f" (cf-ray {ray})" if read.is_html and ray else "")
    word = headers.get("x-should-retry", "").strip().lower()
    should_retry = {"true": True, "false": False}.get(word)
    return Failure(failure.kind, failure_body.cap(message), failure.code, failure.retry_after, should_retry)


class UpstreamError(Exception):
    """A provider refused or could not be reached. Internal: `maestro.retry` decides, `maestro.provider` translates."""

    def __init__(self, failure: Failure, *, http_status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.http_status = http_status
        self.request_id = request_id


def _classify(body: ErrorBody, status: int | None, header_delay: float | None, now: float | None) -> Failure:
    resets_in = None if body.resets_at is None else body.resets_at - (time.time() if now is None else now)
    delay = next((seconds for seconds in (header_delay, body.delay, resets_in) if seconds and seconds > 0), None)
    kind = _kind(body, status if status is not None else body.status)
    code = body.codes[0] if body.codes else None
    return Failure(kind, failure_body.cap(redact(_sentence(body, status))), code, delay)


def _kind(body: ErrorBody, status: int | None) -> ErrorClass:
    words = {code.lower() for code in body.codes}
    if _is_quota(body):
        return "billing_quota"
    specific = _by_word(_SPECIFIC, words)
    if specific is not None and specific not in ("permission", "rate_limited"):
        return specific
    if status in (None, 400, 413, 422) and _CONTEXT.search(body.message):
        return "context_window"
    if _AUTH.search(body.message):
        return "auth_invalid"
    return specific or _by_status(body, status) or _by_word(_GENERIC, words) or _default(body, words)


def _is_quota(body: ErrorBody) -> bool:
    """A spent quota comes as a rate limit from some: told by what is counted, never by the sentence's wording alone."""
    return any(_PER_DAY.search(quota) for quota in body.quota_ids) or _BILLING.search(body.message) is not None


def _by_word(table: dict[ErrorClass, str], words: set[str]) -> ErrorClass | None:
    return next((kind for kind, listed in table.items() if not words.isdisjoint(listed.split())), None)


def _by_status(body: ErrorBody, status: int | None) -> ErrorClass | None:
    if status is None or status < 400:
        return None
    if status == 401 and body.is_detail:
        return "auth_expired"  # ChatGPT's backend, which only knows OAuth
    if status in _STATUS:
        return _STATUS[status]
    return "server" if status >= 500 else "invalid_request"


def _default(body: ErrorBody, words: set[str]) -> ErrorClass:
    named_invalid = any(word.startswith("invalid_") for word in words)
    return "invalid_request" if body.is_detail or named_invalid else "server"


def _sentence(body: ErrorBody, status: int | None) -> str:
    if body.message:
        return body.message
    where = f"HTTP {status}" if status is not None else "an error"
    what = " and a web page" if body.is_html else f" ({body.codes[0]})" if body.codes else ""
    return f"The provider answered with {where}{what}."


def _header_delay(headers: Mapping[str, str], now: float | None) -> float | None:
    """Seconds from `retry-after-ms`, else `retry-after` as a number or an HTTP date; the past is below 0."""
    milliseconds = _float(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "").strip()
    seconds = _float(text)
    if seconds is None and text:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return None
    return seconds


def _float(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
