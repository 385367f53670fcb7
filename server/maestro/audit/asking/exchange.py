"""What the audit asks of a provider, and what it gets back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Effort, Usage


@dataclass(frozen=True, slots=True)
class StructuredRequest:
    """Ask for one JSON object. `schema` is plain JSON Schema; the provider trims it to what it accepts."""

    model: str
    system: str
    user: str = field(repr=False)
    schema: JsonObject
    max_tokens: int
    effort: Effort | None = None
    """How hard the model shall think; one that does not think ignores it and says so."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """What came back, unparsed. `finish_reason` is the provider's own word."""

    text: str = field(repr=False)
    finish_reason: str | None
    truncated: bool
    filtered: bool
    usage: Usage | None = None
    notice: str | None = None
    """What the reader should know of how the answer came about; shown as the chunk's reason."""
    partial: bool = False
    """Less was looked at than was asked for; `notice` says why."""


Compose: TypeAlias = Callable[[], StructuredRequest]
"""Makes the request anew, with a fresh nonce: to be called once for every attempt."""

Generate: TypeAlias = Callable[[Compose], Awaitable[RawReply]]
"""Sends what it composes until there is an answer or no more attempts. Raises MaestroError."""


def with_effort(generate: Generate, effort: Effort | None) -> Generate:
    """The same, every request with this effort."""
    return generate if effort is None else lambda compose: generate(lambda: replace(compose(), effort=effort))
