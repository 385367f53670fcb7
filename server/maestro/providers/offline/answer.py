"""What the offline provider says: the same for the same messages, useful, and never passed off as a model's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from maestro.providers.base import ChatRequest
from maestro.providers.offline.facts import describe, find_blocks, without_blocks
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, TextPart, Tool

_THINK = re.compile(r"(?i)\b(?:think|reason|reasoning|step by step)\b")
_CALL = re.compile(r"(?i)\b(?:call|use|run|try)\b[^.?!\n]{0,40}\btools?\b")
_SLOWLY = re.compile(r"(?i)\bslowly\b")
_ECHO_CHARS = 300
_SLOW_PACE = 0.02

_HOW_TO_GO_ON = """\
For answers from a model, add a session with an API key: `maestro/session/create` in an editor, \
or set `GEMINI_API_KEY`, `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` and run `maestro chat`.
Until then I can still audit: `maestro/audit/run` checks Python with ruff and other languages with simple rules."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """`pace` is the pause between tokens in seconds."""

    text: str
    reasoning: str = ""
    tool: ToolUse | None = None
    pace: float = 0.0


def make_answer(request: ChatRequest) -> Answer:
    """Answer the last message."""
    last = request.messages[-1]
    asked = _text(last)
    if last.role == "tool":
        return Answer(f"The tool answered:\n\n{_clip(asked)}\n\nThis is the offline provider: no model has read it.")
    pace = _SLOW_PACE if _SLOWLY.search(asked) else 0.0
    thinks = bool(_THINK.search(without_blocks(asked))) or request.params.effort not in (None, "none")
    reasoning = _reasoning(asked, request.tools) if thinks else ""
    if request.tools and _CALL.search(without_blocks(asked)):
        return Answer("", reasoning, _tool_use(request.tools[0]), pace)
    return Answer(_reply(asked), reasoning, pace=pace)


def _reply(asked: str) -> str:
    words, blocks = without_blocks(asked), find_blocks(asked)
    parts = ["This is the offline provider: no model and no network, so nothing here was understood, only counted."]
    parts.append(f"You asked:\n\n{_quote(_clip(words))}" if words else "You sent no question.")
    if blocks:
        parts.append("What I can see in the code:\n\n" + "\n".join(f"- {describe(block)}" for block in blocks))
    return "\n\n".join([*parts, _HOW_TO_GO_ON])


def _reasoning(asked: str, tools: Sequence[Tool]) -> str:
    offered = f"There are {len(tools)} tools, the first is `{tools[0].name}`. " if tools else ""
    return (
        f"The message has {len(asked.split())} words and {len(find_blocks(asked))} pieces of code. {offered}"
        "There is no model here, so the answer is put together from facts that can be counted."
    )


def _tool_use(tool: Tool) -> ToolUse:
    value = _example(tool.input_schema)
    return ToolUse(tool.name, value if isinstance(value, dict) else {})


def _example(schema: JsonValue, depth: int = 0) -> JsonValue:
    """A plausible value for a JSON Schema: its first enum value, default or example, else one of its type."""
    if not isinstance(schema, dict) or depth > 6:
        return "example"
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        choices = schema.get(key)
        if isinstance(choices, list) and choices:
            return choices[0]
    return _of_type(schema, depth)


def _of_type(schema: JsonObject, depth: int) -> JsonValue:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    properties = schema.get("properties")
    if kind == "object" or isinstance(properties, dict):
        members = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        names = required if isinstance(required, list) and required else list(members)
        return {str(name): _example(members.get(str(name)), depth + 1) for name in names}
    if kind == "array":
        return [_example(schema.get("items"), depth + 1)]
    values: dict[str, JsonValue] = {"integer": 1, "number": 1, "boolean": True, "null": None}
    return values.get(str(kind), "example")


def _text(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n\n".join(part.text for part in message.content if isinstance(part, TextPart))


def _clip(text: str) -> str:
    return text if len(text) <= _ECHO_CHARS else f"{text[:_ECHO_CHARS].rstrip()} …"


def _quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))
