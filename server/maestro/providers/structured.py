"""Asking for one JSON object: with the schema the service takes, else a smaller one, else in words."""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from maestro.failures import UpstreamError
from maestro.providers.base import ChatRequest, StructuredRequest
from maestro.providers.schemas import smaller
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ChatParams

Request = TypeVar("Request")
Reply = TypeVar("Reply")

NO_EFFORT = "This model takes no effort, so none was asked for."
"""The notice of an answer to a request that named one."""

Shape: TypeAlias = Literal["schema", "smaller", "object", "words"]
"""How a model is held to the shape: by the whole schema, by one of names and types alone, by JSON mode with the schema
told in words, by words alone."""
TEMPERATURE = 0.0
"""The same code should get the same findings."""

_ABOUT_TEMPERATURE = re.compile(r"temperature|sampling param", re.I)
_ABOUT_SHAPE = re.compile(
    r"schema|response.?format|output.?(?:config|format)|text\.format|structured|json|grammar|too many states", re.I
)
_VAGUE = re.compile(
    r"(?:request contains an |provider (?:returned )?)?(?:invalid (?:argument|request)(?: data)?|bad request|error)"
    r"|the provider answered with http \d+(?: \(\w+\))?",
    re.I,
)
"""Refusals that do not say what they are about; Gemini's of a schema too complex is often one."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to ask. `temperature` is None once the service has refused it."""

    shape: Shape
    temperature: float | None = TEMPERATURE

    def applied(self, request: StructuredRequest) -> StructuredRequest:
        """The request with the schema smaller, or told in words, where this is wanted."""
        if self.shape == "smaller":
            return replace(request, schema=smaller(request.schema))
        return replace(request, system=f"{request.system}\n\n{in_words(request.schema)}") if self.in_words else request

    @property
    def in_words(self) -> bool:
        return self.shape in ("object", "words")


async def step_down(
    compose: Callable[[], Request], shapes: Sequence[Shape], send: Callable[[Request, Manner], Awaitable[Reply]]
) -> Reply:
    """What `send` gets; after a refusal of the shape it is asked in the next one, after one of the temperature without.

    Raises:
        UpstreamError: any other refusal, and that of the last shape.
    """
    left, manner = list(shapes[1:]), Manner(shapes[0])
    while True:
        try:
            return await send(compose(), manner)
        except UpstreamError as error:
            if manner.temperature is not None and _complains(error, _ABOUT_TEMPERATURE):
                manner = replace(manner, temperature=None)
            elif left and (_complains(error, _ABOUT_SHAPE) or _is_vague(error)):
                manner = replace(manner, shape=left.pop(0))
            else:
                raise


def chat_request(request: StructuredRequest, schema: JsonObject | None, temperature: float | None) -> ChatRequest:
    """The same as a chat of one question, for services that answer both alike."""
    messages = (ChatMessage(role="system", content=request.system), ChatMessage(role="user", content=request.user))
    params = ChatParams(
        max_tokens=request.max_tokens, temperature=temperature, effort=request.effort, output_schema=schema
    )
    return ChatRequest(request.model, messages, params)


def in_words(schema: JsonObject) -> str:
    return f"Answer with one JSON object that fits this JSON Schema:\n{json.dumps(schema)}"


def _complains(error: UpstreamError, about: re.Pattern[str]) -> bool:
    return _is_refusal(error) and about.search(error.failure.message) is not None


def _is_vague(error: UpstreamError) -> bool:
    return _is_refusal(error) and _VAGUE.fullmatch(error.failure.message.strip().rstrip(".")) is not None


def _is_refusal(error: UpstreamError) -> bool:
    return error.http_status in (400, 422) and error.failure.kind == "invalid_request"
