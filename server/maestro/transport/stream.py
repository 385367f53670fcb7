"""An open answer: its bytes as they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx

from maestro.failures import UpstreamError
from maestro.streaming.messages import Wire
from maestro.transport.errors import HTTP_ERRORS, failure_of, request_id

_DRAIN_BYTES = 64 * 1024
_DRAIN_SECONDS = 0.1


class HttpStream:
    """An open 2xx answer (a `providers.base.ByteStream`), whatever its content type says.

    Iterating raises UpstreamError when the connection fails, and just ends after `aclose`.
    """

    def __init__(self, response: httpx.Response, wire: Wire) -> None:
        self.wire: Wire = wire
        self.request_id = request_id(response.headers)
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
        except HTTP_ERRORS as error:
            failure = failure_of(error)
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
