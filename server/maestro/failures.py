"""What a provider's failure means, whatever shape it came in: pure classification, no I/O (providers.md D)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import JsonValue

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


@dataclass(frozen=True, slots=True)
class Failure:
    """`message` is one sentence, redacted, at most 2 kB. `retry_after` is in seconds."""

    kind: ErrorClass
    message: str
    code: str | None = None
    retry_after: float | None = None


def classify_error(body: JsonValue) -> Failure:
    """Read an error object: any of the shapes of providers.md E.2.1, in a body or inside a stream."""
    raise NotImplementedError


def classify_response(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Read a refused HTTP answer. Header names are lower-case; `body` may be JSON, HTML or empty."""
    raise NotImplementedError


class UpstreamError(Exception):
    """A provider refused or could not be reached. Internal: `maestro.retry` decides, `maestro.provider` translates."""

    def __init__(self, failure: Failure, *, http_status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.http_status = http_status
        self.request_id = request_id
