"""An editor in the same process: a real connection and outbox, with a pipe in between."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from maestro.lsp.connection import Backend, Connection, Request
from maestro.lsp.frames import FrameDecoder
from maestro.lsp.writer import Outbox
from maestro_protocol.base import JsonObject

Handler = Callable[[Request], Awaitable[bytes]]


class RecordingBackend:
    """Answers with handlers by method, and remembers what it was told."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers = handlers
        self.notices: list[tuple[str, JsonValue]] = []
        self.order: list[str] = []
        self.closed = False

    async def answer(self, request: Request) -> bytes:
        self.order.append(request.method)
        return await self.handlers[request.method](request)

    async def notice(self, method: str, params: JsonValue) -> None:
        self.order.append(method)
        self.notices.append((method, params))
        if method == "fail":
            raise ValueError("canary")

    async def aclose(self) -> None:
        self.closed = True


class Peer:
    """`loading` is awaited before the backend answers anything."""

    def __init__(self, backend: Backend, loading: Awaitable[object] | None = None) -> None:
        self._out, into = os.pipe()
        self._decoder = FrameDecoder(1 << 30)
        self._backend = backend
        self._loading = loading
        self.messages: list[JsonObject] = []
        self.outbox = Outbox(into, asyncio.get_running_loop(), lambda: None)
        self.outbox.start()
        self.connection = Connection(self.outbox, self._open)

    def _open(self, params: JsonObject) -> tuple[bytes, Awaitable[Backend]]:
        if params.get("refuse"):
            raise ValueError("canary")
        return b'{"capabilities":{}}', self._load()

    async def _load(self) -> Backend:
        if self._loading is not None:
            await self._loading
        return self._backend

    def send(self, *messages: JsonValue) -> None:
        """All in one read."""
        self.connection.receive([json.dumps(message).encode() for message in messages])

    def request(self, request_id: JsonValue, method: str, params: JsonValue = None) -> None:
        self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})

    def notify(self, method: str, params: JsonValue = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def initialize(self) -> None:
        self.request("init", "initialize", {})

    async def settle(self) -> list[JsonObject]:
        """Everything written so far, once nothing is under way."""
        for _ in range(20):
            await asyncio.sleep(0)
        await self.outbox.drained()
        os.set_blocking(self._out, False)
        while True:
            try:
                data = os.read(self._out, 1 << 20)
            except BlockingIOError:
                break
            self.messages += [json.loads(body) for body in self._decoder.feed(data) if isinstance(body, bytes)]
        return self.messages

    async def answers(self, request_id: JsonValue) -> list[JsonObject]:
        return [m for m in await self.settle() if m.get("id") == request_id and "method" not in m]

    async def error(self, request_id: JsonValue) -> JsonObject:
        """The error that is the only answer to a request."""
        (answer,) = await self.answers(request_id)
        error = answer["error"]
        assert isinstance(error, dict)
        return error
