"""One JSON object from Gemini, with as much of the schema as the model takes."""

from dataclasses import replace
from functools import partial

from pydantic import JsonValue

from maestro.failures import Failure, UpstreamError
from maestro.providers.answers import UNREADABLE, raw_reply
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.gemini import code_assist
from maestro.providers.gemini.auth import auth_headers
from maestro.providers.gemini.schema import response_schema
from maestro.providers.gemini.streaming import post, system_instruction
from maestro.providers.gemini.thinking import room_to_think, takes_temperature, thinks
from maestro.providers.request import present
from maestro.providers.structured import NO_EFFORT, Manner, Shape, step_down
from maestro.streaming.wire.gemini import GeminiDecoder
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject

SHAPES: tuple[Shape, ...] = ("schema", "smaller", "object")
"""A schema the model finds too complex is refused with 400 (audit.md 4)."""


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """`POST …:generateContent` in JSON mode; see `AuditRole`."""
    return await step_down(compose, SHAPES, partial(_ask, await code_assist.ready(connection)))


def build_request(connection: Connection, request: StructuredRequest, manner: Manner) -> HttpRequest:
    """The whole request as data."""
    return post(connection, request.model, "generateContent", auth_headers(connection), body(request, manner))


def body(composed: StructuredRequest, manner: Manner) -> JsonObject:
    """A `GenerateContentRequest`; what the model thinks comes on top of what it may answer."""
    request = manner.applied(composed)
    thinking, room = room_to_think(request.model, request.effort)
    config = present(
        {
            "maxOutputTokens": request.max_tokens + room,
            "temperature": manner.temperature if takes_temperature(request.model) else None,
            "thinkingConfig": thinking,
            "responseMimeType": "application/json",
            "responseSchema": None if manner.in_words else response_schema(request.schema),
        }
    )
    return {
        "contents": [{"role": "user", "parts": [{"text": request.user}]}],
        "systemInstruction": system_instruction(request.system),
        "generationConfig": config,
    }


def read_reply(answer: JsonValue) -> RawReply:
    """A whole answer is a stream of one chunk. What Gemini itself calls malformed is none, whatever can be read of it.

    Raises:
        UpstreamError: it has no end, or is an error.
    """
    decoder = GeminiDecoder()
    reply = raw_reply([*decoder.decode(_chunk(answer)), *decoder.close(clean=True)])
    if reply.finish_reason != "STOP" and not reply.truncated and not reply.filtered:
        raise UpstreamError(Failure("malformed", UNREADABLE, reply.finish_reason))
    return reply


async def _ask(connection: Connection, request: StructuredRequest, manner: Manner) -> RawReply:
    reply = read_reply((await connection.http.fetch(build_request(connection, request, manner))).json)
    return reply if request.effort is None or thinks(request.model) else replace(reply, notice=NO_EFFORT)


def _chunk(answer: JsonValue) -> JsonObject:
    """Some of Gemini's endpoints wrap what they say, errors above all, in a list of one (providers.md C.4)."""
    inner = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
    return inner if isinstance(inner, dict) else {}
