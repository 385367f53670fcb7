"""One JSON object from OpenAI, held to the schema in strict mode."""

from dataclasses import replace
from functools import partial

from maestro.providers.answers import read_to_end
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.openai.streaming import WITHOUT_REASONING, open_stream
from maestro.providers.schemas import strict
from maestro.providers.structured import NO_EFFORT, Manner, chat_request, step_down

_ROOM_TO_THINK = 24_576
"""Tokens on top of the answer's own for models that reason: what they think counts towards the output cap."""


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """`POST /responses` with `text.format`; see `AuditRole`.

    The answer is streamed in both modes: ChatGPT's service does nothing else, and a long one keeps its connection.
    """
    return await step_down(compose, ("schema", "smaller", "words"), partial(_ask, connection))


async def _ask(connection: Connection, composed: StructuredRequest, manner: Manner) -> RawReply:
    request = manner.applied(composed)
    schema = None if manner.in_words else strict(request.schema)
    temperature = manner.temperature
    reasons = not request.model.startswith(WITHOUT_REASONING)
    if not reasons:
        request = replace(request, effort=None)
    else:
        request, temperature = replace(request, max_tokens=request.max_tokens + _ROOM_TO_THINK), None
    # What runs in the background would go on, and cost, after the audit was given up.
    foreground = replace(connection, settings=connection.settings.model_copy(update={"background": False}))
    stream = await open_stream(foreground, chat_request(request, schema, temperature))
    reply = await read_to_end(stream, connection.http.patience)
    return reply if reasons or composed.effort is None else replace(reply, notice=NO_EFFORT)
