"""OpenAI's model list."""

from pydantic import BaseModel, JsonValue

from maestro.providers.base import Connection
from maestro.providers.openai import chatgpt
from maestro.providers.openai.auth import auth_headers, in_chatgpt_mode
from maestro.providers.reply import day_of, read, read_each
from maestro.providers.request import join
from maestro.transport import HttpRequest
from maestro_protocol.models import Model


class _Entry(BaseModel):
    id: str
    shutdown_date: JsonValue = None


class _List(BaseModel):
    data: list[JsonValue]


async def list_models(connection: Connection) -> list[Model]:
    """`GET /models`: one page, whatever its length (providers.md A.3); ChatGPT mode has a list of its own."""
    if in_chatgpt_mode(connection):
        return await chatgpt.list_models(connection, auth_headers(connection))
    request = HttpRequest("GET", join(connection.base_url, "models"), auth_headers(connection))
    answer = read(_List, (await connection.http.fetch(request)).json)
    return [_model(connection.info.id, entry) for entry in read_each(_Entry, answer.data)]


def _model(provider: str, entry: _Entry) -> Model:
    return Model(
        id=f"{provider}/{entry.id}",
        provider=provider,
        name=entry.id,
        deprecated=True if entry.shutdown_date else None,
        retires_on=day_of(entry.shutdown_date),
    )
