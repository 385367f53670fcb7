"""Streaming answers from the Messages API."""

from pydantic import JsonValue

from maestro.failures import UpstreamError
from maestro.providers.anthropic import identity
from maestro.providers.anthropic.auth import auth_headers
from maestro.providers.anthropic.config import VERSION_WITHOUT_SAMPLING
from maestro.providers.anthropic.conversation import turns
from maestro.providers.anthropic.refusal import refused
from maestro.providers.anthropic.schema import output_schema
from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.providers.request import join, present, system_text
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatParams, Tool


async def open_stream(connection: Connection, request: ChatRequest) -> ByteStream:
    """`POST /v1/messages`; see `StreamingRole`."""
    try:
        return await connection.http.open(build_request(connection, request), "messages")
    except UpstreamError as error:
        raise refused(error) from None


def build_request(connection: Connection, request: ChatRequest) -> HttpRequest:
    """The whole request as data (providers.md B.1)."""
    params, settings = request.params, connection.settings
    samples = (settings.version or "") < VERSION_WITHOUT_SAMPLING
    tools: list[JsonValue] = [_tool(tool) for tool in request.tools]
    body = present(
        {
            "model": request.model,
            "max_tokens": params.max_tokens or settings.max_tokens,
            "system": identity.system(connection, system_text(request.messages)),
            "messages": turns(request.messages),
            "tools": tools or None,
            "temperature": params.temperature if samples else None,
            "thinking": {"type": "disabled"} if params.effort == "none" else None,
            "output_config": _output_config(params),
            "stream": True,
        }
    )
    headers = {"accept": "text/event-stream"} | auth_headers(connection)
    return HttpRequest("POST", join(connection.base_url, "v1/messages"), headers, body)


def _tool(tool: Tool) -> JsonObject:
    return present({"name": tool.name, "description": tool.description or None, "input_schema": tool.input_schema})


def _output_config(params: ChatParams) -> JsonObject | None:
    """Efforts start at `low`; `none` turns thinking off instead."""
    effort = "low" if params.effort == "minimal" else params.effort
    schema = params.output_schema
    config = present(
        {
            "effort": None if effort == "none" else effort,
            "format": None if schema is None else {"type": "json_schema", "schema": output_schema(schema)},
        }
    )
    return config or None
