"""The only file that speaks HTTP: one pooled client per provider, streams as bytes, failures as `UpstreamError`."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from maestro.streaming.messages import Wire
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import TransportSettings


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as data. Headers may carry a key and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    json: JsonObject | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A 2xx answer, read whole. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    json: JsonValue = field(repr=False)


class HttpStream:
    """An open 2xx answer (a `providers.base.ByteStream`)."""

    wire: Wire
    request_id: str | None

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError


class Transport:
    """HTTP to one provider."""

    def __init__(self, settings: TransportSettings) -> None:
        raise NotImplementedError

    async def open(self, request: HttpRequest, wire: Wire) -> HttpStream:
        """Send and wait for the status; a refusal raises UpstreamError with its body read and classified."""
        raise NotImplementedError

    async def fetch(self, request: HttpRequest) -> HttpReply:
        """Send and read the whole JSON answer. Raises UpstreamError."""
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError
