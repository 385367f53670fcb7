"""Server-sent events: bytes in, events out, pure; what the framing rules are and why stands in FORMATS.md."""

from collections.abc import AsyncIterable, AsyncIterator

# Private, but the only pure decoder in the package; `aiter_sse` decodes by charset and loses what FORMATS.md lists.
from httpx_sse._decoders import SSEDecoder

from maestro.streaming.framing import MAX_EVENT_BYTES, EventTooLarge, SseEvent
from maestro.streaming.json_values import JsonValues, ValueTooLarge

_BOM = b"\xef\xbb\xbf"
_FIELDS = ("data:", "event:", "id:", "retry:")


class SseParser:
    """One stream's framing. `feed` takes any chunks; the events do not depend on where the chunks were cut."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.comments = 0
        """Comment lines so far: signs of life, nothing more."""
        self._max = max_event_bytes
        self._decoder = SSEDecoder()
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._data_size = 0
        self._at_start = True
        self._after_cr = False
        self._json: JsonValues | None = None
        self._too_large = False

    @property
    def whole(self) -> bool:
        return self._json is None

    @property
    def terminated(self) -> bool:
        return True

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events completed by these bytes.

        Raises:
            EventTooLarge: an event is over the limit; the events before it were returned by the call before.
        """
        if self._too_large:
            raise EventTooLarge
        if self._at_start:
            chunk = self._strip_bom(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 10:  # the LF of a CRLF that was cut in two
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._after_cr = chunk[-1] == 13
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._hold(chunk)
            return []
        if self._pending:
            self._pending.append(chunk[:end])
            whole = b"".join(self._pending)
            self._pending.clear()
            self._pending_size = 0
        else:
            whole = chunk if end == len(chunk) else chunk[:end]
        events = self._lines(whole.decode("utf-8", "replace").split("\n"))
        self._hold(chunk[end:])
        return events

    def close(self) -> list[SseEvent]:
        """The event that the end of the stream cut short of its blank line, as far as there is one.

        Raises:
            EventTooLarge: as `feed`.
        """
        if self._too_large:
            raise EventTooLarge
        rest = b"".join(self._pending).decode("utf-8", "replace")
        self._pending.clear()
        events = self._lines([rest, "", ""] if self._json is None else [rest, ""])
        return [event._replace(terminated=event.raw) for event in events]

    def _lines(self, lines: list[str]) -> list[SseEvent]:
        """`lines` ends with the empty string behind the last line end."""
        lines.pop()
        events: list[SseEvent] = []
        decode = self._decoder.decode
        size = self._data_size
        for line in lines:
            if not line:
                if self._json is not None:
                    self._raw(line, events)
                else:
                    size = 0
                    sse = decode("")
                    if sse is not None and sse.data:
                        events.append(SseEvent(sse.data, sse.event, sse.id))
            elif line[0] == ":":
                self.comments += 1
            elif line[0] in "{[" or (self._json is not None and not line.startswith(_FIELDS)):
                self._raw(line, events)
            else:
                self._json = None
                decode(line)
                size += len(line)
                if size > self._max:
                    self._too_large = True
                    break
        self._data_size = size
        return events

    def _raw(self, line: str, events: list[SseEvent]) -> None:
        """JSON without `data:`, which no field of the format begins with: an error in place of, or inside, a stream."""
        if self._json is None:
            self._json = JsonValues(self._max)
        try:
            events.extend(SseEvent(value, raw=True) for value in self._json.feed(line + "\n"))
        except ValueTooLarge:
            self._too_large = True
        if self._json.idle:
            self._json = None

    def _hold(self, rest: bytes) -> None:
        if rest:
            self._pending.append(rest)
            self._pending_size += len(rest)
            self._too_large |= self._pending_size + self._data_size > self._max

    def _strip_bom(self, chunk: bytes) -> bytes:
        start = b"".join(self._pending) + chunk
        self._pending.clear()
        self._pending_size = 0
        if len(start) < len(_BOM) and _BOM.startswith(start):
            if start:
                self._pending.append(start)
            return b""
        self._at_start = False
        return start.removeprefix(_BOM)


async def parse_sse_stream(
    stream: AsyncIterable[bytes], *, max_event_bytes: int = MAX_EVENT_BYTES
) -> AsyncIterator[SseEvent]:
    """The events of a byte stream; comments and events without data are left out.

    Raises:
        EventTooLarge: an event is over the limit.
    """
    parser = SseParser(max_event_bytes)
    async for chunk in stream:
        for event in parser.feed(chunk):
            yield event
    for event in parser.close():
        yield event
