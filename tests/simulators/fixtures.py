"""How a test starts a simulator: `async with simulate(...)`, or `with running(...)` from outside an event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.simulators.anthropic import Anthropic
from tests.simulators.compatible import Compatible
from tests.simulators.gemini import Gemini
from tests.simulators.http import Server
from tests.simulators.oauth_server import AuthServer
from tests.simulators.openai import OpenAI
from tests.simulators.personas import parse
from tests.simulators.replies import Prompt, Reply, Scripts
from tests.simulators.service import Persona, Service
from tests.simulators.wire import Connection, Request

T = TypeVar("T")

SERVICES: dict[str, Callable[..., Service]] = {
    "openai": OpenAI,
    "anthropic": Anthropic,
    "gemini": Gemini,
    "compatible": Compatible,
}

Personas = Persona | str | Sequence[Persona | str]


@dataclass(frozen=True, slots=True)
class Simulation:
    """A running simulator. `base_url` has no path and no trailing slash."""

    service: Service
    server: Server

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that point a client here, with a key that is let in."""
        return self.service.environment(self.base_url)

    @property
    def oauth_environment(self) -> Mapping[str, str]:
        """The variables that point Maestro's API and login settings here; no credential among them but a client's."""
        return self.service.oauth_environment(self.base_url)

    @property
    def auth(self) -> AuthServer:
        """The auth server on the same port: its clock, its counters, its tokens."""
        return self.service.auth

    @property
    def requests(self) -> list[Request]:
        """All requests so far, as received."""
        return self.server.requests

    @property
    def prompts(self) -> list[Prompt]:
        """What the service understood of each generation."""
        return self.service.prompts

    @property
    def connections(self) -> list[Connection]:
        return self.server.connections

    @property
    def open_connections(self) -> list[Connection]:
        return self.server.open_connections

    def say(self, *replies: Reply) -> None:
        """Script the next replies, in order; afterwards the deterministic answers are back."""
        self.service.scripts.queue.extend(replies)

    def play(self, *personas: Persona | str) -> None:
        """Replace the personas, with fresh counters."""
        self.service.play([parse(one) if isinstance(one, str) else one for one in personas])

    async def request(self, number: int = 1) -> Request:
        """The `number`th request, counted from 1; waits for it."""
        await self.server.until(lambda: len(self.requests) >= number)
        return self.requests[number - 1]

    async def closed(self, connection: Connection) -> None:
        """Return when the connection has ended."""
        await connection.closed.wait()

    async def idle(self) -> None:
        """Return when no connection is open."""
        await self.server.until(lambda: not self.open_connections)


@asynccontextmanager
async def simulate(
    name: str,
    persona: Personas = (),
    *,
    replies: Sequence[Reply] = (),
    always: Reply | None = None,
    keys: frozenset[str] | None = None,
    port: int = 0,
    **options: Any,
) -> AsyncIterator[Simulation]:
    """Serve one provider on the loopback, in this event loop.

    `persona`: one or several, as objects or names (`"429=2*1"`); all that match act together.
    `replies` are given in order, `always` whenever they are used up. `options` are the service's own
    (`gateway="groq"` for `compatible`, `strict=False` for `gemini`).
    """
    chosen = [persona] if isinstance(persona, (Persona, str)) else list(persona)
    personas = [parse(one) if isinstance(one, str) else one for one in chosen]
    service = SERVICES[name](personas, Scripts(list(replies), always), **options)
    service.keys = keys
    server = Server(service.handle)
    await server.start(port)
    try:
        yield Simulation(service, server)
    finally:
        await server.aclose()


@dataclass(frozen=True, slots=True)
class Outside:
    """A simulator in a thread of its own, for tests that drive a subprocess. Same names as `Simulation`."""

    sim: Simulation
    loop: asyncio.AbstractEventLoop

    @property
    def base_url(self) -> str:
        return self.sim.base_url

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.sim.environment)

    @property
    def oauth_environment(self) -> dict[str, str]:
        return dict(self.sim.oauth_environment)

    @property
    def auth(self) -> AuthServer:
        return self.sim.auth

    @property
    def requests(self) -> list[Request]:
        return list(self.sim.requests)

    @property
    def open_connections(self) -> list[Connection]:
        return self.call(self._open())

    def say(self, *replies: Reply) -> None:
        self.sim.say(*replies)

    def play(self, *personas: Persona | str) -> None:
        self.sim.play(*personas)

    def request(self, number: int = 1) -> Request:
        return self.call(self.sim.request(number))

    def idle(self) -> None:
        self.call(self.sim.idle())

    def call(self, work: Coroutine[Any, Any, T], timeout: float = 30) -> T:
        """Run a coroutine of the simulator and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    async def _open(self) -> list[Connection]:
        return self.sim.open_connections


@contextmanager
def running(name: str, persona: Personas = (), **options: Any) -> Iterator[Outside]:
    """The same from outside an event loop: the simulator lives in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"simulator-{name}", daemon=True)
    thread.start()
    context = simulate(name, persona, **options)
    try:
        sim = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(30)
        try:
            yield Outside(sim, loop)
        finally:
            asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
