"""A connection to nowhere for pure tests, and a loopback server that answers from a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from maestro.providers.base import ChatRequest, Connection, ProviderInfo
from maestro.store.credentials import ApiKeyCredential, Credential
from maestro.transport import Transport
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.chat import (
    ChatMessage,
    ChatParams,
    ContentPart,
    ImagePart,
    ReasoningPart,
    ReplayPart,
    TextPart,
    Tool,
    ToolCallPart,
)
from maestro_protocol.sessions import Session
from maestro_protocol.settings import ProviderSettings, TransportSettings

KEY = "canary-key-4f9a1c"
WEATHER = Tool(
    name="get_weather",
    description="Weather of a city.",
    input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
PNG = ImagePart(mime_type="image/png", data="aWJt")
SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def connect(
    info: ProviderInfo,
    settings: ProviderSettings | None = None,
    *,
    base_url: str | None = None,
    credential: Credential | None = None,
    http: Transport | None = None,
) -> Connection:
    """A connection with the canary key; nothing is opened before the first request."""
    session = Session(
        id="ses_1",
        name="work",
        provider=info.id,
        auth_type="api_key",
        status="unverified",
        source="memory",
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    return Connection(
        info=info,
        session=session,
        credential=ApiKeyCredential(KEY) if credential is None else credential,
        settings=settings or ProviderSettings(),
        base_url=info.base_url if base_url is None else base_url,
        http=http or Transport(TransportSettings()),
    )


def ask(*messages: ChatMessage, model: str = "m", tools: tuple[Tool, ...] = (), **params: object) -> ChatRequest:
    """A request; a plain "hi" where no message is given."""
    return ChatRequest(model, messages or (user("hi"),), ChatParams.model_validate(params), tools)


def system(text: str) -> ChatMessage:
    return ChatMessage(role="system", content=text)


def user(*content: str | ContentPart) -> ChatMessage:
    return ChatMessage(role="user", content=_content(content))


def assistant(*content: str | ContentPart) -> ChatMessage:
    return ChatMessage(role="assistant", content=_content(content))


def result(call_id: str, *content: str | ContentPart) -> ChatMessage:
    return ChatMessage(role="tool", content=_content(content), tool_call_id=call_id)


def call(call_id: str, city: str) -> ToolCallPart:
    return ToolCallPart(tool_call_id=call_id, name="get_weather", input={"city": city})


def thought(text: str) -> ReasoningPart:
    return ReasoningPart(text=text)


def replay(wire: str, *items: JsonObject) -> ReplayPart:
    return ReplayPart(wire=wire, items=list(items))


def _content(content: tuple[str | ContentPart, ...]) -> str | list[ContentPart]:
    if len(content) == 1 and isinstance(content[0], str):
        return content[0]
    return [TextPart(text=part) if isinstance(part, str) else part for part in content]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the socket. Header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str]
    json: JsonValue


@dataclass(slots=True)
class Loopback:
    """What was received, and what to answer next: a status and a JSON value, or the bytes of an event stream."""

    base_url: str
    received: list[Received] = field(default_factory=list)
    answers: list[tuple[int, JsonValue | bytes]] = field(default_factory=list)


@asynccontextmanager
async def loopback(*answers: tuple[int, JsonValue | bytes]) -> AsyncIterator[tuple[Loopback, Transport]]:
    """A server on 127.0.0.1 that gives each request the next answer, and a transport to reach it with."""
    state = Loopback("", answers=list(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            state.received.append(await _receive(reader))
            status, answer = state.answers.pop(0)
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            kind = "text/event-stream" if isinstance(answer, bytes) else "application/json"
            fields = f"content-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close"
            head = f"HTTP/1.1 {status} X\r\n{fields}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    state.base_url = f"http://{host}:{port}"
    transport = Transport(TransportSettings())
    try:
        yield state, transport
    finally:
        await transport.aclose()
        server.close()
        await server.wait_closed()


async def _receive(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, json.loads(body) if body else None)
