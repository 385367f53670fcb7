"""Audits by Acme: one JSON object, held to the schema, else told it in words."""

from functools import partial

from maestro.providers.answers import read_to_end
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.schemas import strict
from maestro.providers.structured import Manner, chat_request, step_down

from .streaming import open_stream


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """As `AuditRole` says."""
    return await step_down(compose, ["schema", "words"], partial(_ask, connection))


async def _ask(connection: Connection, request: StructuredRequest, manner: Manner) -> RawReply:
    schema = None if manner.in_words else strict(request.schema)
    stream = await open_stream(connection, chat_request(manner.applied(request), schema, manner.temperature))
    return await read_to_end(stream, connection.http.patience)
