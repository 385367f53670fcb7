"""A server that is killed takes its commands along, and nothing it holds is open to them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psutil
import pytest

from tests.unit.tools.hiding import HANG, lives, number, number_in
from tests.unit.tools.surroundings import Workspace

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc"),
]


@pytest.fixture(autouse=True)
def usable_python(here: Workspace) -> None:
    here.environment = {
        **here.environment,
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
    }


SERVER = """
import asyncio, ctypes, os, sys
from pathlib import Path
from maestro.tools.run_command import RunCommand
from maestro_protocol.intents import Observed
from tests.unit.tools.surroundings import workspace

async def main():
    here = workspace(Path(sys.argv[1]))
    here.environment = dict(os.environ)
    here.set(runCommand=True)
    before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    outcome = await here.run(RunCommand(), argv=sys.argv[2:])
    print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), outcome.content)

asyncio.run(main())
"""
"""A process that runs one command, as a server does, and says whether it could be dumped before and after."""


@asynccontextmanager
async def server(here: Workspace, *argv: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Afterwards it is killed, as is the command it ran if that wrote its process id to `pid`."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(here.folder), *argv),
        env={**os.environ, **here.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        for process in (running.pid, number(here.folder / "pid")):
            with suppress(ProcessLookupError):
                os.kill(process or running.pid, signal.SIGKILL)
        await running.wait()


async def ended(processes: Sequence[psutil.Process]) -> None:
    """Wait until they have; where nobody reaps orphans, they stay as zombies."""
    async with asyncio.timeout(20):
        while any(lives(one.pid) for one in processes):  # noqa: ASYNC110 - nobody's children tell no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", [HANG, "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"])
async def test_a_killed_server_takes_its_command_along(here: Workspace, how: str) -> None:
    async with server(here, sys.executable, "-c", how, "pid") as running:
        hidden = psutil.Process(await number_in(here.folder / "pid"))
        family = [hidden, *psutil.Process(running.pid).children(recursive=True)]
        assert all(lives(one.pid) for one in family)
        running.kill()
        await running.wait()
        await ended(family)


async def test_a_server_killed_while_it_starts_a_command_leaves_nothing(here: Workspace) -> None:
    for moment in (0.0, 0.002, 0.005, 0.01, 0.02):
        async with server(here, "sh", "-c", "echo $$ > pid; exec sleep 600") as running:
            process = psutil.Process(await number_in(here.folder / "pid"))
            await asyncio.sleep(moment)
            running.kill()
            await running.wait()
            await ended([process])
            (here.folder / "pid").unlink()


async def test_what_the_server_holds_is_closed_to_commands(here: Workspace) -> None:
    program = "import os; open(f'/proc/{os.getppid()}/environ').read()"
    async with server(here, sys.executable, "-c", program) as running:
        said = (await running.communicate())[0].decode()
    assert said.startswith("1 0 The command ended with exit code ")
    assert os.geteuid() == 0 or "PermissionError" in said, "to root everything is open"
