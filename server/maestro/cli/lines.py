"""Lines of standard input, read beside whatever else may end the wait."""

import asyncio
import sys
import threading
from contextlib import suppress


async def next_line() -> str | None:
    """The next line without its end; None where none can be read. A wait that is given up leaves nothing to join."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def tell(text: str) -> None:
        if not line.done():
            line.set_result(text.rstrip("\r\n") if text else None)

    def read() -> None:
        try:
            text = sys.stdin.readline()
        except (OSError, ValueError):  # not in the terminal's encoding, or closed
            text = ""
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(tell, text)

    threading.Thread(target=read, daemon=True).start()
    return await line
