"""A chat as a text to keep: Markdown to read, JSON with everything."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import JsonValue

from maestro.chats.coding import dump_json
from maestro_protocol.base import JsonObject, WireModel
from maestro_protocol.chat import AttachmentPart, ContentPart, ImagePart, ReasoningPart, TextPart, ToolCallPart
from maestro_protocol.conversations import Chat, Message

_ROLES = {"user": "User", "assistant": "Assistant"}
_FENCES = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_RUNS = re.compile(r"`{3,}")


def to_markdown(chat: Chat, messages: Sequence[Message]) -> str:
    """The messages under their roles as they were written, tool calls with their results folded up.

    Code that an answer left open is closed, so that what follows is not taken for a part of it.
    """
    results = {message.tool_call_id: message for message in messages if message.role == "tool"}
    called = {part.tool_call_id for message in messages for part in message.parts if isinstance(part, ToolCallPart)}
    blocks = [f"# {_line(chat.title)}", "\n".join(_facts(chat))]
    for message in messages:
        if message.role != "tool":
            blocks += _said(message, results)
        elif message.tool_call_id not in called:
            blocks.append(_folded("Tool result", _result(message)))
    return "\n\n".join(blocks) + "\n"


def to_json(chat: Chat, messages: Sequence[Message], **more: Sequence[WireModel]) -> str:
    """The chat and its messages as they are on the wire, and whatever else belongs to it under its own name."""
    value: JsonObject = {
        "format": "maestro.chat",
        "version": 1,
        "chat": chat.to_wire(),
        "messages": [message.to_wire() for message in messages],
    }
    value |= {name: [one.to_wire() for one in several] for name, several in more.items()}
    return dump_json(value, indent=2) + "\n"


def _facts(chat: Chat) -> Iterator[str]:
    if chat.model is not None:
        yield f"- Model: {_line(chat.model)}"
    yield f"- Begun: {_date(chat.created_at)}"
    yield f"- Last changed: {_date(chat.updated_at)}"


def _said(message: Message, results: Mapping[str | None, Message]) -> Iterator[str]:
    yield f"## {_ROLES[message.role]}"
    for part in message.parts:
        if (block := _part(part, results)) is not None:
            yield block
    if message.incomplete:
        yield "*The answer broke off here.*"


def _part(part: ContentPart, results: Mapping[str | None, Message]) -> str | None:
    match part:
        case TextPart(text=text):
            return _closed(text.strip("\n")) or None
        case ReasoningPart(text=text):
            return _folded("Reasoning", _fenced(text))
        case ImagePart(mime_type=mime_type):
            return f"*(an image, {_line(mime_type)})*"
        case AttachmentPart(label=label):
            return f"*Attached: {_line(label)}*"
        case ToolCallPart(tool_call_id=tool_call_id, name=name, input=given):
            result = results.get(tool_call_id)
            blocks = [_fenced(_input(given), "json"), "*No result.*" if result is None else _result(result)]
            return _folded(f"Tool: {name}", "\n\n".join(blocks))
        case _:
            return None


def _input(given: JsonObject) -> str:
    """Without the intent, which is no part of what the tool was given."""
    own = {name: value for name, value in given.items() if not _is_intent(name, value)}
    return dump_json(own, indent=2)


def _is_intent(name: str, value: JsonValue) -> bool:
    return name in ("intent", "maestro_intent") and isinstance(value, dict) and "risk_level" in value


def _result(message: Message) -> str:
    text = "\n".join(part.text for part in message.parts if isinstance(part, TextPart))
    return f"Result ({message.status or 'completed'}):\n\n{_fenced(text)}"


def _folded(summary: str, content: str) -> str:
    return f"<details>\n<summary>{_line(summary)}</summary>\n\n{content}\n\n</details>"


def _fenced(text: str, language: str = "") -> str:
    """The text as it is, between fences longer than any in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in _RUNS.findall(text))])
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}"


def _closed(text: str) -> str:
    """The text with the fence at its end that it lacks."""
    opened = ""
    for line in text.splitlines():
        found = _FENCES.match(line)
        if found is None:
            continue
        fence, rest = found.groups()
        if not opened:
            opened = "" if fence[0] == "`" and "`" in rest else fence
        elif fence.startswith(opened) and not rest.strip():
            opened = ""
    return f"{text}\n{opened}" if opened else text


def _line(text: str) -> str:
    """On one line, and no HTML."""
    return html.escape(" ".join(text.split()), quote=False)


def _date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
