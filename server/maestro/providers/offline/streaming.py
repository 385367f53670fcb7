"""The offline answer as the bytes of a Chat Completions stream, so that it takes the way every answer takes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator

from pydantic import JsonValue

from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.providers.offline.answer import Answer, make_answer
from maestro.streaming.messages import Wire
from maestro_protocol.base import JsonObject

_TOKEN = re.compile(r"\s*\S{1,6}|\s+")


class OfflineStream:
    """An open answer (a `ByteStream`)."""

    wire: Wire = "chat"
    request_id: str | None = None

    def __init__(self, frames: list[bytes], pace: float) -> None:
        self._frames = frames
        self._pace = pace
        self._closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for frame in self._frames:
            if await self._is_closed():
                return
            yield frame

    async def aclose(self) -> None:
        """End the iteration now, wherever it waits."""
        self._closed.set()

    async def _is_closed(self) -> bool:
        """Wait for the next token's time, or only let others run."""
        if self._pace:
            try:
                await asyncio.wait_for(self._closed.wait(), self._pace)
            except TimeoutError:
                return False
        else:
            await asyncio.sleep(0)
        return self._closed.is_set()


async def open_stream(connection: Connection, request: ChatRequest) -> ByteStream:
    """Answer at once; see `StreamingRole`."""
    answer = make_answer(request)
    return OfflineStream(list(_frames(request, answer)), answer.pace)


def _frames(request: ChatRequest, answer: Answer) -> Iterator[bytes]:
    yield _choice(request.model, {"role": "assistant", "content": ""})
    for token in _tokens(answer.reasoning):
        yield _choice(request.model, {"reasoning_content": token})
    for token in _tokens(answer.text):
        yield _choice(request.model, {"content": token})
    for index, call in enumerate(answer.calls):
        head: JsonObject = {"index": index, "id": f"call_offline_{index + 1}", "type": "function"}
        yield _call(request.model, head, {"name": call.name, "arguments": ""})
        for token in _tokens(call.arguments):
            yield _call(request.model, {"index": index}, {"arguments": token})
    yield _choice(request.model, {}, "tool_calls" if answer.calls else "stop")
    yield _frame({"choices": [], "usage": _usage(request, answer)})
    yield b"data: [DONE]\n\n"


def _call(model: str, members: JsonObject, function: JsonObject) -> bytes:
    return _choice(model, {"tool_calls": [{**members, "function": function}]})


def _choice(model: str, delta: JsonObject, finish_reason: str | None = None) -> bytes:
    choice: JsonObject = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _frame({"model": model, "choices": [choice]})


def _frame(members: JsonObject) -> bytes:
    chunk: JsonObject = {"id": "chatcmpl-offline", "object": "chat.completion.chunk", "created": 0, **members}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _usage(request: ChatRequest, answer: Answer) -> JsonObject:
    """Pieces of at most six characters, counted: an estimate, as every number here."""
    prompt = _count(json.dumps([message.to_wire() for message in request.messages]))
    reasoning = _count(answer.reasoning)
    arguments = sum(_count(call.arguments) for call in answer.calls)
    completion = _count(answer.text) + arguments + reasoning
    details: dict[str, JsonValue] = {"reasoning_tokens": reasoning}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "completion_tokens_details": details,
    }


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _count(text: str) -> int:
    return len(_tokens(text))
