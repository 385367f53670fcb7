"""A stream that is one JSON array, delivered in pieces: Gemini without `alt=sse`."""

import codecs

from maestro.streaming.framing import MAX_EVENT_BYTES, EventTooLarge, SseEvent
from maestro.streaming.json_values import JsonValues, ValueTooLarge


class JsonArrayParser:
    """Each object of the array is an event, as soon as its last brace is there."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.comments = 0
        self._values = JsonValues(max_event_bytes)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    @property
    def whole(self) -> bool:
        return not self._values.inside

    @property
    def terminated(self) -> bool:
        return self._values.closed or self._values.idle

    def feed(self, chunk: bytes) -> list[SseEvent]:
        return self._events(self._decode(chunk))

    def close(self) -> list[SseEvent]:
        return self._events(self._decode(b"", True))

    def _events(self, text: str) -> list[SseEvent]:
        try:
            return [SseEvent(value, raw=True) for value in self._values.feed(text)]
        except ValueTooLarge as error:
            raise EventTooLarge from error
