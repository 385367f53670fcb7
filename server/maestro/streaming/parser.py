"""The one way from a provider's bytes to messages: framing, JSON, and the wire's decoder."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast, get_args

from pydantic import JsonValue

from maestro.failures import Failure, UpstreamError, classify_body, classify_error
from maestro.streaming.framing import MAX_EVENT_BYTES, EventTooLarge, Framing, SseEvent
from maestro.streaming.json_array import JsonArrayParser
from maestro.streaming.messages import Done, Message, UsageReport, Wire
from maestro.streaming.sse import SseParser
from maestro.streaming.wire.chat import ChatDecoder
from maestro.streaming.wire.decoder import WireDecoder
from maestro.streaming.wire.gemini import GeminiDecoder
from maestro.streaming.wire.messages import MessagesDecoder
from maestro.streaming.wire.responses import ResponsesDecoder

Handler: TypeAlias = Callable[[], WireDecoder]
"""Makes the decoder of one stream."""

_HANDLERS: dict[Wire, Handler] = {
    "responses": ResponsesDecoder,
    "chat": ChatDecoder,
    "messages": MessagesDecoder,
    "gemini": GeminiDecoder,
    "geminiArray": GeminiDecoder,
}
_PROVIDER_WIRES: dict[str, Wire] = {"openai": "responses", "anthropic": "messages", "gemini": "gemini"}
_decode_json = json.JSONDecoder().raw_decode
_TOO_LARGE = Failure("malformed", "The provider sent a single event that is larger than the limit.")
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """`wire` None takes the provider's usual one."""

    wire: Wire | None = None
    max_event_bytes: int = MAX_EVENT_BYTES


def wire_of(provider: str) -> Wire:
    """The wire a provider speaks unless told otherwise; services without a folder of their own imitate `chat`."""
    return _PROVIDER_WIRES.get(provider, "chat")


def get_handler(provider: str, wire: Wire | None = None) -> Handler:
    """What makes the decoders of this provider's streams, one per stream."""
    return _HANDLERS[wire or wire_of(provider)]


async def parse_stream(
    stream: AsyncIterable[bytes], provider: str, options: StreamOptions | Mapping[str, JsonValue] | None = None
) -> AsyncIterator[Message]:
    """The messages of a provider's answer. `options` may be a mapping with `wire` and `maxEventBytes`.

    What goes wrong in the stream is a `StreamError` message, also an `UpstreamError` that `stream` raises.

    Raises:
        ValueError: the options name no known wire.
    """
    parser = StreamParser(provider, _options(options))
    try:
        async for chunk in stream:
            for message in parser.feed(chunk):
                yield message
    except UpstreamError as error:
        for message in parser.fail(error.failure):
            yield message
        return
    for message in parser.close():
        yield message


class StreamParser:
    """One stream: `feed` it bytes, then `close` it. The messages do not depend on where the chunks were cut."""

    def __init__(self, provider: str, options: StreamOptions | None = None) -> None:
        options = options or StreamOptions()
        self._wire = options.wire or wire_of(provider)
        self._limit = options.max_event_bytes
        self.decoder = get_handler(provider, self._wire)()
        self.bad_events = 0
        """Events that were no JSON object: skipped, and counted."""
        self._begin()

    def _begin(self) -> None:
        """A stream's own state."""
        is_array = self._wire == "geminiArray"
        self._framing: Framing = JsonArrayParser(self._limit) if is_array else SseParser(self._limit)
        self._head = b""
        self._event_seen = False
        self._clean = True

    def resume(self) -> None:
        """The bytes to come are those of another stream, in which the answer goes on behind its resume point.

        What was cut in two by the break is put together again: characters, calls, text that was held back.
        """
        self._begin()
        self.decoder.resume()

    @property
    def comments(self) -> int:
        """Keep-alive comments so far."""
        return self._framing.comments

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages completed by these bytes."""
        if len(self._head) < _HEAD_BYTES:
            self._head = (self._head + chunk)[:_HEAD_BYTES]
        try:
            events = self._framing.feed(chunk)
        except EventTooLarge:
            return self.decoder.fail(_TOO_LARGE)
        messages: list[Message] = []
        for event in events:
            messages.extend(self._decode(event))
        return messages

    def close(self) -> list[Message]:
        """The messages at the end of the bytes; without the terminal event a `StreamError`."""
        messages: list[Message] = []
        try:
            events = self._framing.close()
        except EventTooLarge:
            return self.decoder.fail(_TOO_LARGE)
        for event in events:
            messages.extend(self._decode(event))
        if not self._event_seen and (failure := _not_a_stream(self._head)) is not None:
            return self.fail(failure)
        messages += self.decoder.close(clean=self._clean and self._framing.whole)
        if self._framing.terminated and all(event.terminated for event in events):
            return messages
        return [replace(m, terminated=False) if isinstance(m, Done) else m for m in messages]

    def fail(self, failure: Failure) -> list[Message]:
        """The messages of a stream whose connection failed: once it was begun, it is an interrupted answer."""
        begun = self._event_seen and failure.kind == "network"
        if begun or (self.decoder.shown and failure.kind in ("network", "server", "overloaded")):
            failure = Failure("stream_interrupted", failure.message, failure.code, failure.retry_after)
        return self.decoder.fail(failure)

    def _decode(self, event: SseEvent) -> Sequence[Message]:
        decoder = self.decoder
        if decoder.failed:
            return self._after_failure(event)
        try:
            value = _parse(event.data)
        except (ValueError, RecursionError):
            return self._no_json(event)
        if not isinstance(value, dict):
            self.bad_events += 1
            return ()
        self._event_seen = True
        messages = decoder.decode(value)
        if event.event == "error" and not messages:
            return decoder.fail(classify_error(value))
        return messages

    def _no_json(self, event: SseEvent) -> list[Message]:
        if event.data.strip() == "[DONE]":
            self._event_seen = True
            return self.decoder.end_marker()
        if event.event == "error":
            self._event_seen = True
            return self.decoder.fail(classify_error(event.data))
        self.bad_events += 1
        self._clean &= event.terminated
        return []

    def _after_failure(self, event: SseEvent) -> list[Message]:
        """A stream that failed may still tell its usage and that it ended."""
        try:
            value = json.loads(event.data)
        except (ValueError, RecursionError):
            messages: Sequence[Message] = self._no_json(event)
        else:
            messages = self.decoder.decode(value) if isinstance(value, dict) else ()
        return [message for message in messages if isinstance(message, Done | UsageReport)]


def _parse(text: str) -> JsonValue:
    """`json.loads`, which looks for blanks around the value for longer than it takes to read a small delta."""
    try:
        value: JsonValue
        value, end = _decode_json(text)
        if end == len(text):
            return value
    except ValueError:
        pass
    whole: JsonValue = json.loads(text)
    return whole


def _not_a_stream(head: bytes) -> Failure | None:
    """A web page or a line of text where the stream should be."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head or head.startswith((b":", b"data", b"event", b"id:", b"retry", b"{", b"[")):
        return None
    return classify_body(head)


def _options(options: StreamOptions | Mapping[str, JsonValue] | None) -> StreamOptions:
    if options is None or isinstance(options, StreamOptions):
        return options or StreamOptions()
    wire, limit = options.get("wire"), options.get("maxEventBytes")
    if wire is not None and wire not in get_args(Wire):
        raise ValueError(f"`wire` must be one of {', '.join(get_args(Wire))}.")
    return StreamOptions(cast("Wire | None", wire), limit if isinstance(limit, int) else MAX_EVENT_BYTES)
