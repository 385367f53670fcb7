"""A turn as the named events of Anthropic's Messages API."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.simulators.replies import Prompt, Script, Tokens, cut
from tests.simulators.wire import Answer, Json, dump

_SIGNED = b"maestro-simulator:"


def sse(event: Json) -> bytes:
    """One named frame; the service pads its data with blanks before the last brace, so we do."""
    data = dump(event)
    blanks = b" " * (len(data) % 13) if event["type"] != "ping" else b""
    return b"event: %b\ndata: %b%b}\n\n" % (event["type"].encode(), data[:-1], blanks)


def signature(thinking: str) -> str:
    """The seal of a thinking block; the block is only taken back with the very same text."""
    return base64.b64encode(_SIGNED + hashlib.sha256(thinking.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """Writes one message, as events or whole."""

    number: int
    prompt: Prompt
    script: Script

    @property
    def stop_reason(self) -> str:
        if self.script.refusal:
            return "refusal"
        if self.script.finish != "stop":
            reasons = {"length": "max_tokens", "filter": "refusal", "pause": "pause_turn"}
            return reasons.get(self.script.finish, "end_turn")
        return "tool_use" if self.script.tool_calls else "end_turn"

    def blocks(self) -> list[Json]:
        """The content of the message."""
        script = self.script
        blocks: list[Json] = []
        if script.reasoning:
            sealed = signature(script.reasoning)
            blocks.append({"type": "thinking", "thinking": script.reasoning, "signature": sealed})
        if script.text:
            blocks.append({"type": "text", "text": script.text})
        for position, call in enumerate(script.tool_calls):
            name = call.id or f"toolu_{self.number:022x}{position:02d}"
            blocks.append({"type": "tool_use", "id": name, "name": call.name, "input": json.loads(call.arguments)})
        return blocks

    def message(self) -> Json:
        """The message as one object, for a request without `stream`."""
        tokens = self.script.counted(self.prompt)
        usage = {**_usage(tokens, tokens.output), **_final_usage(tokens)}
        return {**self._head(), "content": self.blocks(), **self._end(), "usage": usage}

    def answer(self) -> Answer:
        tokens = self.script.counted(self.prompt)
        start = {**self._head(), "content": [], "stop_reason": None, "stop_sequence": None}
        steps = [sse({"type": "message_start", "message": {**start, "usage": _usage(tokens, 1)}})]
        first = 0
        for index, block in enumerate(self.blocks()):
            steps.append(sse({"type": "content_block_start", "index": index, "content_block": _opened(block)}))
            if index == 0:
                steps.append(sse({"type": "ping"}))
                first = len(steps)
            for delta in self._deltas(block, index):
                steps.append(sse({"type": "content_block_delta", "index": index, "delta": delta}))
            steps.append(sse({"type": "content_block_stop", "index": index}))
        steps.append(sse({"type": "message_delta", "delta": self._end(), "usage": _final_usage(tokens)}))
        steps.append(sse({"type": "message_stop"}))
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        return Answer(200, headers, tuple(steps), "chunked", first=first or 1, wire="messages")

    def _deltas(self, block: Json, index: int) -> Iterator[Json]:
        match block["type"]:
            case "thinking":
                yield from ({"type": "thinking_delta", "thinking": piece} for piece in cut(block["thinking"]))
                yield {"type": "signature_delta", "signature": block["signature"]}
            case "text":
                yield from ({"type": "text_delta", "text": piece} for piece in self.script.pieces)
            case "tool_use":
                position = index - (len(self.blocks()) - len(self.script.tool_calls))
                raw = self.script.tool_calls[position].arguments
                pieces = ("", *cut(raw)) if block["input"] else ("",)
                yield from ({"type": "input_json_delta", "partial_json": piece} for piece in pieces)

    def _head(self) -> Json:
        name = f"msg_{self.number:024x}"
        return {"id": name, "type": "message", "role": "assistant", "model": self.prompt.model}

    def _end(self) -> Json:
        end: Json = {"stop_reason": self.stop_reason, "stop_sequence": None}
        if self.stop_reason == "refusal":
            end["stop_details"] = {"type": "refusal", "category": None, "explanation": self.script.refusal or None}
        return end


def _usage(tokens: Tokens, output: int) -> Json:
    """Cached tokens are not part of `input_tokens` here."""
    cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": tokens.cached}
    written = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    usage: Json = {"input_tokens": tokens.input - tokens.cached, **cached, "output_tokens": output}
    return {**usage, "cache_creation": written, "service_tier": "standard"}


def _final_usage(tokens: Tokens) -> Json:
    """The cumulative counts at the end of the message."""
    usage = _usage(tokens, tokens.output)
    del usage["cache_creation"], usage["service_tier"]
    return {**usage, **({"output_tokens_details": {"thinking_tokens": tokens.reasoning}} if tokens.reasoning else {})}


def _opened(block: Json) -> Json:
    """The block as it stands before its deltas."""
    match block["type"]:
        case "thinking":
            return {**block, "thinking": "", "signature": ""}
        case "text":
            return {**block, "text": ""}
        case _:
            return {**block, "input": {}}
