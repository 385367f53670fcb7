"""Chats with Acme."""

from maestro.providers.base import ByteStream, ChatRequest, Connection
from maestro.providers.openai_compatible.streaming import build_request

from .api_key import signed


async def open_stream(connection: Connection, request: ChatRequest) -> ByteStream:
    """`POST /chat/completions`; what comes back is on the wire `chat`, which Maestro reads."""
    return await connection.http.open(signed(connection, build_request(connection, request)), "chat")
