"""A turn as the events of OpenAI's Responses API, numbered from 0."""

import hashlib
import time
from dataclasses import dataclass, field

from tests.simulators.replies import Prompt, Script, ToolCall, cut
from tests.simulators.wire import Answer, Json, dump


def sse(event: Json) -> bytes:
    """One frame with both the event name and the type in its data."""
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), dump(event))


def response_object(number: int, body: Json) -> Json:
    """The response as it stands before anything was generated."""
    return {
        "id": f"resp_{number:048x}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": bool(body.get("background", False)),
        "completed_at": None,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": body["model"],
        "output": [],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "presence_penalty": 0.0,
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
        "safety_identifier": None,
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_logprobs": 0,
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": body.get("metadata") or {},
    }


@dataclass(slots=True)
class EventLog:
    """Writes the events of one response; what has been written can be read again from any number on."""

    response: Json
    obfuscate: bool = True
    encrypted: bool = False
    """Reasoning items carry `encrypted_content`."""
    events: list[Json] = field(default_factory=list)

    def add(self, kind: str, **fields: object) -> None:
        event: Json = {"type": kind, "sequence_number": len(self.events), **fields}
        if self.obfuscate and kind.endswith(".delta"):
            event["obfuscation"] = _padding(len(str(event.get("delta", ""))), len(self.events))
        self.events.append(event)

    def write(self, script: Script, prompt: Prompt) -> "EventLog":
        """The whole life of the response."""
        self._begin()
        if script.reasoning:
            self._reasoning(script.reasoning)
        if script.refusal:
            self._message("refusal", cut(script.refusal), script)
        elif script.pieces or not script.tool_calls:
            self._message("output_text", script.pieces, script)
        for position, call in enumerate(script.tool_calls):
            self._function_call(call, position)
        self._end(script, prompt)
        return self

    def _begin(self) -> None:
        status = "queued" if self.response["background"] else "in_progress"
        self.add("response.created", response={**self.response, "status": status})
        if self.response["background"]:
            self.add("response.queued", response={**self.response, "status": status})
        self.add("response.in_progress", response=dict(self.response))

    def _end(self, script: Script, prompt: Prompt) -> None:
        cut_short = {"length": "max_output_tokens", "filter": "content_filter"}.get(script.finish)
        tokens = script.counted(prompt)
        self.response["status"] = "incomplete" if cut_short else "completed"
        self.response["incomplete_details"] = {"reason": cut_short} if cut_short else None
        self.response["completed_at"] = None if cut_short else int(time.time())
        self.response["usage"] = {
            "input_tokens": tokens.input,
            "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
            "output_tokens": tokens.output,
            "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
            "total_tokens": tokens.input + tokens.output,
        }
        self.add(f"response.{self.response['status']}", response=dict(self.response))

    def _open(self, item: Json) -> int:
        index = len(self.response["output"])
        self.add("response.output_item.added", output_index=index, item=item)
        return index

    def _close(self, index: int, item: Json) -> None:
        self.add("response.output_item.done", output_index=index, item=item)
        self.response["output"] = [*self.response["output"], item]

    def _message(self, kind: str, pieces: tuple[str, ...], script: Script) -> None:
        item = {"id": self._id("msg"), "type": "message", "status": "in_progress", "role": "assistant"}
        index = self._open({**item, "content": []})
        where = {"item_id": item["id"], "output_index": index, "content_index": 0}
        extra: Json = {"logprobs": []} if kind == "output_text" else {}
        key = "text" if kind == "output_text" else "refusal"
        part: Json = {"type": kind, key: "", **({"annotations": [], **extra} if extra else {})}
        self.add("response.content_part.added", **where, part=part)
        for piece in pieces:
            self.add(f"response.{kind}.delta", **where, delta=piece, **extra)
        done = {**part, key: "".join(pieces)}
        self.add(f"response.{kind}.done", **where, **{key: done[key]}, **extra)
        self.add("response.content_part.done", **where, part=done)
        status = "completed" if script.finish == "stop" else "incomplete"
        self._close(index, {**item, "status": status, "content": [done]})

    def _reasoning(self, text: str) -> None:
        item: Json = {"id": self._id("rs"), "type": "reasoning", "summary": []}
        index = self._open({**item, **({"encrypted_content": "gAAAAAB"} if self.encrypted else {})})
        where = {"item_id": item["id"], "output_index": index, "summary_index": 0}
        self.add("response.reasoning_summary_part.added", **where, part={"type": "summary_text", "text": ""})
        for piece in cut(text):
            self.add("response.reasoning_summary_text.delta", **where, delta=piece)
        self.add("response.reasoning_summary_text.done", **where, text=text)
        part = {"type": "summary_text", "text": text}
        self.add("response.reasoning_summary_part.done", **where, part=part)
        sealed = {"encrypted_content": "gAAAAAB" + _digest(text)} if self.encrypted else {}
        self._close(index, {**item, **sealed, "summary": [part]})

    def _function_call(self, call: ToolCall, position: int) -> None:
        item = {"id": self._id("fc"), "type": "function_call", "status": "in_progress", "arguments": ""}
        item |= {"call_id": call.id or f"call_{_digest(self.response['id'])[:20]}{position}", "name": call.name}
        index = self._open(item)
        where = {"item_id": item["id"], "output_index": index}
        for piece in cut(call.arguments):
            self.add("response.function_call_arguments.delta", **where, delta=piece)
        self.add("response.function_call_arguments.done", **where, arguments=call.arguments)
        self._close(index, {**item, "status": "completed", "arguments": call.arguments})

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{_digest(self.response['id'] + prefix + str(len(self.events)))[:48]}"

    def answer(self, start: int = 0) -> Answer:
        """The events from number `start` on as a stream."""
        steps = tuple(sse(event) for event in self.events[start:])
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        deltas = (at for at, event in enumerate(self.events[start:]) if event["type"].endswith(".delta"))
        return Answer(200, headers, steps, "chunked", first=next(deltas, 0), wire="responses")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _padding(length: int, salt: int) -> str:
    """Fills a delta up to a multiple of sixteen characters, as the service does to hide token lengths."""
    return _digest(str(salt))[: 16 - length % 16]
