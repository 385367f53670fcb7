"""A conversation as the Responses API has it: a flat list of items (providers.md A.1)."""

import json
from collections.abc import Iterable

from pydantic import JsonValue

from maestro.providers.request import conversation, data_url, images, parts, replayed, text
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ImagePart, TextPart, ToolCallPart


def input_items(messages: Iterable[ChatMessage]) -> list[JsonValue]:
    """Everything but the system messages, which are `instructions`."""
    return [item for message in conversation(messages) for item in _items(message)]


def _items(message: ChatMessage) -> list[JsonObject]:
    if message.role == "assistant":
        return _answer(message)
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": _output(message)}]
    return [{"type": "message", "role": "user", "content": _content(message)}]


def _answer(message: ChatMessage) -> list[JsonObject]:
    """The model's own items verbatim, then what they do not cover."""
    calls = [part for part in parts(message) if isinstance(part, ToolCallPart)]
    items, called = _own(message, [part.tool_call_id for part in calls])
    if all(item.get("type") != "message" for item in items) and (said := text(message)):
        items.append({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]})
    return items + [_call(part) for part in calls if part.tool_call_id not in called]


def _own(message: ChatMessage, known: list[str]) -> tuple[list[JsonObject], list[JsonValue]]:
    """The model's own items and the ids of their calls; none where a call is not known, for it would stay unanswered.

    Leaving out the call alone would not do: reasoning must come back together with the item it led to.
    """
    items = replayed(message, "responses")
    called = [item.get("call_id") for item in items if item.get("type") == "function_call"]
    return (items, called) if all(call_id in known for call_id in called) else ([], [])


def _call(part: ToolCallPart) -> JsonObject:
    arguments = json.dumps(part.input, separators=(",", ":"))
    return {"type": "function_call", "call_id": part.tool_call_id, "name": part.name, "arguments": arguments}


def _output(message: ChatMessage) -> JsonValue:
    return _content(message) if images(message) else text(message)


def _content(message: ChatMessage) -> list[JsonValue]:
    content: list[JsonValue] = []
    for part in parts(message):
        if isinstance(part, TextPart):
            content.append({"type": "input_text", "text": part.text})
        elif isinstance(part, ImagePart):
            content.append({"type": "input_image", "image_url": data_url(part), "detail": "auto"})
    return content
