"""The services as the editor gets them, over simulated providers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from maestro import provider
from maestro.app import Services, build
from maestro.cli.terminal import TerminalEditor
from maestro.editor import Editor
from maestro.settings import load
from maestro_protocol.base import JsonObject
from tests.simulators.fixtures import Simulation, simulate


@asynccontextmanager
async def product(
    home: Path,
    *services: str,
    settings: JsonObject | None = None,
    terminal: bool = False,
    signed_in: bool = True,
    oauth: bool = False,
    in_front: Editor | None = None,
) -> AsyncIterator[tuple[Services, Sequence[Simulation]]]:
    """The services over simulated providers, signed in to each by a session named after it; with `oauth` also the
    simulated authorization servers. `in_front` is the editor; a terminal without one."""
    async with AsyncExitStack() as stack:
        simulations = [await stack.enter_async_context(simulate(name)) for name in services]
        environment = {"MAESTRO_HOME": str(home), "HOME": str(home)}
        for simulation in simulations:
            environment |= {**simulation.environment, **(simulation.oauth_environment if oauth else {})}
        editor = {"models": {"probeLocalServers": False}, **(settings or {})}
        front = in_front or TerminalEditor(home)
        built = build(load(environment, editor), environment, front, use_environment_keys=terminal)
        stack.push_async_callback(built.aclose)
        stack.callback(provider.use, None)
        await built.open()
        for name, simulation in zip(services, simulations, strict=True):
            if signed_in:
                key = next(value for field, value in simulation.environment.items() if field.endswith("_KEY"))
                await provider.create_session(name, "api_key", name=f"my-{name}", api_key=key)
        yield built, simulations
