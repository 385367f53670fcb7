"""One JSON object from a service that speaks Chat Completions, held to the schema as far as the service can."""

from dataclasses import replace
from functools import partial

from maestro.providers.answers import read_to_end
from maestro.providers.base import Compose, Connection, RawReply, StructuredRequest
from maestro.providers.openai_compatible import config
from maestro.providers.openai_compatible.streaming import build_request
from maestro.providers.schemas import strict
from maestro.providers.structured import NO_EFFORT, Manner, Shape, chat_request, step_down
from maestro.transport import HttpRequest


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """`POST /chat/completions`; see `AuditRole`. A refused `response_format` is followed by a looser one."""
    return await step_down(compose, _shapes(connection), partial(_ask, connection))


def build_structured(connection: Connection, request: StructuredRequest, manner: Manner) -> HttpRequest:
    """The whole request as data."""
    schema = None if manner.in_words else strict(request.schema)
    built = build_request(connection, chat_request(manner.applied(request), schema, manner.temperature))
    if manner.shape != "object":
        return built
    return replace(built, json={**(built.json or {}), "response_format": {"type": "json_object"}})


async def _ask(connection: Connection, request: StructuredRequest, manner: Manner) -> RawReply:
    stream = await connection.http.open(build_structured(connection, request, manner), "chat")
    reply = await read_to_end(stream, connection.http.patience)
    takes_efforts = bool(config.flags(connection)["efforts"])
    return reply if request.effort is None or takes_efforts else replace(reply, notice=NO_EFFORT)


def _shapes(connection: Connection) -> list[Shape]:
    """The strictest first, without those the service's row knows to be refused."""
    flags = config.flags(connection)
    taken: tuple[tuple[Shape, bool | int | str], ...] = (
        ("schema", flags["jsonSchema"]),
        ("object", flags["jsonObject"]),
        ("words", True),
    )
    return [shape for shape, is_taken in taken if is_taken]
