"""Programs that hide from whoever wants to end them, and how to see whether they are gone."""

import asyncio
from pathlib import Path

import psutil

DOUBLE_FORK = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
os.wait()
while not (os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1])):
    time.sleep(0.01)
print("forked", flush=True)
"""
"""A daemon: in another session, child of nobody, holding the pipe open."""
HANG = DOUBLE_FORK + "time.sleep(600)\n"


def lives(process: int) -> bool:
    """Whether it still does anything; where nobody reaps orphans, they stay as zombies."""
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def number(file: Path) -> int:
    return int(file.read_text() or 0) if file.exists() else 0


async def number_in(file: Path) -> int:
    """The process id a program writes there."""
    async with asyncio.timeout(20):
        while not (found := number(file)):  # noqa: ASYNC110 - another process's writing tells no event
            await asyncio.sleep(0.01)
    return found
