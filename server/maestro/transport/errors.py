"""What httpx's exceptions and refusals mean, in our words."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress

import httpx

from maestro.failures import UNSENT, ErrorClass, Failure, UpstreamError, classify_response
from maestro.transport.client import ProxyMisfit
from maestro.transport.requests import PortMisfit

_REFUSAL_BYTES = 64 * 1024
_REFUSAL_SECONDS = 5.0


async def refusal(response: httpx.Response) -> UpstreamError:
    """What the service said while refusing, as far as it can be read in reasonable time."""
    body = bytearray()
    with suppress(*HTTP_ERRORS, TimeoutError):
        async with asyncio.timeout(_REFUSAL_SECONDS):
            await read_into(response, body, _REFUSAL_BYTES)
    return UpstreamError(
        classify_response(response.status_code, dict(response.headers), bytes(body)),
        http_status=response.status_code,
        request_id=request_id(response.headers),
    )


async def read_into(response: httpx.Response, body: bytearray, limit: int) -> None:
    """Add the decoded body to `body`, cut at `limit` bytes, and close the response."""
    try:
        async for part in response.aiter_bytes():
            body += part[: limit - len(body)]
            if len(body) == limit:
                break
    finally:
        await response.aclose()


def request_id(headers: Mapping[str, str]) -> str | None:
    """The service's own id of the request: OpenAI and gateways, Anthropic, Cloudflare in front of any."""
    return next((headers[name] for name in ("x-request-id", "request-id", "cf-ray") if name in headers), None)


HTTP_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
SENDING_ERRORS = (*HTTP_ERRORS, ProxyMisfit, PortMisfit, ValueError)
"""Also what keeps a request from being put into HTTP; among the last is UnicodeEncodeError, which holds a header."""

_REASONS: tuple[tuple[type[Exception], ErrorClass, str], ...] = (
    (httpx.ConnectTimeout, "network", "No connection was accepted in time."),
    (httpx.ReadTimeout, "network", "Nothing was heard for longer than `transport.readTimeoutMs`."),
    (httpx.TimeoutException, "network", "The request could not be sent in time."),
    (httpx.ProxyError, "network", "The proxy of the environment refused the connection."),
    (httpx.RemoteProtocolError, "network", "The connection was closed before the answer was complete."),
    (httpx.NetworkError, "network", "The connection broke."),
    (httpx.DecodingError, "malformed", "The answer is not compressed as it says."),
    (httpx.LocalProtocolError, "invalid_request", "A header has characters HTTP forbids; check the API key."),
    (httpx.UnsupportedProtocol, "invalid_request", "The base URL must begin with `https://` or `http://`."),
    (httpx.InvalidURL, "invalid_request", "The base URL is not a URL."),
)
"""The first row that fits. httpx's own texts are never used: some quote URLs and headers."""

_CONNECT_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "Its host name is not known here."),
    (ssl.SSLCertVerificationError, "This machine does not trust its TLS certificate."),
    (ssl.SSLError, "No TLS connection could be agreed on."),
    (ConnectionRefusedError, "Nothing accepts connections at its address."),
)


def failure_of(error: BaseException) -> Failure:
    """What one of `SENDING_ERRORS` means; its own words are used only if they are ours."""
    if isinstance(error, ProxyMisfit | PortMisfit):
        return Failure("invalid_request", str(error), UNSENT)
    if isinstance(error, httpx.ConnectError):
        return Failure("network", _connect_reason(error))
    for kind, failure_kind, message in _REASONS:
        if isinstance(error, kind):
            return Failure(failure_kind, message, UNSENT if failure_kind == "invalid_request" else None)
    if isinstance(error, ValueError):
        return Failure("invalid_request", "A header or a number of the request cannot be put into HTTP.", UNSENT)
    return Failure("network", "The connection failed.")


def _connect_reason(error: BaseException) -> str:
    """The system's reason, which httpx buries under its own exceptions, sometimes in a group of one per address."""
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        for kind, message in _CONNECT_REASONS:
            if isinstance(cause, kind):
                return message
        if cause is not None:
            pending += [cause.__cause__ or cause.__context__]
            pending += cause.exceptions if isinstance(cause, BaseExceptionGroup) else []
    return "No connection could be made."
