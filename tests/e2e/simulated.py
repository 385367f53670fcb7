"""The simulators on a thread of their own, for tests that talk to the server without an event loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Self, TypeVar

from tests.simulators.http import Server
from tests.simulators.service import Service
from tests.simulators.wire import Connection

Value = TypeVar("Value")
DEADLINE = 30.0


class Simulated:
    """A service that listens on the loopback while the `with` block runs; `requests` keeps what it got."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.server = self._run(self._start)
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self.server.aclose)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def base_urls(self) -> dict[str, str]:
        """The variables that point a client here, without the keys: those come in sessions."""
        variables = self.service.environment(self.url)
        return {name: value for name, value in variables.items() if name.endswith("_BASE_URL")}

    def wait_closed(self) -> Connection:
        """The connection of the last generation, once the client has closed it."""

        async def until_closed() -> Connection:
            generation = [r for r in self.server.requests if r.method == "POST"][-1]
            await generation.connection.closed.wait()
            return generation.connection

        return self._run(until_closed)

    async def _start(self) -> Server:
        server = Server(self.service.handle)
        await server.start()
        return server

    def _run(self, call: Callable[[], Coroutine[None, None, Value]]) -> Value:
        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(DEADLINE)
