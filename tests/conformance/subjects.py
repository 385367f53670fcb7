"""Who is examined: every provider with every way of signing in, each before a simulated service of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import get_args

from maestro import provider
from maestro.providers import registry
from maestro.runtime import Runtime
from maestro.store.sessions import SessionStore
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import AuthType
from maestro_protocol.settings import Settings
from tests.simulators.compatible import GATEWAYS
from tests.simulators.fixtures import SERVICES, Personas, Simulation, simulate

KEY = "sk-conformance-0123456789"
SESSION = "work"


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

    async def model(self) -> str:
        """A model the service has."""
        return (await provider.list_models(self.provider, "api_key", SESSION))[0].name


CASES: list[tuple[str, AuthType]] = [
    (name, auth_type) for name in registry.provider_ids() for auth_type in get_args(AuthType)
]


@asynccontextmanager
async def prepared(name: str, auth_type: AuthType, persona: Personas = ()) -> AsyncIterator[Subject]:
    """A fresh runtime with one session `work`, signed in by key, in front of the provider's simulator."""
    async with AsyncExitStack() as stack:
        service = None
        environment: dict[str, str] = {}
        settings: JsonObject = {"retry": {"baseDelayMs": 0}}
        if name in SERVICES:
            service = await stack.enter_async_context(simulate(name, persona))
            environment = dict(service.environment)
        elif name != "offline":
            gateway = name if name in GATEWAYS else "plain"
            service = await stack.enter_async_context(simulate("compatible", persona, gateway=gateway))
            settings["providers"] = {name: {"baseUrl": f"{service.base_url}/v1"}}
        runtime = Runtime(Settings.from_wire(settings), SessionStore(), environment)
        provider.use(runtime)
        stack.push_async_callback(runtime.aclose)
        stack.callback(provider.use, None)
        await provider.create_session(name, "api_key", name=SESSION, api_key=KEY)
        yield Subject(name, auth_type, service)
