"""HTTP to one provider: a client that keeps its connections."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from maestro.failures import Failure, UpstreamError
from maestro.streaming.messages import Wire
from maestro.transport.client import new_client
from maestro.transport.errors import HTTP_ERRORS, SENDING_ERRORS, failure_of, read_into, refusal, request_id
from maestro.transport.requests import HttpReply, HttpRequest, outgoing
from maestro.transport.sockets import NewSocket
from maestro.transport.stream import HttpStream
from maestro_protocol.settings import TransportSettings

_REPLY_BYTES = 64 * 1024 * 1024

Watch: TypeAlias = Callable[[int, Mapping[str, str]], None]
"""Hears the status and the headers of every answer, refusals included; the headers' names are lower-case."""


@dataclass(slots=True)
class _Pool:
    """The connections, shared by every view of a transport."""

    client: httpx.AsyncClient | None = None


class Transport:
    """HTTP to one provider. The client is made with the first request."""

    def __init__(self, settings: TransportSettings, watch: Watch | None = None, pool: _Pool | None = None) -> None:
        self._settings = settings
        self._watch = watch
        self._pool = pool or _Pool()

    def watched(self, watch: Watch) -> "Transport":
        """The same connections, with somebody who hears what their answers say."""
        return Transport(self._settings, watch, self._pool)

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
            await read_into(response, body, _REPLY_BYTES)
            return HttpReply(response.status_code, dict(response.headers), json.loads(body) if body else None)
        except HTTP_ERRORS as error:
            failure = failure_of(error)
        except (ValueError, RecursionError):
            failure = Failure("malformed", "The answer is not JSON.")
        raise UpstreamError(failure, http_status=response.status_code, request_id=request_id(response.headers))

    async def aclose(self) -> None:
        """Close every connection; the next request opens new ones."""
        client, self._pool.client = self._pool.client, None
        if client is not None:
            await client.aclose()

    async def _send(self, request: HttpRequest, defaults: Mapping[str, str]) -> httpx.Response:
        """The answer, once its status is known to be 2xx."""
        opened = NewSocket()
        try:
            client = self._pool.client = self._pool.client or new_client(self._settings)
            built = outgoing(client, request, defaults)
            built.extensions["trace"] = opened.trace
            response = await client.send(built, stream=True)
        except asyncio.CancelledError:
            await opened.aclose()
            raise
        except SENDING_ERRORS as error:
            failure = failure_of(error)
        else:
            if self._watch is not None:
                self._watch(response.status_code, response.headers)
            if response.is_success:
                return response
            raise await refusal(response)
        raise UpstreamError(failure)
