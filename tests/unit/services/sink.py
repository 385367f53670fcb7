"""Where events of turns go in tests."""

import asyncio
from collections.abc import Sequence

from maestro_protocol.base import WireModel
from maestro_protocol.events import TurnNotice


class Sink:
    """Keeps the events; always has room."""

    has_room = True

    def __init__(self) -> None:
        self.events: list[WireModel] = []
        self.begun = asyncio.Event()

    def send(self, event: WireModel) -> None:
        self.events.append(event)
        self.begun.set()

    async def room(self) -> None:
        """There is."""

    @property
    def notices(self) -> Sequence[str]:
        return [event.message for event in self.events if isinstance(event, TurnNotice)]
