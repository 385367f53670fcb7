"""Who is examined: every provider with every way of signing in, each before a simulated service of its own."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

from maestro import provider
from maestro.providers import registry
from maestro.runtime import Runtime
from maestro.settings import load
from maestro.store.sessions import open_sessions
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import AuthType, Flow, Session
from tests.simulators.fixtures import SERVICES, Personas, Simulation, simulate
from tests.simulators.gateways import GATEWAYS, Quirks

KEY = "sk-conformance-0123456789"
SESSION = "work"
IN_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
"""Where a store waits for no disk; a test asks for a handful of commits."""


@dataclass(frozen=True)
class Subject:
    """A provider and a way of signing in to it, ready to be asked."""

    provider: str
    auth_type: AuthType
    service: Simulation | None
    """None where nothing is asked over the network."""

    @property
    def offered(self) -> bool:
        """Whether one can sign in this way."""
        info = registry.info(self.provider)
        return self.auth_type in [kind.auth_type for kind in info.auth_types] or (
            not info.needs_key and self.auth_type == "api_key"
        )

    @property
    def oauth_offered(self) -> bool:
        return "oauth" in [kind.auth_type for kind in registry.info(self.provider).auth_types]

    @property
    def session(self) -> tuple[str, str]:
        """The first two arguments of most functions."""
        return self.provider, SESSION

    @property
    def flow(self) -> Flow | None:
        """A flow that needs a browser and nothing else."""
        return "paste" if self.oauth_offered else None

    @property
    def signed_in_by(self) -> AuthType:
        """How the session `work` was signed in to."""
        return self.auth_type if self.offered else "api_key"

    async def sign_in(self, name: str) -> Session:
        """Go through a login by paste, with the simulator as the user's browser."""
        assert self.service is not None
        url = await provider.generate_auth_url(self.provider, name, flow="paste")
        code = self.service.service.authorize(url)  # type: ignore[attr-defined]
        return await provider.exchange_code_for_tokens(self.provider, name, SecretStr(code))

    async def model(self) -> str:
        """A model the service has."""
        return (await provider.list_models(self.provider, self.signed_in_by, SESSION))[0].name


CASES: list[tuple[str, AuthType]] = [
    (name, auth_type) for name in registry.provider_ids() for auth_type in get_args(AuthType)
]


@asynccontextmanager
async def prepared(name: str, auth_type: AuthType, persona: Personas = ()) -> AsyncIterator[Subject]:
    """A fresh runtime with one session `work`, in front of the provider's simulator, signed in to as asked where that
    is offered, else by key. What follows the host in the provider's own address stays, as its service expects it."""
    async with AsyncExitStack() as stack:
        service = None
        environment: dict[str, str] = {}
        settings: JsonObject = {"retry": {"baseDelayMs": 0}}
        if name in SERVICES:
            service = await stack.enter_async_context(simulate(name, persona))
            environment = {**service.environment, **service.oauth_environment}
        elif name != "offline":
            path = urlsplit(registry.info(name).base_url).path
            quirks = GATEWAYS[name] if name in GATEWAYS else Quirks(base=path)
            service = await stack.enter_async_context(simulate("compatible", persona, quirks=quirks))
            settings["providers"] = {name: {"baseUrl": service.base_url + path}}
        home = stack.enter_context(TemporaryDirectory(dir=IN_MEMORY))
        environment["MAESTRO_HOME"] = home
        runtime = Runtime(load(environment, settings), open_sessions(environment), environment)
        await runtime.sessions.sync()
        provider.use(runtime)
        stack.push_async_callback(runtime.aclose)
        stack.callback(provider.use, None)
        subject = Subject(name, auth_type, service)
        if auth_type == "oauth" and subject.offered:
            await subject.sign_in(SESSION)
        else:
            await provider.create_session(name, "api_key", name=SESSION, api_key=KEY)
        yield subject
