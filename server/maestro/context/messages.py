"""What a chat's messages are as chunks: a label, a text to look at, and their way back from the store."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from maestro.chats import messages
from maestro.context.rows import batches
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ContentPart, ImagePart, TextPart, ToolCallPart
from maestro_protocol.conversations import Message

if TYPE_CHECKING:
    import sqlite3

_TELLING = ("path", "uri", "command", "pattern", "query", "url", "name")
"""Arguments that say what a call is about, the best first."""
_LONGEST = 80


def read(connection: "sqlite3.Connection", ids: Iterable[str]) -> Mapping[str, Message]:
    """The messages of these ids, as far as there are any."""
    return {found.id: found for some in batches(ids) for found in messages.by_ids(connection, some)}


def text_of(message: Message) -> str:
    """What is sent of it, for people: texts, calls with their arguments, a word for each image."""
    return "\n\n".join(filter(None, map(_shown, message.parts)))


def label_of(connection: "sqlite3.Connection", message: Message, group_id: str | None) -> str:
    """`user`, `assistant`, or the call a tool's message answers: `read_file src/a.py`."""
    if message.role != "tool":
        return message.role
    call = _call(connection, message.tool_call_id, group_id)
    return "tool" if call is None else f"{call.name} {_about(call.input)}".strip()


def _shown(part: ContentPart) -> str:
    match part:
        case TextPart(text=text):
            return text
        case ToolCallPart(name=name, input=arguments):
            return f"{name} {json.dumps(arguments, ensure_ascii=False)}"
        case ImagePart(mime_type=mime_type):
            return f"[image: {mime_type}]"
    return ""


def _call(connection: "sqlite3.Connection", call_id: str | None, group_id: str | None) -> ToolCallPart | None:
    """The call, in the round's answer."""
    query = "SELECT message_id FROM chunks WHERE group_id = ? AND text IS NULL AND source = 'message'"
    answers = read(connection, [str(message_id) for (message_id,) in connection.execute(query, (group_id,))])
    calls = (part for answer in answers.values() for part in answer.parts if isinstance(part, ToolCallPart))
    return next((call for call in calls if call.tool_call_id == call_id), None)


def _about(arguments: JsonObject) -> str:
    values: list[JsonValue] = [arguments.get(name) for name in _TELLING]
    text = next((value for value in values if isinstance(value, str) and value.strip()), "")
    words = " ".join(text[: 4 * _LONGEST].split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
