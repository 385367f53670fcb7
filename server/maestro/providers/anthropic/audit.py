"""One JSON object from Anthropic, held to the schema by `output_config.format`."""

from functools import partial

from maestro.providers.answers import read_to_end
from maestro.providers.anthropic.config import SAMPLING_MODELS
from maestro.providers.anthropic.streaming import open_stream
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.structured import Manner, chat_request, step_down


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """`POST /v1/messages`; see `AuditRole`. Streamed, since the service wants long answers to be."""
    return await step_down(compose, ("schema", "smaller", "words"), partial(_ask, connection))


async def _ask(connection: Connection, composed: StructuredRequest, manner: Manner) -> RawReply:
    request = manner.applied(composed)
    schema = None if manner.in_words else request.schema
    temperature = manner.temperature if request.model.startswith(SAMPLING_MODELS) else None
    stream = await open_stream(connection, chat_request(request, schema, temperature))
    return await read_to_end(stream, connection.http.patience)
