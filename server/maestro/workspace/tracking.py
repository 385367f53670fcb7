"""What git knows of a file: whether a change to it could be taken back."""

import asyncio
import os
from asyncio.subprocess import DEVNULL
from pathlib import Path

_SECONDS = 2.0


async def is_tracked(folder: Path, path: str) -> bool | None:
    """Whether git has a version of the file, relative to the folder; None where git cannot be asked."""
    # Of the environment only what git needs: variables such as GIT_DIR would point it elsewhere.
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "SYSTEMROOT")}
    try:
        process = await asyncio.create_subprocess_exec(
            *("git", "-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--", path),
            cwd=folder,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            env=environment,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_SECONDS):
            return await process.wait() == 0
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
