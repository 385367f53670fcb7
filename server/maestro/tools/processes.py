"""Runs a command to its end: its output as it comes, its time limited, nothing of it left running."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from maestro.errors import MaestroError
from maestro.tools.families import HURRIED_SECONDS, Family, marked
from maestro.tools.guardian import ON_WINDOWS
from maestro.tools.seclusion import seclude

_LAST_OUTPUT_SECONDS = 0.5
_GUARDIAN = Path(__file__).with_name("guardian.py")


@dataclass(frozen=True, slots=True)
class Command:
    argv: Sequence[str]
    program: str | None
    """The file of it; None has `argv[0]` looked up."""
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    timeout: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int | None
    """None when its time was up; negative for the signal that ended it."""
    left_running: int
    """Processes that were still there when it ended, and were ended too."""


async def run_to_end(command: Command, receive: Callable[[bytes], None]) -> Ended:
    """Run it without a shell, in a session of its own; `receive` gets stdout and stderr as they come.

    When this returns or is cancelled, everything the command started has ended, as it has when this process is killed.

    Raises:
        OSError, ValueError: it cannot be started.
        MaestroError: 4403 if it cannot be guarded.
    """
    stop = asyncio.Event()
    work = asyncio.create_task(_supervise(command, receive, stop))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        while not work.done():  # whoever cancels twice does not get a process left behind either
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        raise


async def _supervise(command: Command, receive: Callable[[bytes], None], stop: asyncio.Event) -> Ended:
    await asyncio.to_thread(seclude)
    mark = secrets.token_hex(16)
    async with _guarded(mark) as tell_leader:
        transport, watched = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Watched(receive),
            *command.argv,
            executable=None if ON_WINDOWS else command.program,  # there the name alone says how it is run
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=command.folder,
            env=marked(command.environment, mark),
            start_new_session=True,
        )
        tell_leader(transport.get_pid())
        return await _ended(transport, watched, Family(transport.get_pid(), mark), stop, command.timeout)


async def _ended(
    transport: asyncio.SubprocessTransport, watched: "_Watched", family: Family, stop: asyncio.Event, timeout: float
) -> Ended:
    try:
        in_time = await _exited(watched, stop, timeout)
        left_running = await family.leftovers() if in_time else 0
        if not in_time or left_running:
            await family.end(stop)
        # Somebody who was not found may hold the pipe open for ever.
        for event in (watched.exited, watched.silent):
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), HURRIED_SECONDS if stop.is_set() else _LAST_OUTPUT_SECONDS)
        return Ended(transport.get_returncode() if in_time else None, left_running)
    except asyncio.CancelledError:
        family.kill()
        raise
    finally:
        transport.close()


@asynccontextmanager
async def _guarded(mark: str) -> AsyncIterator[Callable[[int], None]]:
    """A program that ends what has the mark if this process is killed meanwhile; tell it the command's process id."""
    try:
        transport, watched = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Watched(lambda data: None),
            *(sys.executable, "-I", "-S", str(_GUARDIAN)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name.upper() == "SYSTEMROOT"},
            start_new_session=True,  # what a terminal sends to us is not for it
        )
    except OSError:
        message = "The program that would end the command if Maestro is killed cannot be started, so nothing was run."
        raise MaestroError("toolFailed", message) from None
    pipe = transport.get_pipe_transport(0)
    assert isinstance(pipe, asyncio.WriteTransport)
    try:
        pipe.write(f"{mark}\n".encode())
        yield lambda leader: pipe.write(f"{leader}\n".encode())
    finally:
        transport.close()
        await watched.exited.wait()


async def _exited(watched: "_Watched", stop: asyncio.Event, timeout: float) -> bool:
    """Whether the command ended by itself and in time."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (watched.exited, stop)]
    try:
        await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return watched.exited.is_set()


class _Watched(asyncio.SubprocessProtocol):
    """Not `asyncio.create_subprocess_exec`: its `wait` may last until whoever holds the pipe closes it."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self.exited = asyncio.Event()
        self.silent = asyncio.Event()
        self._receive = receive

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._receive(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()
