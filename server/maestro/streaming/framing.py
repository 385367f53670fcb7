"""What every framing of a stream yields: whole events."""

from typing import NamedTuple, Protocol

MAX_EVENT_BYTES = 64 * 1024 * 1024


class SseEvent(NamedTuple):
    """`event` is `message` where the stream named none. `terminated` is False for a last event without its blank line.

    `raw` marks JSON that stood in the stream without `data:`.
    """

    data: str
    event: str = "message"
    id: str = ""
    terminated: bool = True
    raw: bool = False


class EventTooLarge(ValueError):
    """One event is over the limit; nothing more can be read from this stream."""


class Framing(Protocol):
    """Bytes in, events out. Both methods raise EventTooLarge."""

    comments: int

    @property
    def whole(self) -> bool:
        """No value is half open."""
        ...

    @property
    def terminated(self) -> bool:
        """The framing itself was closed, where it has an end."""
        ...

    def feed(self, chunk: bytes) -> list[SseEvent]: ...
    def close(self) -> list[SseEvent]: ...
