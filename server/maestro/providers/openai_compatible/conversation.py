"""A conversation as Chat Completions has it, with what single services want different (providers.md A.2)."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256

from pydantic import JsonValue

from maestro.providers.request import data_url, images, parts, replayed, text
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ImagePart, ReasoningPart, ToolCallPart

Flags = Mapping[str, bool | int | str]


def chat_messages(messages: Iterable[ChatMessage], flags: Flags) -> list[JsonValue]:
    """Every message, in order. Results of tools carry text alone, so their images follow as the user's."""
    built: list[JsonValue] = []
    shown: list[ImagePart] = []
    for message in messages:
        if message.role != "tool":
            built += _shown(shown)
            shown = []
        built.append(_message(message, flags))
        shown += images(message) if message.role == "tool" else []
    return built + _shown(shown)


def _shown(pictures: list[ImagePart]) -> list[JsonValue]:
    return [{"role": "user", "content": [_image(image) for image in pictures]}] if pictures else []


def _message(message: ChatMessage, flags: Flags) -> JsonObject:
    if message.role == "assistant":
        return _answer(message, flags)
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": _id(message.tool_call_id or "", flags), "content": text(message)}
    if message.role == "system":
        return {"role": flags["systemRole"], "content": text(message)}
    return {"role": "user", "content": _content(message)}


def _answer(message: ChatMessage, flags: Flags) -> JsonObject:
    said = text(message)
    answer: JsonObject = {"role": "assistant", "content": said}
    own = {name: value for item in replayed(message, "chat") for name, value in item.items()}
    if calls := [_call(part, flags) for part in parts(message) if isinstance(part, ToolCallPart)]:
        answer |= {"content": said or None, "tool_calls": [*calls]}
    if calls and flags["echoReasoning"]:
        answer["reasoning_content"] = own.get("reasoning_content") or _reasoning(message)
    if flags["reasoningDetails"] and "reasoning_details" in own:
        answer["reasoning_details"] = own["reasoning_details"]
    return answer


def _reasoning(message: ChatMessage) -> str:
    """DeepSeek refuses an answer that called tools without its reasoning, be it empty."""
    return "".join(part.text for part in parts(message) if isinstance(part, ReasoningPart))


def _call(part: ToolCallPart, flags: Flags) -> JsonObject:
    arguments = json.dumps(part.input, separators=(",", ":"))
    function: JsonObject = {"name": part.name, "arguments": arguments}
    return {"id": _id(part.tool_call_id, flags), "type": "function", "function": function}


def _id(call_id: str, flags: Flags) -> str:
    """The id, or one made of it where the service takes only ids of its own form."""
    length = flags["toolIdLength"]
    if not length or (len(call_id) == length and call_id.isascii() and call_id.isalnum()):
        return call_id
    return sha256(call_id.encode()).hexdigest()[: int(length)]


def _content(message: ChatMessage) -> JsonValue:
    """Plain text stays a string, which every service takes."""
    if not (pictures := images(message)):
        return text(message)
    return [{"type": "text", "text": text(message)}, *(_image(image) for image in pictures)]


def _image(image: ImagePart) -> JsonObject:
    return {"type": "image_url", "image_url": {"url": data_url(image)}}
