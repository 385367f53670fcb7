"""Streaming answers from Gemini."""

from pydantic import JsonValue

from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.providers.gemini import code_assist
from maestro.providers.gemini.auth import auth_headers
from maestro.providers.gemini.config import method_url
from maestro.providers.gemini.conversation import contents
from maestro.providers.gemini.thinking import thinking_config
from maestro.providers.request import present, system_text
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Tool


async def open_stream(connection: Connection, request: ChatRequest) -> ByteStream:
    """`POST …:streamGenerateContent`; see `StreamingRole`."""
    return await connection.http.open(build_request(await code_assist.ready(connection), request), "gemini")


def build_request(connection: Connection, request: ChatRequest) -> HttpRequest:
    """The whole request as data; without `alt=sse` Gemini would stream a JSON array (providers.md C.1)."""
    body = present(
        {
            "contents": contents(request.messages),
            "systemInstruction": system_instruction(system_text(request.messages)),
            "tools": _tools(request.tools),
            "generationConfig": _generation_config(request) or None,
        }
    )
    headers = {"accept": "text/event-stream"} | auth_headers(connection)
    return post(connection, request.model, "streamGenerateContent?alt=sse", headers, body)


def post(connection: Connection, model: str, method: str, headers: dict[str, str], body: JsonObject) -> HttpRequest:
    """A request to a model, or to Code Assist on its behalf."""
    if code_assist.is_on(connection):
        wrapped = code_assist.wrapped(connection, model, body)
        return HttpRequest("POST", code_assist.method_url(connection, method), headers, wrapped)
    return HttpRequest("POST", method_url(connection, model, method), headers, body)


def system_instruction(text: str | None) -> JsonObject | None:
    return {"parts": [{"text": text}]} if text else None


def _tools(tools: tuple[Tool, ...]) -> list[JsonValue] | None:
    declarations: list[JsonValue] = [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.input_schema}
        for tool in tools
    ]
    return [{"functionDeclarations": declarations}] if declarations else None


def _generation_config(request: ChatRequest) -> JsonObject:
    params = request.params
    return present(
        {
            "maxOutputTokens": params.max_tokens,
            "temperature": params.temperature,
            "thinkingConfig": thinking_config(request.model, params.effort),
            "responseMimeType": None if params.output_schema is None else "application/json",
            "responseJsonSchema": params.output_schema,
        }
    )
