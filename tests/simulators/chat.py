"""A turn as Chat Completions chunks, with a switch for every way in which a clone differs from OpenAI."""

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.simulators.gateways import Quirks as Quirks
from tests.simulators.replies import Prompt, Script, Tokens, ToolCall, cut
from tests.simulators.wire import Answer, Json, dump

DONE = b"data: [DONE]\n\n"


class ChunkWriter:
    """Writes the chunks of one answer."""

    def __init__(self, number: int, model: str, quirks: Quirks, *, usage: bool, obfuscate: bool = False) -> None:
        self.head: Json = {
            "id": f"chatcmpl-{number:029x}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": "fp_simulated",
        }
        self.quirks = quirks
        self.usage = usage
        self.obfuscate = obfuscate
        self._said = ""

    def answer(self, script: Script, prompt: Prompt) -> Answer:
        opening = list(self._opening())
        closing = list(self._closing(script, script.counted(prompt)))
        steps = [*opening, *self._content(script, script.counted(prompt)), *closing]
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return Answer(200, headers, tuple(steps), "chunked", first=len(opening), wire="chat")

    def _chunk(self, delta: Json, finish: str | None = None, more: Json | None = None) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        if self.quirks.native_finish:
            choice["native_finish_reason"] = finish
        if self.quirks.filter_first:
            choice["content_filter_results"] = {"hate": {"filtered": False, "severity": "safe"}}
        if self.quirks.message_too:
            self._said += str(delta.get("content") or "")
            choice["message"] = {"role": "assistant", "content": self._said}
        more = dict(more or {})
        choice |= more.pop("choice", {})
        event: Json = {**self.head, "choices": [choice]}
        if self.usage and self.quirks.usage == "extra":
            event["usage"] = None
        if self.obfuscate:
            event["obfuscation"] = "x" * (16 - len(str(delta)) % 16)
        return b"data: " + dump({**event, **more}) + b"\n\n"

    def _opening(self) -> Iterator[bytes]:
        if self.quirks.comment:
            yield from [f": {self.quirks.comment}\n\n".encode()] * 3
        if self.quirks.filter_first:
            blank: Json = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
            yield b"data: " + dump({**blank, "prompt_filter_results": [{"prompt_index": 0}]}) + b"\n\n"
        more = {"x_groq": {"id": "req_01"}} if self.quirks.usage == "x_groq" else {}
        yield self._chunk({"role": "assistant", "content": "", "refusal": None}, more=more)

    def _content(self, script: Script, tokens: Tokens) -> Iterator[bytes]:
        for piece in cut(script.reasoning) if self.quirks.reasoning != "none" else ():
            yield self._chunk(self._thinking(piece))
        if self.quirks.comment and script.reasoning:
            yield f": {self.quirks.comment}\n\n".encode()
        for piece in cut(script.refusal):
            yield self._chunk({"refusal": piece})
        for number, piece in enumerate(script.pieces, 1):
            text: Any = [{"type": "text", "text": piece}] if self.quirks.content_parts else piece
            so_far = Tokens(tokens.input, number, tokens.cached)
            more = {"usage": usage_object(so_far)} if self.quirks.usage == "cumulative" else {}
            yield self._chunk({"content": text}, more=more)
        for position, call in enumerate(script.tool_calls):
            yield from self._call(call, position)

    def _thinking(self, piece: str) -> Json:
        if self.quirks.content_parts:
            return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}
        names = ("reasoning_content", "reasoning") if self.quirks.reasoning == "both" else (self.quirks.reasoning,)
        delta: Json = {"content": None, **dict.fromkeys(names, piece)}
        if self.quirks.reasoning_details:
            detail = {"type": "reasoning.text", "text": piece, "format": "anthropic-claude-v1", "index": 0}
            delta["reasoning_details"] = [detail]
        return delta

    def _call(self, call: ToolCall, position: int) -> Iterator[bytes]:
        quirks = self.quirks
        index: Json = {"position": {"index": position}, "missing": {}, "zero": {"index": 0}}[quirks.tool_index]
        identity = {"id": call.id or f"call_{self.head['id'][-8:]}{position}", "type": "function"}
        if quirks.tool_calls == "whole" or quirks.arguments != "text":
            function = {"name": call.name, **_whole_arguments(call, quirks)}
            yield self._chunk({"tool_calls": [{**index, **identity, "function": function}]})
            return
        start = {"name": call.name, "arguments": ""}
        yield self._chunk({"content": None, "tool_calls": [{**index, **identity, "function": start}]})
        again = {"repeated": identity, "blank": {"id": ""}}.get(quirks.tool_calls, {})
        names = {"repeated": {"name": call.name}, "blank": {"name": ""}}.get(quirks.tool_calls, {})
        for piece in cut(call.arguments):
            yield self._chunk({"tool_calls": [{**index, **again, "function": {**names, "arguments": piece}}]})

    def _closing(self, script: Script, tokens: Tokens) -> Iterator[bytes]:
        finish: str | None = {"length": "length", "filter": "content_filter"}.get(script.finish, "stop")
        if script.tool_calls and script.finish == "stop":
            finish = self.quirks.tool_finish
        usage = usage_object(tokens)
        where = self.quirks.usage
        inside: dict[str, Json] = {
            "last": {"usage": usage},
            "choice": {"choice": {"usage": usage}},
            "x_groq": {"x_groq": {"id": "req_01", "usage": usage}},
            "cumulative": {"usage": usage},
        }
        yield self._chunk({}, finish, inside.get(where))
        if where == "bare":
            yield b"data: " + dump({"choices": [], "usage": usage}) + b"\n\n"
        elif where == "extra" and self.usage:
            yield b"data: " + dump({**self.head, "choices": [], "usage": usage}) + b"\n\n"
        if self.quirks.done:
            yield DONE + self.quirks.after_done


def _whole_arguments(call: ToolCall, quirks: Quirks) -> Json:
    match quirks.arguments:
        case "absent":
            return {}
        case "empty":
            return {"arguments": ""}
        case "null":
            return {"arguments": None}
        case "object":
            return {"arguments": json.loads(call.arguments)}
        case _:
            return {"arguments": call.arguments}


def usage_object(tokens: Tokens) -> Json:
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def completion(number: int, model: str, script: Script, prompt: Prompt) -> Json:
    """The same turn as one object, for a request without `stream`."""
    calls = [
        {
            "id": call.id or f"call_{at}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for at, call in enumerate(script.tool_calls)
    ]
    message: Json = {"role": "assistant", "content": script.text or None, "refusal": script.refusal or None}
    message |= {"tool_calls": calls} if calls else {}
    finish = {"length": "length", "filter": "content_filter"}.get(script.finish, "tool_calls" if calls else "stop")
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    head = {"id": f"chatcmpl-{number:029x}", "object": "chat.completion", "created": int(time.time()), "model": model}
    return {**head, "choices": [choice], "usage": usage_object(script.counted(prompt))}
