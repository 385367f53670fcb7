"""A conversation as the Messages API has it: turns that alternate, made of blocks (providers.md B.1)."""

import re
from collections.abc import Iterable

from pydantic import JsonValue

from maestro.providers.request import conversation, parts, replayed
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ContentPart, ImagePart, TextPart, ToolCallPart


def turns(messages: Iterable[ChatMessage]) -> list[JsonValue]:
    """Everything but the system messages; neighbours of one role become one turn, empty ones none."""
    merged: list[tuple[str, list[JsonObject]]] = []
    for message in conversation(messages):
        role, blocks = "assistant" if message.role == "assistant" else "user", _blocks(message)
        if merged and merged[-1][0] == role:
            merged[-1][1].extend(blocks)
        elif blocks:
            merged.append((role, blocks))
    if merged and merged[-1][0] == "assistant":
        merged[-1][1][-1:] = map(_without_trailing_space, merged[-1][1][-1:])
    return [{"role": role, "content": [*sorted(blocks, key=_results_first)]} for role, blocks in merged]


def _without_trailing_space(block: JsonObject) -> JsonObject:
    """An answer that is to be continued must not end with space, or the service refuses it."""
    text = block.get("text")
    return {**block, "text": text.rstrip()} if isinstance(text, str) else block


def _results_first(block: JsonObject) -> bool:
    """Results of tools stand before anything else in their turn, or the service refuses it."""
    return block.get("type") != "tool_result"


def _blocks(message: ChatMessage) -> list[JsonObject]:
    if message.role == "assistant":
        return _answer(message)
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": _id(message.tool_call_id or ""), "content": [*_plain(message)]}]
    return _plain(message)


def _answer(message: ChatMessage) -> list[JsonObject]:
    """Signed thinking verbatim and first, then what the model's own blocks do not cover."""
    own = replayed(message, "messages")
    has_text = any(block.get("type") == "text" for block in own)
    called = [block.get("id") for block in own]
    blocks = list(own)
    for part in parts(message):
        if isinstance(part, ToolCallPart) and part.tool_call_id not in called:
            blocks.append({"type": "tool_use", "id": _id(part.tool_call_id), "name": part.name, "input": part.input})
        elif not has_text:
            blocks += _block(part)
    return blocks


def _plain(message: ChatMessage) -> list[JsonObject]:
    return [block for part in parts(message) for block in _block(part)]


def _id(call_id: str) -> str:
    """Ids of other services may hold characters that are refused here."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", call_id)


def _block(part: ContentPart) -> list[JsonObject]:
    """Text and images; a text of nothing but space is left out, because it is refused."""
    if isinstance(part, TextPart) and part.text.strip():
        return [{"type": "text", "text": part.text}]
    if isinstance(part, ImagePart):
        return [{"type": "image", "source": {"type": "base64", "media_type": part.mime_type, "data": part.data}}]
    return []
