"""One JSON object from Gemini, with as much of the schema as the model takes."""

import json

from pydantic import JsonValue

from maestro.failures import Failure, UpstreamError
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.gemini import code_assist
from maestro.providers.gemini.auth import auth_headers
from maestro.providers.gemini.schema import response_schema
from maestro.providers.gemini.streaming import post, system_instruction
from maestro.providers.request import present
from maestro.streaming.messages import Content, Done, StreamError, UsageReport
from maestro.streaming.wire.gemini import GeminiDecoder
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject

_UNREADABLE = "The model's answer did not end as answers do; run the audit again."


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """`POST …:generateContent` in JSON mode; see `AuditRole`.

    A schema the model finds too complex is refused with 400: it is sent once more without its choices and
    descriptions, and then only told in words (audit.md 4).
    """
    connection = await code_assist.ready(connection)
    for minimal in (False, True):
        request = compose()
        schema = response_schema(request.schema, minimal=minimal)
        try:
            return await _generate(connection, build_request(connection, request, schema))
        except UpstreamError as error:
            if error.http_status != 400 or error.failure.kind != "invalid_request":
                raise
    return await _generate(connection, build_request(connection, compose(), None))


def build_request(connection: Connection, request: StructuredRequest, schema: JsonObject | None) -> HttpRequest:
    """The whole request as data; without `schema` the instructions carry it as words."""
    system = request.system if schema else f"{request.system}\n\n{_in_words(request.schema)}"
    config = present(
        {
            "maxOutputTokens": request.max_tokens,
            "responseMimeType": "application/json",
            "responseSchema": schema,
        }
    )
    body: JsonObject = {
        "contents": [{"role": "user", "parts": [{"text": request.user}]}],
        "systemInstruction": system_instruction(system),
        "generationConfig": config,
    }
    return post(connection, request.model, "generateContent", auth_headers(connection), body)


def _in_words(schema: JsonObject) -> str:
    return f"Answer with one JSON object that fits this JSON Schema:\n{json.dumps(schema)}"


async def _generate(connection: Connection, request: HttpRequest) -> RawReply:
    return _reply((await connection.http.fetch(request)).json)


def _reply(answer: JsonValue) -> RawReply:
    """A whole answer is a stream of one chunk. One without an end is no answer, however much of it is there.

    Nor is one that Gemini itself calls malformed, whatever can be read of it.
    """
    decoder = GeminiDecoder()
    messages = [*decoder.decode(_chunk(answer)), *decoder.close(clean=True)]
    error = next((message for message in messages if isinstance(message, StreamError)), None)
    if error is not None:
        raise UpstreamError(Failure(error.kind, error.message, error.code, error.retry_after))
    [done] = [message for message in messages if isinstance(message, Done)]
    usage = [message.usage for message in messages if isinstance(message, UsageReport)]
    truncated, filtered = done.stop_reason == "maxTokens", done.stop_reason == "contentFilter"
    if done.raw_stop_reason != "STOP" and not truncated and not filtered:
        raise UpstreamError(Failure("malformed", _UNREADABLE, done.raw_stop_reason))
    return RawReply(
        text="".join(message.text for message in messages if isinstance(message, Content)),
        finish_reason=done.raw_stop_reason,
        truncated=truncated,
        filtered=filtered,
        usage=usage[-1] if usage else None,
    )


def _chunk(answer: JsonValue) -> JsonObject:
    """Some of Gemini's endpoints wrap what they say, errors above all, in a list of one (providers.md C.4)."""
    inner = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
    return inner if isinstance(inner, dict) else {}
