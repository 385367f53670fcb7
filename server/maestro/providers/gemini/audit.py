"""One JSON object from Gemini, with as much of the schema as the model takes."""

import json

from pydantic import JsonValue

from maestro.failures import Failure, UpstreamError
from maestro.providers.base import Connection, RawReply, StructuredRequest
from maestro.providers.gemini.api_key import auth_headers
from maestro.providers.gemini.config import method_url
from maestro.providers.gemini.schema import response_schema
from maestro.providers.gemini.streaming import system_instruction
from maestro.providers.request import present
from maestro.streaming.messages import Content, Done, StreamError, UsageReport
from maestro.streaming.wire.gemini import GeminiDecoder
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject


async def generate_structured(connection: Connection, request: StructuredRequest) -> RawReply:
    """`POST …:generateContent` in JSON mode; see `AuditRole`.

    A schema the model finds too complex is refused with 400: it is sent once more without its choices and
    descriptions, and then only told in words (audit.md 4).
    """
    minimal = response_schema(request.schema, minimal=True)
    for schema in (response_schema(request.schema), minimal):
        try:
            return await _generate(connection, build_request(connection, request, schema))
        except UpstreamError as error:
            if error.http_status != 400 or error.failure.kind != "invalid_request":
                raise
    return await _generate(connection, build_request(connection, request, None))


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
    return HttpRequest("POST", method_url(connection, request.model, "generateContent"), auth_headers(connection), body)


def _in_words(schema: JsonObject) -> str:
    return f"Answer with one JSON object that fits this JSON Schema:\n{json.dumps(schema)}"


async def _generate(connection: Connection, request: HttpRequest) -> RawReply:
    return _reply((await connection.http.fetch(request)).json)


def _reply(answer: JsonValue) -> RawReply:
    """A whole answer is a stream of one chunk. One without an end is no answer, however much of it is there."""
    decoder = GeminiDecoder()
    chunk = answer if isinstance(answer, dict) else {}
    messages = [*decoder.decode(chunk), *decoder.close(clean=True)]
    done = next((message for message in messages if isinstance(message, Done)), None)
    if done is None:
        raise _failed([message for message in messages if isinstance(message, StreamError)])
    usage = [message.usage for message in messages if isinstance(message, UsageReport)]
    return RawReply(
        text="".join(message.text for message in messages if isinstance(message, Content)),
        finish_reason=done.raw_stop_reason,
        truncated=done.stop_reason == "maxTokens",
        filtered=done.stop_reason == "contentFilter",
        usage=usage[-1] if usage else None,
    )


def _failed(errors: list[StreamError]) -> UpstreamError:
    error = errors[0]
    return UpstreamError(Failure(error.kind, error.message, error.code, error.retry_after))
