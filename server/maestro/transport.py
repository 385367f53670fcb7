"""The only file that speaks HTTP: one pooled client per provider, streams as bytes, failures as `UpstreamError`."""

import asyncio
import json
import logging
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol, cast
from urllib.parse import quote, urlencode

import httpx
import truststore
from pydantic import JsonValue

from maestro import __version__
from maestro.failures import UNSENT, ErrorClass, Failure, UpstreamError, classify_response
from maestro.streaming.messages import Wire
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import TransportSettings

_REFUSAL_BYTES = 64 * 1024
_REFUSAL_SECONDS = 5.0
_HIGHEST_PORT = 65535
_REPLY_BYTES = 64 * 1024 * 1024
_DRAIN_BYTES = 64 * 1024
_DRAIN_SECONDS = 0.1

# Both log every URL at INFO, and httpcore every header at DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# httpcore tries this import several times per request; where it fails, each searches the whole path (0.1 ms in all).
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = cast("ModuleType", None)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as data: a JSON body, or a form. Headers and bodies may carry secrets and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    json: JsonObject | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A web server's answer, whatever its status. Header names are lower-case; `body` is as it was sent, encoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    whole: bool
    """False where the body was cut at the limit."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A 2xx answer, read whole. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    json: JsonValue = field(repr=False)


class AsyncCloseable(Protocol):
    async def aclose(self) -> None: ...


class HttpStream:
    """An open 2xx answer (a `providers.base.ByteStream`), whatever its content type says.

    Iterating raises UpstreamError when the connection fails, and just ends after `aclose`.
    """

    def __init__(self, response: httpx.Response, wire: Wire) -> None:
        self.wire: Wire = wire
        self.request_id = _request_id(response.headers)
        self._response = response
        self._closed = False
        self._whole = False
        # A body that needs no decoding is read below httpx's two wrappers, each of which costs a generator per chunk.
        encoded = response.headers.get("content-encoding", "identity").lower() != "identity"
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self._chunks = response.aiter_bytes() if encoded else aiter(response.stream)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            self._whole = True
            await self.aclose()
            raise
        except asyncio.CancelledError:
            await self.aclose()
            raise
        except _HTTP_ERRORS as error:
            failure = _failure(error)
        # Raised outside the handler: httpx's exceptions hold the request with its headers.
        if self._closed:
            raise StopAsyncIteration
        raise UpstreamError(failure, request_id=self.request_id)

    async def drain(self) -> None:
        """Read the little that follows a terminal event, so that the connection can be used again, and close."""
        left = _DRAIN_BYTES
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for chunk in self:
                    left -= len(chunk)
                    if left < 0:
                        break
        await self.aclose()

    async def aclose(self) -> None:
        """Close the socket now, unless the answer was read to its end; safe to call twice and from another task."""
        if not self._closed:
            self._closed = True
            if not self._whole:
                await self._response.extensions["network_stream"].aclose()
            await self._response.aclose()


@dataclass(slots=True)
class _NewSocket:
    """The socket a request opened, if it opened one: httpcore leaves it open when cancelled before the request is out.

    Closing it aborts before the first wait, so that not even a second cancellation keeps it open.
    """

    stream: AsyncCloseable | None = None

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        """httpx's `trace` extension."""
        made = info.get("return_value")
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete") and made is not None:
            self.stream = cast("AsyncCloseable", made)

    async def aclose(self) -> None:
        if self.stream is not None:
            await self.stream.aclose()


class Transport:
    """HTTP to one provider. The client is made with the first request."""

    def __init__(self, settings: TransportSettings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None

    @property
    def patience(self) -> float:
        """The longest time an answer may be without content, in seconds."""
        return self._settings.idle_timeout_ms / 1000

    async def open(self, request: HttpRequest, wire: Wire) -> HttpStream:
        """Send and wait for the status; a refusal raises UpstreamError with its body read and classified."""
        return HttpStream(await self._send(request, {"accept-encoding": "identity"}), wire)

    async def fetch(self, request: HttpRequest) -> HttpReply:
        """Send and read the whole JSON answer; an empty one is None. Raises UpstreamError, `malformed` if it is no
        JSON."""
        response = await self._send(request, {})
        body = bytearray()
        try:
            await _read(response, body, _REPLY_BYTES)
            return HttpReply(response.status_code, dict(response.headers), json.loads(body) if body else None)
        except _HTTP_ERRORS as error:
            failure = _failure(error)
        except (ValueError, RecursionError):
            failure = Failure("malformed", "The answer is not JSON.")
        raise UpstreamError(failure, http_status=response.status_code, request_id=_request_id(response.headers))

    async def aclose(self) -> None:
        """Close every connection; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _send(self, request: HttpRequest, defaults: Mapping[str, str]) -> httpx.Response:
        """The answer, once its status is known to be 2xx."""
        opened = _NewSocket()
        try:
            client = self._client = self._client or _client(self._settings)
            outgoing = _outgoing(client, request, defaults)
            outgoing.extensions["trace"] = opened.trace
            response = await client.send(outgoing, stream=True)
        except asyncio.CancelledError:
            await opened.aclose()
            raise
        except _HTTP_ERRORS as error:
            failure = _failure(error)
        except (_ProxyMisfit, _PortMisfit) as misfit:
            failure = Failure("invalid_request", str(misfit), UNSENT)
        except ValueError:  # among them UnicodeEncodeError, which holds the header it could not encode
            failure = Failure("invalid_request", "A header or a number of the request cannot be put into HTTP.", UNSENT)
        else:
            if response.is_success:
                return response
            raise await _refusal(response)
        raise UpstreamError(failure)


async def fetch_page(url: str, address: str, limit: int, timeout: float) -> Page:
    """GET a URL from exactly this IP address, whatever its name may lead to by now: no proxy, cookies, or redirects.

    At most `limit` bytes of the body are read. A certificate is checked against the name.

    Raises:
        UpstreamError: nothing could be read within `timeout` seconds.
    """
    opened, body, whole = _NewSocket(), bytearray(), True
    try:
        named = httpx.URL(url)
        headers = {"host": named.netloc.decode("ascii"), "accept-encoding": "identity"}
        extensions = {"sni_hostname": named.raw_host.decode("ascii"), "trace": opened.trace}
        async with asyncio.timeout(timeout), _page_client() as client:
            request = client.build_request("GET", named.copy_with(host=address), headers=headers, extensions=extensions)
            response = await client.send(request, stream=True)
            async for part in response.aiter_raw():
                whole = len(body) + len(part) <= limit
                body += part[: limit - len(body)]
                if not whole:
                    break
            return Page(response.status_code, dict(response.headers), bytes(body), whole)
    except TimeoutError:
        failure = Failure("network", "It did not answer in time.")
    except _HTTP_ERRORS as error:
        failure = _failure(error)
    except ValueError:
        failure = Failure("invalid_request", "The address cannot be put into HTTP.", UNSENT)
    finally:
        await opened.aclose()
    raise UpstreamError(failure)


def _page_client() -> httpx.AsyncClient:
    agent = {"user-agent": f"maestro/{__version__}", "accept": "text/html, text/*;q=0.9, */*;q=0.5"}
    return httpx.AsyncClient(verify=_tls(), timeout=None, trust_env=False, headers=agent, follow_redirects=False)


class _ProxyMisfit(Exception):
    """The environment's proxy settings cannot be used."""


class _PortMisfit(Exception):
    """No port has this number."""


def _client(settings: TransportSettings) -> httpx.AsyncClient:
    try:
        return _new_client(settings)
    except (ImportError, ValueError, httpx.InvalidURL):
        text = "The proxy settings of the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY) cannot be used."
        raise _ProxyMisfit(text) from None


def _new_client(settings: TransportSettings) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=_tls(),
        timeout=httpx.Timeout(
            connect=settings.connect_timeout_ms / 1000, read=settings.read_timeout_ms / 1000, write=30, pool=10
        ),
        # Turns are limited above; an idle connection outlives the time a reader needs for an answer.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=90),
        # What runs on this machine is never behind a proxy.
        mounts={"all://localhost": None, "all://127.0.0.1": None, "all://[::1]": None},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"user-agent": f"maestro/{__version__}"},
        follow_redirects=False,
    )


@cache
def _tls() -> ssl.SSLContext:
    """The operating system's trust, so that a company's own certificates work; made once.

    Where that is OpenSSL's bundle, it is read here: truststore would read it again for every connection (16 ms).
    """
    if sys.platform not in ("win32", "darwin"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
        if context.get_ca_certs():
            return context
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def encoded_json(value: JsonObject) -> bytes:
    """A JSON body as it is sent, on one line.

    Lone surrogates become question marks: UTF-8 cannot say them, and no service reads them.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _outgoing(client: httpx.AsyncClient, request: HttpRequest, defaults: Mapping[str, str]) -> httpx.Request:
    if (httpx.URL(request.url).port or 0) > _HIGHEST_PORT:
        raise _PortMisfit("The base URL has a port above 65535.")
    if request.form is not None:
        kind, body = "application/x-www-form-urlencoded", urlencode(request.form, quote_via=quote).encode()
    elif request.json is not None:
        kind, body = "application/json", encoded_json(request.json)
    else:
        return client.build_request(request.method, request.url, headers={**defaults, **request.headers})
    headers = {"content-type": kind, **defaults, **request.headers}
    return client.build_request(request.method, request.url, headers=headers, content=body)


async def _refusal(response: httpx.Response) -> UpstreamError:
    """What the service said while refusing, as far as it can be read in reasonable time."""
    body = bytearray()
    with suppress(*_HTTP_ERRORS, TimeoutError):
        async with asyncio.timeout(_REFUSAL_SECONDS):
            await _read(response, body, _REFUSAL_BYTES)
    return UpstreamError(
        classify_response(response.status_code, dict(response.headers), bytes(body)),
        http_status=response.status_code,
        request_id=_request_id(response.headers),
    )


async def _read(response: httpx.Response, body: bytearray, limit: int) -> None:
    """Add the decoded body to `body`, cut at `limit` bytes, and close the response."""
    try:
        async for part in response.aiter_bytes():
            body += part[: limit - len(body)]
            if len(body) == limit:
                break
    finally:
        await response.aclose()


def _request_id(headers: Mapping[str, str]) -> str | None:
    """The service's own id of the request: OpenAI and gateways, Anthropic, Cloudflare in front of any."""
    return next((headers[name] for name in ("x-request-id", "request-id", "cf-ray") if name in headers), None)


_HTTP_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)

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


def _failure(error: BaseException) -> Failure:
    if isinstance(error, httpx.ConnectError):
        return Failure("network", _connect_reason(error))
    for kind, failure_kind, message in _REASONS:
        if isinstance(error, kind):
            return Failure(failure_kind, message, UNSENT if failure_kind == "invalid_request" else None)
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
