"""What a Model Context Protocol tool returned as text a model may read: joined, without secrets, not too long."""

import json
from collections.abc import Collection, Sequence
from typing import Protocol

from maestro.redact import MASK, redact

_SHORTEST_SECRET = 12
"""Shorter ones among the configured values are words, such as `production`."""


class Result(Protocol):
    """What is read of an `mcp` result."""

    @property
    def content(self) -> Sequence[object]: ...
    @property
    def structured_content(self) -> object: ...


def to_text(result: Result) -> str:
    """The texts, and a line for everything else; the structured content where there is nothing beside it."""
    parts = [_part(block) for block in result.content]
    if not parts and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(parts)


def _part(block: object) -> str:
    kind = str(getattr(block, "type", "content"))
    if kind == "text":
        return str(getattr(block, "text", ""))
    about = getattr(block, "resource", block)
    facts = [_fact(about, name) for name in ("name", "uri", "mime_type")]
    return f"[{' '.join([kind.replace('_', ' '), *filter(None, facts), _size(about)]).strip()}]"


def _fact(about: object, name: str) -> str:
    value = getattr(about, name, None)
    return "" if value is None else str(value)


def _size(about: object) -> str:
    """How much there is; what came as base64 is counted as it would be without."""
    encoded = getattr(about, "data", None) or getattr(about, "blob", None)
    text = getattr(about, "text", None)
    if isinstance(encoded, str):
        return f"{len(encoded) * 3 // 4} bytes"
    return f"{len(text)} characters" if isinstance(text, str) else ""


def clean(text: str, configured: Collection[str]) -> str:
    """The text without what looks like a secret, and without the values a server was configured with."""
    for secret in sorted(_secrets(configured), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return redact(text)


def _secrets(configured: Collection[str]) -> set[str]:
    """Those values that may be secret, also without a scheme such as `Bearer` before them; paths are none."""
    values = {part for value in configured for part in (value, value.rpartition(" ")[2])}
    return {value for value in values if len(value) >= _SHORTEST_SECRET and value[0] not in "/~."}


def cap(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8 and a line about what is missing: the middle."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    head, tail = data[: limit // 2], data[len(data) - (limit - limit // 2) :]
    left_out = f"\n[{len(data) - limit} bytes left out]\n"
    return head.decode("utf-8", "ignore") + left_out + tail.decode("utf-8", "ignore")
