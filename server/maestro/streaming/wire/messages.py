"""Anthropic Messages: blocks that start, grow and stop, ended by `message_stop`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from maestro.failures import classify_error
from maestro.streaming.messages import FunctionCall, Message, UsageReport
from maestro.streaming.wire.calls import OpenCall, made_up_id, parse_arguments, raw_arguments
from maestro.streaming.wire.decoder import INTERRUPTED, NOTHING, WireDecoder, usage_of
from maestro.streaming.wire.values import count_of, integer_of, object_of, objects_of, text_of
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import StopReason, Usage

_STOPS: dict[str, StopReason] = {
    "max_tokens": "maxTokens",
    "pause_turn": "maxTokens",  # for sending the blocks back there is more
    "model_context_window_exceeded": "maxTokens",
    "refusal": "refusal",
}
"""Any other reason ends the turn; `tool_use` shows in the calls."""
_SIGNED = ("thinking", "redacted_thinking")


@dataclass(slots=True)
class Block:
    """A content block: as it started, and what its deltas added."""

    start: JsonObject
    pieces: list[str] = field(default_factory=list)
    call: OpenCall | None = None
    input: JsonObject | None = None


class MessagesDecoder(WireDecoder):
    """Routes on `type` inside the data, so that streams whose event names a proxy removed decode too."""

    wire = "messages"

    def __init__(self) -> None:
        super().__init__()
        self._stop_reason: str | None = None
        self._usage_fields: JsonObject = {}
        self._open: dict[int, Block] = {}
        self._blocks: list[Block] = []
        self._handlers: dict[str, Callable[[JsonObject], Sequence[Message]]] = {
            "content_block_delta": self._delta,
            "content_block_start": self._block_start,
            "content_block_stop": self._block_stop,
            "message_start": self._message_start,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "error": self._error,
        }
        self._deltas: dict[str, Callable[[int, JsonObject], Sequence[Message]]] = {
            "text_delta": self._text,
            "thinking_delta": self._thinking,
            "input_json_delta": self._input,
            "signature_delta": self._signature,
            "citations_delta": self._citation,
            "compaction_delta": self._compaction,
        }

    def decode(self, event: JsonObject) -> Sequence[Message]:
        if self.finished:
            return NOTHING
        kind = event.get("type")
        if not isinstance(kind, str):
            return self._error(event) if event.get("error") or "detail" in event or "message" in event else NOTHING
        handler = self._handlers.get(kind)
        return NOTHING if handler is None else handler(event)

    def close(self, *, clean: bool) -> list[Message]:
        return [] if self.finished or self.failed else self.fail(INTERRUPTED)

    # Deltas

    def _delta(self, event: JsonObject) -> Sequence[Message]:
        delta, index = event.get("delta"), event.get("index")
        if not isinstance(delta, dict) or not isinstance(index, int):
            return NOTHING
        kind = delta.get("type")
        handler = self._deltas.get(kind) if isinstance(kind, str) else None
        return NOTHING if handler is None else handler(index, delta)

    def _text(self, index: int, delta: JsonObject) -> Sequence[Message]:
        text = delta.get("text")
        if not isinstance(text, str) or not text:
            return NOTHING
        self._block(index, "text").pieces.append(text)
        return self._content(text)

    def _thinking(self, index: int, delta: JsonObject) -> Sequence[Message]:
        text = text_of(delta.get("thinking"))
        if not text:
            return NOTHING
        self._block(index, "thinking").pieces.append(text)
        return self._reasoning(text)

    def _input(self, index: int, delta: JsonObject) -> Sequence[Message]:
        block, text = self._open.get(index), text_of(delta.get("partial_json"))
        if block is None or not text:
            return NOTHING
        if block.call is not None:
            return (block.call.add(text),)
        block.pieces.append(text)  # a tool the provider runs itself
        return NOTHING

    def _signature(self, index: int, delta: JsonObject) -> Sequence[Message]:
        self._block(index, "thinking").start["signature"] = delta.get("signature")
        return NOTHING

    def _citation(self, index: int, delta: JsonObject) -> Sequence[Message]:
        start = self._block(index, "text").start
        start["citations"] = [*objects_of(start.get("citations")), delta.get("citation")]
        return NOTHING

    def _compaction(self, index: int, delta: JsonObject) -> Sequence[Message]:
        self._block(index, "compaction").start.update({k: v for k, v in delta.items() if k != "type"})
        return NOTHING

    # Blocks

    def _block(self, index: int, kind: str) -> Block:
        """The open block; one whose start never came is begun by its first delta."""
        block = self._open.get(index)
        return self._begin(index, {"type": kind}) if block is None else block

    def _begin(self, index: int, start: JsonObject) -> Block:
        block = self._open[index] = Block(start)
        self._blocks.append(block)
        return block

    def _block_start(self, event: JsonObject) -> Sequence[Message]:
        index = integer_of(event.get("index"))
        return NOTHING if index is None else self._started(index, dict(object_of(event.get("content_block"))))

    def _started(self, index: int, start: JsonObject) -> Sequence[Message]:
        lost = self._open.get(index)
        if lost is not None and lost.call is not None and lost.call.id == start.get("id"):
            return NOTHING  # said twice
        return [*_cut_off([lost] if lost else []), *self._first(self._begin(index, start), start)]

    def _first(self, block: Block, start: JsonObject) -> Sequence[Message]:
        """What a block's start holds already."""
        kind = start.get("type")
        if kind == "tool_use":
            identity = text_of(start.get("id")) or made_up_id(len(self._blocks), self.response_id)
            block.call = OpenCall(identity, text_of(start.get("name")))
            self._call_seen = self.shown = True
            return (block.call.begin(),)
        text = text_of(start.get("thinking" if kind == "thinking" else "text"))
        if not text:
            return NOTHING
        block.pieces.append(text)
        return self._reasoning(text) if kind == "thinking" else self._content(text)

    def _block_stop(self, event: JsonObject) -> Sequence[Message]:
        index = integer_of(event.get("index"))
        block = self._open.pop(index, None) if index is not None else None
        if block is None or block.call is None:
            return NOTHING
        return (self._closed(block, block.call),)

    def _closed(self, block: Block, call: OpenCall) -> FunctionCall:
        """A block that starts with its whole input, as some proxies send it, has no deltas."""
        whole = block.start.get("input")
        message = call.close(raw_arguments(whole) if whole and not call.pieces else None)
        block.input = message.arguments
        return message

    # The message

    def _message_start(self, event: JsonObject) -> Sequence[Message]:
        """A second one is a proxy's: the calls it cut off end here, and what it cut off is not part of any block."""
        message = object_of(event.get("message"))
        self.response_id = text_of(message.get("id")) or self.response_id
        lost = [*self._open.values()]
        self._open.clear()
        self._blocks = [block for block in self._blocks if not any(block is cut for cut in lost)]
        self._call_seen = any(block.call for block in self._blocks)
        self._stop_reason = text_of(message.get("stop_reason")) or None
        messages = [*_cut_off(lost), *self._report(object_of(message.get("usage")))]
        for index, start in enumerate(objects_of(message.get("content"))):
            messages += [*self._started(index, dict(start)), *self._block_stop({"index": index})]
        return messages

    def _message_delta(self, event: JsonObject) -> Sequence[Message]:
        self._stop_reason = text_of(object_of(event.get("delta")).get("stop_reason")) or self._stop_reason
        return self._report(object_of(event.get("usage")))

    def _report(self, usage: JsonObject) -> Sequence[Message]:
        """Usage is cumulative: what is given replaces, what is absent or null stays."""
        if not usage:
            return NOTHING
        self._usage_fields = {**self._usage_fields, **{k: v for k, v in usage.items() if v is not None}}
        return (UsageReport(_usage(self._usage_fields), self._usage_fields),)

    def _message_stop(self, event: JsonObject) -> Sequence[Message]:
        return self._finish(_STOPS.get(self._stop_reason or "", "endTurn"), self._stop_reason)

    def _error(self, event: JsonObject) -> Sequence[Message]:
        return self.fail(classify_error(event))

    def _open_calls(self, *, ended: bool, cut: bool) -> Sequence[Message]:
        calls = _cut_off(self._open.values())
        self._open = {index: block for index, block in self._open.items() if block.call is None}
        return calls

    def _replay(self, raw_stop: str | None) -> list[JsonObject]:
        """All blocks where one is signed thinking, or where the provider paused its own turn."""
        if raw_stop != "pause_turn" and all(block.start.get("type") not in _SIGNED for block in self._blocks):
            return []
        return [_verbatim(block) for block in self._blocks if block.call is None or block.input is not None]


def _cut_off(blocks: Iterable[Block]) -> list[Message]:
    """A call whose block never stopped is not complete, whatever its arguments look like."""
    return [block.call.close(complete=False) for block in blocks if block.call is not None]


def _verbatim(block: Block) -> JsonObject:
    kind, text = block.start.get("type"), "".join(block.pieces)
    if kind in ("text", "thinking"):
        return {**block.start, str(kind): text}
    if block.call is not None:
        return {**block.start, "input": block.input}
    return {**block.start, "input": parse_arguments(text)} if kind == "server_tool_use" and text else block.start


def _usage(raw: JsonObject) -> Usage:
    """The input is without cached tokens here."""
    return usage_of(
        input=count_of(raw.get("input_tokens")),
        cache_read=count_of(raw.get("cache_read_input_tokens")),
        cache_write=count_of(raw.get("cache_creation_input_tokens")),
        output=count_of(raw.get("output_tokens")),
        reasoning=count_of(object_of(raw.get("output_tokens_details")).get("thinking_tokens")),
    )
