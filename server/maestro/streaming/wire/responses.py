"""OpenAI Responses: typed events with sequence numbers, ended by `response.completed|incomplete|failed`."""

from collections.abc import Callable, Sequence

from maestro.failures import classify_error
from maestro.streaming.messages import Message, ResumePoint, UsageReport
from maestro.streaming.wire.calls import OpenCall, raw_arguments
from maestro.streaming.wire.decoder import INTERRUPTED, NOTHING, WireDecoder, usage_of
from maestro.streaming.wire.reasoning_json import ReasoningJson
from maestro.streaming.wire.values import count_of, list_of, object_of, objects_of, text_of
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import StopReason, Usage

_CALL_TYPES = ("function_call", "custom_tool_call")
_INCOMPLETE: dict[str, StopReason] = {
    "max_output_tokens": "maxTokens",
    "max_messages": "limit",
    "content_filter": "contentFilter",
    "steered": "endTurn",
}
_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "error")
_PartKey = tuple[str, int, int]
"""Kind of text, output index, content or summary index. Item ids are no keys: a clone changes them in every event."""


class ResponsesDecoder(WireDecoder):
    """Events are taken once: by their numbers, where those count."""

    wire = "responses"

    def __init__(self) -> None:
        super().__init__()
        self._sniffer = ReasoningJson()
        self._tail = False
        """The stream begins in the middle: it is a recording of how a response went on."""
        self._sequence: int | None = None
        self._parts: dict[_PartKey, list[str]] = {}
        self._calls: dict[int, OpenCall] = {}
        self._items: dict[int, JsonObject] = {}
        self._begun: set[int] = set()
        """Items whose beginning this stream held."""
        self._handlers: dict[str, Callable[[JsonObject], Sequence[Message]]] = {
            "response.output_text.delta": self._text_delta,
            "response.reasoning_summary_text.delta": self._summary_delta,
            "response.reasoning_text.delta": self._reasoning_delta,
            "response.refusal.delta": self._refusal_delta,
            "response.function_call_arguments.delta": self._call_delta,
            "response.custom_tool_call_input.delta": self._call_delta,
            "response.output_text.done": lambda event: self._part_done(event, "text"),
            "response.refusal.done": lambda event: self._part_done(event, "refusal"),
            "response.reasoning_summary_text.done": lambda event: self._part_done(event, "summary"),
            "response.reasoning_text.done": lambda event: self._part_done(event, "reasoning"),
            "response.function_call_arguments.done": self._arguments_done,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.created": self._begin,
            "response.queued": self._progress,
            "response.in_progress": self._progress,
            "response.completed": self._end,
            "response.incomplete": self._end,
            "response.failed": self._end,
            "response.cancelled": self._end,
            "error": self._error,
        }

    def decode(self, event: JsonObject) -> Sequence[Message]:
        kind = event.get("type")
        handler = self._handlers.get(kind) if isinstance(kind, str) else None
        if handler is None:
            return self._error(event) if not isinstance(kind, str) and _looks_failed(event) else NOTHING
        if self.finished and kind != "response.created":
            return NOTHING
        sequence = event.get("sequence_number")
        if isinstance(sequence, int):
            if self._sequence and sequence <= self._sequence and not self._begins_or_ends(event):
                return NOTHING  # said twice; a clone that leaves all numbers at 0 says nothing by them
            if self._sequence is None and sequence > 0 and kind != "response.created":
                self._tail = True
            self._sequence = sequence
        return handler(event)

    def close(self, *, clean: bool) -> list[Message]:
        return [] if self.finished or self.failed else self.fail(INTERRUPTED)

    def _resume_point(self) -> ResumePoint | None:
        if self.background_id is None or self._sequence is None:
            return None
        return ResumePoint(self.background_id, self._sequence)

    def _begins_or_ends(self, event: JsonObject) -> bool:
        """What is taken whatever its number: the end, which comes but once, and another response, which counts anew."""
        if event.get("type") == "response.created":
            return self.finished or object_of(event.get("response")).get("id") != self.response_id
        return event.get("type") in _ENDS

    # Deltas

    def _text_delta(self, event: JsonObject) -> Sequence[Message]:
        delta = event.get("delta")
        if not isinstance(delta, str) or not delta:
            return NOTHING
        self._pieces(("text", _index(event, "output_index"), _index(event, "content_index"))).append(delta)
        return self._answer(delta)

    def _summary_delta(self, event: JsonObject) -> Sequence[Message]:
        return self._thought_delta(event, "summary", "summary_index")

    def _reasoning_delta(self, event: JsonObject) -> Sequence[Message]:
        return self._thought_delta(event, "reasoning", "content_index")

    def _thought_delta(self, event: JsonObject, kind: str, index: str) -> Sequence[Message]:
        delta = text_of(event.get("delta"))
        if not delta:
            return NOTHING
        self._pieces((kind, _index(event, "output_index"), _index(event, index))).append(delta)
        return self._reasoning(delta)

    def _refusal_delta(self, event: JsonObject) -> Sequence[Message]:
        delta = text_of(event.get("delta"))
        self._pieces(("refusal", _index(event, "output_index"), _index(event, "content_index"))).append(delta)
        return self._refuse(delta) if delta else NOTHING

    def _call_delta(self, event: JsonObject) -> Sequence[Message]:
        call = self._calls.get(_index(event, "output_index"))
        delta = text_of(event.get("delta"))
        if call is None or not delta:
            return NOTHING  # an unknown call comes whole with its `output_item.done`
        return (call.add(delta),)

    def _pieces(self, key: _PartKey) -> list[str]:
        pieces = self._parts.get(key)
        if pieces is None:
            pieces = self._parts[key] = []
        return pieces

    # What closes a part or an item: authoritative over the deltas

    def _part_done(self, event: JsonObject, kind: str) -> Sequence[Message]:
        text = event.get("refusal" if kind == "refusal" else "text")
        index = _index(event, "summary_index" if kind == "summary" else "content_index")
        return self._missing((kind, _index(event, "output_index"), index), text_of(text))

    def _missing(self, key: _PartKey, whole: str) -> Sequence[Message]:
        """What the deltas of a part did not bring. Shown text cannot be taken back, so a different one is left."""
        shown = "".join(self._parts.get(key, ()))
        began_elsewhere = self._tail and key[1] not in self._begun
        if began_elsewhere or len(whole) <= len(shown) or not whole.startswith(shown):
            return NOTHING
        rest = whole[len(shown) :]
        self._parts[key] = [whole]
        if key[0] == "text":
            return self._answer(rest)
        return self._refuse(rest) if key[0] == "refusal" else self._reasoning(rest)

    def _arguments_done(self, event: JsonObject) -> Sequence[Message]:
        """Closes the call for clones that never send `output_item.done`."""
        call = self._calls.get(_index(event, "output_index"))
        if call is not None and "arguments" in event:
            call.pieces = [raw_arguments(event["arguments"])]
            call.closed = True
        return NOTHING

    def _item_added(self, event: JsonObject) -> Sequence[Message]:
        index, item = _index(event, "output_index"), object_of(event.get("item"))
        self._begun.add(index)
        return (self._open(index, item).begin(),) if item.get("type") in _CALL_TYPES else NOTHING

    def _open(self, index: int, item: JsonObject) -> OpenCall:
        identity = text_of(item.get("call_id")) or text_of(item.get("id")) or f"call_{index}"
        call = self._calls[index] = OpenCall(identity, text_of(item.get("name")))
        self._call_seen = self.shown = True
        return call

    def _item_done(self, event: JsonObject) -> Sequence[Message]:
        return self._whole_item(_index(event, "output_index"), object_of(event.get("item")))

    def _whole_item(self, index: int, item: JsonObject) -> list[Message]:
        if not item or index in self._items:
            return []
        self._items[index] = item
        if item.get("type") in _CALL_TYPES:
            return self._whole_call(index, item)
        messages: list[Message] = []
        for kind, number, text in _texts(item):
            messages.extend(self._missing((kind, index, number), text))
        return messages

    def _whole_call(self, index: int, item: JsonObject) -> list[Message]:
        call = self._calls.get(index)
        messages: list[Message] = []
        if call is None:
            call = self._open(index, item)
            messages.append(call.begin())
        del self._calls[index]
        complete = item.get("status") in (None, "completed")
        if item.get("type") == "custom_tool_call":
            return [*messages, call.close(raw_arguments({"input": item.get("input")}), complete=complete)]
        raw = raw_arguments(item["arguments"]) if "arguments" in item else None
        return [*messages, call.close(raw, complete=complete)]

    # The response

    def _begin(self, event: JsonObject) -> Sequence[Message]:
        """A second `response.created` begins the next answer of a recording that holds several."""
        if self.finished:
            self.finished = self._call_seen = self._refused = self._tail = False
            self._parts.clear()
            self._calls.clear()
            self._items.clear()
        return self._progress(event)

    def _progress(self, event: JsonObject) -> Sequence[Message]:
        response = object_of(event.get("response"))
        self.response_id = text_of(response.get("id")) or self.response_id
        if event.get("type") == "response.queued" or response.get("background") is True:
            self.background_id = self.response_id
        return NOTHING

    def _end(self, event: JsonObject) -> Sequence[Message]:
        response = object_of(event.get("response"))
        self._progress(event)
        if self._tail and not self.shown:  # no tail, but a clone that counts from 1 and says all at the end
            self._tail = False
            self._items.clear()
        messages: list[Message] = []
        for index, item in enumerate(objects_of(response.get("output"))):
            if self._tail:  # its messages came with the stream before the break
                self._items.setdefault(index, item)
                self._call_seen |= item.get("type") in _CALL_TYPES
            else:
                messages.extend(self._whole_item(index, item))
        usage = response.get("usage")
        if isinstance(usage, dict):
            self._usage = UsageReport(_usage(usage), usage)
        return messages + self._stop(text_of(event.get("type")), response)

    def _stop(self, kind: str, response: JsonObject) -> list[Message]:
        if kind == "response.failed":
            messages = self.fail(classify_error(response.get("error") or "The provider could not finish the answer."))
            return messages if self.finished else [*messages, *self._finish("error", "failed")]
        if kind == "response.cancelled":
            return self._finish("cancelled", "cancelled")
        reason = text_of(object_of(response.get("incomplete_details")).get("reason"))
        if kind == "response.incomplete" or reason:
            return self._finish(_INCOMPLETE.get(reason, "maxTokens"), reason or "incomplete")
        return self._finish("endTurn", text_of(response.get("status")) or "completed")

    def _error(self, event: JsonObject) -> Sequence[Message]:
        return self.fail(classify_error(event))

    def _open_calls(self, *, ended: bool, cut: bool) -> Sequence[Message]:
        calls = [call.close(complete=ended and call.closed) for _, call in sorted(self._calls.items())]
        self._calls.clear()
        return calls

    def _replay(self, raw_stop: str | None) -> list[JsonObject]:
        """All items in order where one is reasoning: it must come back together with the item it led to."""
        items = [item for _, item in sorted(self._items.items())]
        return items if any(item.get("type") == "reasoning" for item in items) else []


def _index(event: JsonObject, name: str) -> int:
    index = event.get(name)
    return index if isinstance(index, int) else 0


def _texts(item: JsonObject) -> list[tuple[str, int, str]]:
    """The texts of a message or reasoning item: kind, index, text."""
    kinds = {"output_text": "text", "refusal": "refusal", "reasoning_text": "reasoning"}
    texts = [
        ("summary", n, text_of(object_of(part).get("text"))) for n, part in enumerate(list_of(item.get("summary")))
    ]
    for number, part in enumerate(objects_of(item.get("content"))):
        kind = kinds.get(text_of(part.get("type")))
        if kind is not None:
            texts.append((kind, number, text_of(part.get("refusal" if kind == "refusal" else "text"))))
    return texts


def _looks_failed(event: JsonObject) -> bool:
    return any(name in event for name in ("error", "detail", "message"))


def _usage(raw: JsonObject) -> Usage:
    """Cached tokens are counted inside the input, reasoning inside the output."""
    details = object_of(raw.get("input_tokens_details"))
    read, write = count_of(details.get("cached_tokens")), count_of(details.get("cache_write_tokens"))
    return usage_of(
        input=max(0, count_of(raw.get("input_tokens")) - read - write),
        cache_read=read,
        cache_write=write,
        output=count_of(raw.get("output_tokens")),
        reasoning=count_of(object_of(raw.get("output_tokens_details")).get("reasoning_tokens")),
    )
