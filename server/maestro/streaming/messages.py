"""What every stream of every provider becomes: a few small messages, in order."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from maestro.failures import ErrorClass
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ReplayPart, StopReason, Usage

Wire: TypeAlias = Literal["responses", "chat", "messages", "gemini", "geminiArray"]


class Content(NamedTuple):
    """Text for the reader; `refusal` marks the provider's own refusal text."""

    text: str
    refusal: bool = False
    type: Literal["content"] = "content"


class Reasoning(NamedTuple):
    """Thinking, or a summary of it."""

    text: str
    type: Literal["reasoning"] = "reasoning"


class FunctionCallDelta(NamedTuple):
    """A fragment of a call's arguments, for display; `text` may be empty when the call has just begun."""

    id: str
    name: str
    text: str
    type: Literal["function_call_delta"] = "function_call_delta"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call, once, when it is closed.

    `arguments` is None unless the raw arguments are one whole JSON object and the provider closed the call; `complete`
    is then False and the call must never be run.
    """

    type: ClassVar[Literal["function_call"]] = "function_call"
    id: str
    name: str
    arguments: JsonObject | None
    raw_arguments: str
    complete: bool


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Tokens so far, normalised; a later report replaces an earlier one."""

    type: ClassVar[Literal["usage"]] = "usage"
    usage: Usage
    raw: JsonObject


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a background response goes on: after event `starting_after` of response `response_id`."""

    response_id: str
    starting_after: int


@dataclass(frozen=True, slots=True)
class StreamError:
    """The stream failed. `partial` says whether content had been yielded.

    `message` is the provider's text, redacted and at most 2 kB; `code` its own error code, always a string.
    """

    type: ClassVar[Literal["error"]] = "error"
    kind: ErrorClass
    message: str
    partial: bool
    code: str | None = None
    retry_after: float | None = None
    """Seconds, where the provider said when."""
    resume: ResumePoint | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The provider's terminal event was seen. `terminated` is False when its last event lacked the closing blank line.

    `replay` holds the provider's own items of this answer where they must be sent back verbatim.
    """

    type: ClassVar[Literal["done"]] = "done"
    stop_reason: StopReason
    raw_stop_reason: str | None
    terminated: bool = True
    response_id: str | None = None
    replay: ReplayPart | None = None


Message: TypeAlias = Content | Reasoning | FunctionCallDelta | FunctionCall | UsageReport | StreamError | Done
"""A stream ends with exactly one `Done` (the terminal event was seen) or, without one, with a `StreamError`.

A `Done` behind a `StreamError` carries stop reason `error`.
"""
