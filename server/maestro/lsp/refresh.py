"""Tells the editor to ask again for what it asks for by itself."""

import asyncio
from contextlib import suppress

from maestro.lsp.connection import Connection
from maestro.lsp.messages import RpcError

INTERVAL = 0.1
"""Seconds in which several reasons make one request."""
DEADLINE = 10.0
"""Seconds the editor has to answer before it is asked anew."""


class Refresh:
    """One `workspace/…/refresh`. The next one waits until the editor has answered the last."""

    def __init__(self, connection: Connection, method: str) -> None:
        self._connection = connection
        self._method = method
        self._due = False
        self._asking = False

    def soon(self) -> None:
        """Something is different by now."""
        self._due = True
        if not self._asking:
            self._asking = True
            self._connection.spawn(self._ask(), self._method)

    async def _ask(self) -> None:
        try:
            while self._due:
                await asyncio.sleep(INTERVAL)
                self._due = False
                with suppress(TimeoutError, RpcError):  # an editor may have its reasons
                    await self._connection.calls.call(self._method, b"", DEADLINE)
        finally:
            self._asking = False
