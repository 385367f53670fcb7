"""Streaming answers from Chat Completions."""

from pydantic import JsonValue

from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.providers.openai_compatible import config
from maestro.providers.openai_compatible.address import chat_url
from maestro.providers.openai_compatible.api_key import auth_headers
from maestro.providers.openai_compatible.conversation import Flags, chat_messages
from maestro.providers.request import is_strict, present
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Effort, Tool

_EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


async def open_stream(connection: Connection, request: ChatRequest) -> ByteStream:
    """`POST /chat/completions`; see `StreamingRole`."""
    return await connection.http.open(build_request(connection, request), "chat")


def build_request(connection: Connection, request: ChatRequest) -> HttpRequest:
    """The whole request as data, as the flags of the service's row say (providers.md A.2)."""
    flags, params = config.flags(connection), request.params
    tools: list[JsonValue] = [_tool(tool) for tool in request.tools]
    body = present(
        {
            "model": request.model,
            "messages": chat_messages(request.messages, flags),
            "tools": tools or None,
            "temperature": params.temperature,
            str(flags["maxTokensField"]): params.max_tokens,
            "reasoning_effort": _effort(params.effort, flags),
            "response_format": _response_format(params.output_schema) if flags["jsonSchema"] else None,
            "stream": True,
            "stream_options": {"include_usage": True} if flags["streamOptions"] else None,
        }
    )
    headers = {"accept": "text/event-stream"} | auth_headers(connection)
    return HttpRequest("POST", chat_url(connection, request.model), headers, body)


def _tool(tool: Tool) -> JsonObject:
    function: JsonObject = {"name": tool.name, "description": tool.description, "parameters": tool.input_schema}
    return {"type": "function", "function": function}


def _effort(effort: Effort | None, flags: Flags) -> str | None:
    """The strongest word the service takes that is not above the one asked for, else its weakest."""
    taken = str(flags["efforts"]).split()
    if effort is None or not taken:
        return None
    allowed = _EFFORTS[: _EFFORTS.index(effort) + 1]
    return next((word for word in reversed(taken) if word in allowed), taken[0])


def _response_format(schema: JsonObject | None) -> JsonObject | None:
    if schema is None:
        return None
    form: JsonObject = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}
