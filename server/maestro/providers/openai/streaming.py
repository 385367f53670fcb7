"""Streaming answers from the Responses API, resumable when they run in the background."""

from urllib.parse import quote

from pydantic import JsonValue

from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.providers.openai import chatgpt
from maestro.providers.openai.auth import auth_headers, in_chatgpt_mode
from maestro.providers.openai.conversation import input_items
from maestro.providers.request import is_strict, join, present, system_text
from maestro.streaming.messages import ResumePoint
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Effort, Tool

WITHOUT_REASONING = ("gpt-3.5", "gpt-4", "chatgpt-", "gpt-5-chat", "ft:gpt-3.5", "ft:gpt-4")
"""Models that refuse a request for encrypted reasoning, because they have none; they alone take a temperature."""


async def open_stream(connection: Connection, request: ChatRequest) -> ByteStream:
    """`POST /responses`; see `StreamingRole`."""
    return await connection.http.open(build_request(connection, request), "responses")


async def resume_stream(connection: Connection, point: ResumePoint) -> ByteStream:
    """Go on behind event `starting_after`; only background responses can be taken up again."""
    return await connection.http.open(build_resume(connection, point), "responses")


async def cancel_stream(connection: Connection, response_id: str) -> None:
    """Stop a background response: without it the service writes on, and bills, what nobody reads."""
    path = f"responses/{quote(response_id, safe='')}/cancel"
    await connection.http.fetch(HttpRequest("POST", join(connection.base_url, path), auth_headers(connection)))


def build_request(connection: Connection, request: ChatRequest) -> HttpRequest:
    """The whole request as data (providers.md A.1)."""
    params = request.params
    tools: list[JsonValue] = [_tool(tool) for tool in request.tools]
    body: dict[str, JsonValue] = {
        "model": request.model,
        "instructions": system_text(request.messages),
        "input": input_items(request.messages),
        "tools": tools or None,
        "reasoning": _reasoning(params.effort),
        "text": _text(params.output_schema),
        "max_output_tokens": params.max_tokens,
        "temperature": params.temperature,
        "stream": True,
        "stream_options": {"include_obfuscation": False},
    }
    to_chatgpt = in_chatgpt_mode(connection)
    body = present(body | _storage(connection.settings.background and not to_chatgpt, request.model))
    headers = _headers(connection)
    if to_chatgpt:
        body = chatgpt.body(connection, request, body)
        headers = chatgpt.thread_headers(connection, request) | headers
    return HttpRequest("POST", join(connection.base_url, "responses"), headers, body)


def build_resume(connection: Connection, point: ResumePoint) -> HttpRequest:
    path = f"responses/{quote(point.response_id, safe='')}?stream=true&starting_after={point.starting_after}"
    return HttpRequest("GET", join(connection.base_url, path), _headers(connection))


def _headers(connection: Connection) -> dict[str, str]:
    return {"accept": "text/event-stream"} | auth_headers(connection)


def _storage(background: bool, model: str) -> JsonObject:
    """Nothing is kept at OpenAI, so reasoning comes back encrypted; a background response must be kept to resume."""
    if background:
        return {"background": True, "store": True}
    if model.startswith(WITHOUT_REASONING):
        return {"store": False}
    return {"store": False, "include": ["reasoning.encrypted_content"]}


def _tool(tool: Tool) -> JsonObject:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema,
        "strict": False,
    }


def _reasoning(effort: Effort | None) -> JsonObject | None:
    """Summaries are the only reasoning OpenAI shows, and only on request."""
    if effort is None:
        return None
    return {"effort": effort} if effort == "none" else {"effort": effort, "summary": "auto"}


def _text(schema: JsonObject | None) -> JsonObject | None:
    if schema is None:
        return None
    return {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": is_strict(schema)}}
