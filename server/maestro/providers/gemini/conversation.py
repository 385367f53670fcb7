"""A conversation as Gemini has it: contents of parts, results of calls in the order of the calls (providers.md C.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from maestro.providers.request import conversation, images, parts, present, replayed, text
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ContentPart, ImagePart, TextPart, ToolCallPart

NO_SIGNATURE = "skip_thought_signature_validator"
"""Gemini 3 wants the signature of its thoughts on a step's first call; this stands for a call it did not make."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What the result of a call must repeat: its place, its name, and its id where Gemini gave one."""

    place: int
    name: str
    id: str | None


@dataclass(slots=True)
class _Contents:
    """The contents so far, and the calls whose results are due."""

    contents: list[JsonValue] = field(default_factory=list)
    calls: Mapping[str, _Call] = field(default_factory=dict)
    results: list[ChatMessage] = field(default_factory=list)

    def add(self, message: ChatMessage) -> None:
        if message.role == "tool":
            self.results.append(message)
            return
        self.flush()
        if message.role == "assistant":
            own = _own(message)
            self.calls = _calls(message, own)
            self._append("model", _answer(message, own))
        else:
            self._append("user", [p for part in parts(message) for p in _part(part)])

    def flush(self) -> None:
        """Results stand alone in their turn, or Gemini miscounts them; what they show follows in one of its own."""
        due = sorted(self.results, key=lambda result: self._call(result).place)
        self._append("user", [self._response(result) for result in due])
        self._append("user", [p for result in due for image in images(result) for p in _part(image)])
        self.results = []

    def _append(self, role: str, parts: list[JsonObject]) -> None:
        if parts:
            self.contents.append({"role": role, "parts": [*parts]})

    def _call(self, result: ChatMessage) -> _Call:
        call_id = result.tool_call_id or ""
        return self.calls.get(call_id) or _Call(len(self.calls), call_id, None)

    def _response(self, result: ChatMessage) -> JsonObject:
        call = self._call(result)
        response: JsonObject = {"id": call.id, "name": call.name, "response": {"output": text(result)}}
        return {"functionResponse": present(response)}


def contents(messages: Iterable[ChatMessage]) -> list[JsonValue]:
    """Everything but the system messages, which are `systemInstruction`."""
    built = _Contents()
    for message in conversation(messages):
        built.add(message)
    built.flush()
    return built.contents


def _own(message: ChatMessage) -> list[JsonObject]:
    """The model's own parts; none where they hold a call that the message does not, for it would stay unanswered."""
    own = [part for part in replayed(message, "gemini") if part != {"text": ""}]
    called = [call.get("name") for part in own if isinstance(call := part.get("functionCall"), dict)]
    return own if called == [part.name for part in parts(message) if isinstance(part, ToolCallPart)] else []


def _calls(message: ChatMessage, own: list[JsonObject]) -> dict[str, _Call]:
    """The message's calls by our id."""
    given = [call.get("id") for part in own if isinstance(call := part.get("functionCall"), dict)]
    made = [part for part in parts(message) if isinstance(part, ToolCallPart)]
    return {
        call.tool_call_id: _Call(place, call.name, call.tool_call_id if call.tool_call_id in given else None)
        for place, call in enumerate(made)
    }


def _answer(message: ChatMessage, own: list[JsonObject]) -> list[JsonObject]:
    """The model's own parts verbatim, then what they do not cover."""
    has_text = any(part.get("text") and not part.get("thought") for part in own)
    built: list[JsonObject] = []
    for part in parts(message):
        if isinstance(part, ToolCallPart) and not own:
            built.append({"functionCall": {"name": part.name, "args": part.input}})
        elif isinstance(part, TextPart) and not has_text:
            built += _part(part)
    return own + _signed(built)


def _signed(built: list[JsonObject]) -> list[JsonObject]:
    """With the stand-in for a signature on the first call."""
    for index, part in enumerate(built):
        if "functionCall" in part:
            return [*built[:index], part | {"thoughtSignature": NO_SIGNATURE}, *built[index + 1 :]]
    return built


def _part(part: ContentPart) -> list[JsonObject]:
    if isinstance(part, TextPart) and part.text:
        return [{"text": part.text}]
    if isinstance(part, ImagePart):
        return [{"inlineData": {"mimeType": part.mime_type, "data": part.data}}]
    return []
