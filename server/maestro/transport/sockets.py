"""The socket a request opened, for whoever must close it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast


class AsyncCloseable(Protocol):
    async def aclose(self) -> None: ...


@dataclass(slots=True)
class NewSocket:
    """The socket a request opened, if it opened one: httpcore leaves it open when cancelled before the request is out.

    Closing it aborts before the first wait, so that not even a second cancellation keeps it open.
    """

    stream: AsyncCloseable | None = None

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        """httpx's `trace` extension."""
        made = info.get("return_value")
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete") and made is not None:
            self.stream = cast("AsyncCloseable", made)

    async def aclose(self) -> None:
        if self.stream is not None:
            await self.stream.aclose()
