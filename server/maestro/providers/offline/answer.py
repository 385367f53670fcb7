"""What the offline provider says: the same for the same messages, useful, and never passed off as a model's."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from maestro.providers.base import ChatRequest
from maestro.providers.offline.declared import declare
from maestro.providers.offline.directives import Directed, Directive, find_directives
from maestro.providers.offline.facts import describe, find_blocks, without_blocks
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, TextPart, Tool

_THINK = re.compile(r"(?i)\b(?:think|reason|reasoning|step by step)\b")
_CALL = re.compile(r"(?i)\b(?:call|use|run|try)\b[^.?!\n]{0,40}\btools?\b")
_SLOWLY = re.compile(r"(?i)\bslowly\b")
_SUMMARY, _ENTRY = "Write the summary.", '"from": '
"""How a chat asks for a summary of its older messages, and what each of them has."""
_ECHO_CHARS = 300
_SLOW_PACE = 0.02

_HOW_TO_GO_ON = """\
For answers from a model, add a session with an API key: `maestro/session/create` in an editor, \
or set `GEMINI_API_KEY`, `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` and run `maestro chat`.
Until then I can still audit: `maestro/audit/run` checks Python with ruff and other languages with simple rules."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """`arguments` is what goes out: JSON, unless the user spelled out something else."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`pace` is the pause between tokens in seconds."""

    text: str
    reasoning: str = ""
    calls: tuple[ToolUse, ...] = ()
    pace: float = 0.0


def make_answer(request: ChatRequest) -> Answer:
    """The calls that the user's last message spells out, as far as they were not made yet; else an answer to the last
    message."""
    asked, results = _last_asked(request.messages)
    if asked.endswith(_SUMMARY):
        count = asked.count(_ENTRY)
        return Answer(f"Here stood {count} earlier messages, which the offline provider cannot summarise.")
    directed = find_directives(asked, {tool.name for tool in request.tools})
    if directed.directives:
        return _follow(directed, results, request)
    last = request.messages[-1]
    asked = _text(last)
    if last.role == "tool":
        return Answer(f"The tool answered:\n\n{_clip(asked)}\n\nThis is the offline provider: no model has read it.")
    pace = _pace(asked)
    reasoning = _reasoning(asked, request.tools) if _thinks(without_blocks(asked), request) else ""
    if request.tools and _CALL.search(without_blocks(asked)):
        return Answer("", reasoning, (_tool_use(request.tools[0]),), pace)
    return Answer(_reply(asked), reasoning, pace=pace)


def _last_asked(messages: Sequence[ChatMessage]) -> tuple[str, Sequence[ChatMessage]]:
    """The user's last message, and the results of tools since."""
    place = max((index for index, message in enumerate(messages) if message.role == "user"), default=-1)
    asked = _text(messages[place]) if place >= 0 else ""
    return asked, [message for message in messages[place + 1 :] if message.role == "tool"]


def _follow(directed: Directed, results: Sequence[ChatMessage], request: ChatRequest) -> Answer:
    """The next round of calls; after the last one what came of them, whether they failed or not."""
    due, count = directed.due(len(results)), len(directed.directives)
    pace = _pace(directed.words)
    if not due:
        return Answer(_told(directed.directives, results), pace=pace)
    reasoning = ""
    if _thinks(directed.words, request):
        now = " and ".join(f"`{one.name}`" for one in due)
        reasoning = f"The message spells out calls of tools, {count} in all. {len(results)} were made, now {now}."
    tools = {tool.name: tool for tool in request.tools}
    return Answer("", reasoning, tuple(_directed_use(one, tools[one.name]) for one in due), pace)


def _directed_use(directive: Directive, tool: Tool) -> ToolUse:
    if directive.arguments is None:
        return ToolUse(directive.name, directive.raw)
    return ToolUse(directive.name, json.dumps(declare(directive.arguments, tool)))


def _told(directives: Sequence[Directive], results: Sequence[ChatMessage]) -> str:
    answers = [
        f"`{directive.name}` answered:\n\n{_quote(_clip(_text(result)))}"
        for directive, result in zip(directives, results, strict=False)
    ]
    return "\n\n".join([*answers, "This is the offline provider: no model has read it."])


def _pace(words: str) -> float:
    return _SLOW_PACE if _SLOWLY.search(words) else 0.0


def _thinks(words: str, request: ChatRequest) -> bool:
    return bool(_THINK.search(words)) or request.params.effort not in (None, "none")


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
    return ToolUse(tool.name, json.dumps(value if isinstance(value, dict) else {}))


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
