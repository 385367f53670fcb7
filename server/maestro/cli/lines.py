"""Lines of standard input, read beside whatever else may end the wait."""

import asyncio
import sys
import threading


async def next_line() -> str | None:
    """The next line without its end; None where there is none. A wait that is given up leaves nothing to join."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def tell(text: str) -> None:
        if not line.done():
            line.set_result(text.rstrip("\r\n") if text else None)

    def read() -> None:
        text = sys.stdin.readline()
        loop.call_soon_threadsafe(tell, text)

    threading.Thread(target=read, daemon=True).start()
    return await line
