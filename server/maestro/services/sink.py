"""Where a service's events go; the editor's connection implements it."""

from typing import Protocol

from maestro_protocol.base import WireModel


class EventSink(Protocol):
    """An ordered outlet that never blocks and never drops."""

    def send(self, event: WireModel) -> None:
        """Queue an event; those sent first arrive first."""
        ...

    @property
    def has_room(self) -> bool:
        """False while the outbound queue is full: keep merging deltas and stop reading the provider."""
        ...

    async def room(self) -> None:
        """Wait until the queue has room."""
        ...
