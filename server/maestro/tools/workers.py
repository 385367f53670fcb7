"""Work that hostile input can make endless, done by a small program in a process of its own, which can be killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import JsonValue

from maestro.errors import MaestroError

_LONGEST_LINE = 64 * 1024 * 1024
_HERE = Path(__file__).parent


class Worker:
    """A program of ours that answers every line of JSON with one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, question: JsonValue, patience: float) -> JsonValue:
        """Its answer. After a TimeoutError it must not be asked again.

        Raises:
            TimeoutError: none came within `patience` seconds.
            MaestroError: -32803 if the program ended.
        """
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None and writer is not None
        with suppress(ConnectionError, ValueError):
            async with asyncio.timeout(patience):
                writer.write(json.dumps(question).encode() + b"\n")
                await writer.drain()
                if line := await reader.readline():
                    answer: JsonValue = json.loads(line)
                    return answer
        raise MaestroError("requestFailed", "The helper process ended before it answered; try again.")

    async def aclose(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def worker(program: str) -> AsyncIterator[Worker]:
    """A process of the program, a file beside this one that imports nothing of ours; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_HERE / program)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name.upper() == "SYSTEMROOT"},
        limit=_LONGEST_LINE,
    )
    started = Worker(process)
    try:
        yield started
    finally:
        await started.aclose()
