"""What the wire decoders share: one stream's state, and the messages that end it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from maestro.failures import Failure
from maestro.streaming.messages import (
    Content,
    Done,
    Message,
    Reasoning,
    ResumePoint,
    StreamError,
    UsageReport,
)
from maestro.streaming.text import SurrogateJoiner
from maestro.streaming.wire.reasoning_json import ReasoningJson
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ReplayPart, StopReason, Usage

INTERRUPTED = Failure("stream_interrupted", "The provider's answer broke off before it was finished.")
NOTHING: Sequence[Message] = ()


class WireDecoder(ABC):
    """Events of one wire in, messages out. An instance is one answer's state and is used for one answer only.

    `decode` gets each event's JSON object, `close` is called once at the end of the bytes. An answer that broke off
    with a resume point may `resume` with the events of another stream.
    """

    wire: str

    def __init__(self) -> None:
        self.shown = False
        """Something for the reader was handed out."""
        self.background_id: str | None = None
        """The response that the service goes on with, whether anybody reads it or not."""
        self.finished = False
        """The terminal event was seen: what follows is not part of the answer."""
        self.failed = False
        self.response_id: str | None = None
        self._usage: UsageReport | None = None
        self._refused = False
        self._call_seen = False
        self._content_joiner = SurrogateJoiner()
        self._reasoning_joiner = SurrogateJoiner()
        self._refusal_joiner = SurrogateJoiner()
        self._sniffer: ReasoningJson | None = None

    @abstractmethod
    def decode(self, event: JsonObject) -> Sequence[Message]:
        """The messages of one event."""

    @abstractmethod
    def close(self, *, clean: bool) -> list[Message]:
        """The messages at the end of the bytes; `clean` is False when they ended inside an event."""

    def end_marker(self) -> list[Message]:
        """`[DONE]`: the end on the chat wire, nothing elsewhere."""
        return []

    def fail(self, failure: Failure) -> list[Message]:
        """The messages of a stream that failed. Only the first failure counts; what filters say is no failure."""
        if self.failed or self.finished:
            return []
        resume = self._resume_point() if failure.kind in ("stream_interrupted", "network") else None
        # An answer that goes on in another stream keeps its open ends: calls, and text that was held back.
        messages = [] if resume else self._remains(ended=False)
        if failure.kind == "content_filter":
            messages.append(Content(failure.message, refusal=True))
            return [*messages, self._done("contentFilter", failure.code)]
        self.failed = True
        error = StreamError(failure.kind, failure.message, self.shown, failure.code, failure.retry_after, resume)
        return [*messages, error]

    def resume(self) -> None:
        """The answer goes on behind its resume point."""
        self.failed = False

    def _content(self, text: str) -> Sequence[Message]:
        text = self._content_joiner.push(text)
        if not text:
            return NOTHING
        self.shown = True
        return (Content(text),)

    def _answer(self, text: str) -> Sequence[Message]:
        """Text of a wire on which reasoning may stand in the text as JSON."""
        if self._sniffer is None:
            return self._content(text)
        found = self._sniffer.push(text)
        if self._sniffer.decided:
            self._sniffer = None
        messages = self._reasoning(found.reasoning) if found.reasoning else NOTHING
        return [*messages, *self._content(found.content)] if found.content else messages

    def _reasoning(self, text: str) -> Sequence[Message]:
        text = self._reasoning_joiner.push(text)
        if not text:
            return NOTHING
        self.shown = True
        return (Reasoning(text),)

    def _refuse(self, text: str) -> Sequence[Message]:
        self._refused = True
        text = self._refusal_joiner.push(text)
        if not text:
            return NOTHING
        self.shown = True
        return (Content(text, refusal=True),)

    def _finish(self, stop: StopReason, raw: str | None) -> list[Message]:
        """The messages of the terminal event."""
        messages = self._remains(ended=not self.failed, cut=stop != "endTurn")
        if self.failed:
            stop = "error"
        elif stop == "endTurn":  # what calls for more than a reason says wins: several services say "stop" for all
            stop = "toolUse" if self._call_seen else "refusal" if self._refused else stop
        return [*messages, self._done(stop, raw)]

    def _done(self, stop: StopReason, raw: str | None) -> Done:
        self.finished = True
        items = [] if self.failed else self._replay(raw)
        replay = ReplayPart(wire=self.wire, items=items) if items else None
        return Done(stop, raw, response_id=self.response_id, replay=replay)

    def _remains(self, *, ended: bool, cut: bool = False) -> list[Message]:
        """What is still to be said: held back text, calls that are open, usage.

        What is held back of an answer that broke off is dropped: nobody knows what it would have become.
        """
        messages = [*self._held_text(), *self._held_halves()] if ended else []
        messages.extend(self._open_calls(ended=ended, cut=cut))
        if self._usage is not None:
            messages.append(self._usage)
            self._usage = None
        return messages

    def _held_text(self) -> list[Message]:
        held = self._sniffer.flush() if self._sniffer is not None else ""
        return list(self._content(held)) if held else []

    def _held_halves(self) -> list[Message]:
        messages: list[Message] = []
        if rest := self._reasoning_joiner.flush():
            messages.append(Reasoning(rest))
        if rest := self._content_joiner.flush():
            messages.append(Content(rest))
        if rest := self._refusal_joiner.flush():
            messages.append(Content(rest, refusal=True))
        return messages

    @abstractmethod
    def _open_calls(self, *, ended: bool, cut: bool) -> Sequence[Message]:
        """Closes the calls that are still open. `ended`: the provider finished; `cut`: at a limit or by a filter."""

    @abstractmethod
    def _replay(self, raw_stop: str | None) -> list[JsonObject]:
        """The provider's own items, where they must be sent back verbatim."""

    def _resume_point(self) -> ResumePoint | None:
        return None


def usage_of(*, input: int, cache_read: int = 0, cache_write: int = 0, output: int, reasoning: int = 0) -> Usage:
    """Usage whose parts add up to its total. `input` is without cached tokens, `output` with reasoning."""
    total = input + cache_read + cache_write + output
    return Usage(
        input_tokens=input,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        output_tokens=output,
        reasoning_tokens=min(reasoning, output),
        total_tokens=total,
    )
