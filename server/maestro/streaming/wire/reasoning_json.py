"""Recognises a reasoning item that a gateway wrote into the text as JSON, without delaying any other text."""

import json
import re
from typing import NamedTuple

from pydantic import JsonValue

from maestro.streaming.wire.values import objects_of, text_of
from maestro_protocol.base import JsonObject

_OPENINGS = (
    '{"type":"reasoning"',
    '{"type":"reasoning_text"',
    '{"type":"summary_text"',
    '{"reasoning":{"summary"',
    '{"summary":[{"type":"summary_text"',
)
"""How such an item begins, without blanks. Text is held back only while it could still be one of them."""
_LONGEST = max(map(len, _OPENINGS))
_MOST_HELD = 64 * 1024
_ITEM_KEYS = {"type", "id", "status", "summary", "content", "text", "encrypted_content"}
_BARE_KEYS = {"reasoning", "summary", "next_speaker", "id"}
_BLANKS = re.compile(r"\s+")
_DECODER = json.JSONDecoder()


class Sorted(NamedTuple):
    reasoning: str
    content: str


class ReasoningJson:
    """Looks at the beginning of an answer only; `decided` says that the rest needs no more looking at."""

    def __init__(self) -> None:
        self.decided = False
        self._held = ""

    def push(self, text: str) -> Sorted:
        """The text sorted into the two kinds; both are empty while it cannot be told."""
        self._held += text
        reasoning = ""
        while "}" in text and (found := _whole_item(self._held.lstrip())) is not None:
            reasoning += found.reasoning
            text = self._held = found.content
        start = self._held.lstrip()
        if start and _may_be_item(start) and len(start) < _MOST_HELD:
            return Sorted(reasoning, "")
        self.decided = bool(start)
        return Sorted(reasoning, self.flush())

    def flush(self) -> str:
        """What was held back when no more text comes: it was ordinary text."""
        held, self._held = self._held, ""
        return held


def reasoning_in(item: JsonObject) -> str | None:
    """The text of a reasoning item or a summary; None for any other object, so also for one with further fields."""
    kind, keys = item.get("type"), item.keys()
    if kind in ("reasoning", "reasoning_text", "summary_text") and keys <= _ITEM_KEYS:
        parts = objects_of(item.get("summary")) + objects_of(item.get("content"))
        return text_of(item.get("text")) or "\n\n".join(text_of(part.get("text")) for part in parts)
    if not keys <= _BARE_KEYS:
        return None
    if "reasoning" in item:
        return _bare(item["reasoning"])
    return _summary(item.get("summary"))


def _bare(reasoning: JsonValue) -> str | None:
    if isinstance(reasoning, dict):
        return _summary(reasoning.get("summary"))
    return reasoning if isinstance(reasoning, str) else None


def _summary(summary: JsonValue) -> str | None:
    parts = objects_of(summary)
    if not parts or any(part.get("type") != "summary_text" for part in parts):
        return None
    return "\n\n".join(text_of(part.get("text")) for part in parts)


def _whole_item(text: str) -> Sorted | None:
    """The text of the item that stands here, and what follows it."""
    if not text.startswith("{"):
        return None
    try:
        item, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    reasoning = reasoning_in(item) if isinstance(item, dict) else None
    return None if reasoning is None else Sorted(reasoning, text[end:])


def _may_be_item(text: str) -> bool:
    start = _BLANKS.sub("", text[: 4 * _LONGEST])
    return any(opening.startswith(start) or start.startswith(opening) for opening in _OPENINGS)
