"""The model list of a compatible service, in whichever shape it comes."""

from pydantic import AliasChoices, BaseModel, Field, JsonValue

from maestro.failures import UpstreamError
from maestro.providers.base import Connection
from maestro.providers.openai_compatible.address import chat_url, models_url
from maestro.providers.openai_compatible.api_key import auth_headers
from maestro.providers.openai_compatible.config import flags
from maestro.providers.openai_compatible.entry import Entry, model
from maestro.providers.reply import read, read_each
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.models import Model


class _List(BaseModel):
    data: list[JsonValue] = Field(validation_alias=AliasChoices("data", "models"))


async def list_models(connection: Connection) -> list[Model]:
    """What the service lists, without what does not chat: an object with `data` or `models`, or a bare array.

    A service without such a list has the models its row names, or its default model, or none.
    """
    url = models_url(connection)
    if url is None:
        await _check_key(connection)
        return _named(connection)
    try:
        answer = (await connection.http.fetch(HttpRequest("GET", url, auth_headers(connection)))).json
    except UpstreamError as error:
        if error.http_status == 404:
            return _named(connection)
        raise
    listed = read(_List, {"data": answer} if isinstance(answer, list) else answer)
    return [model(connection.info.id, entry) for entry in read_each(Entry, listed.data) if entry.chats]


async def _check_key(connection: Connection) -> None:
    """Ask for the answer to nothing, which is refused at no cost: for the key if that is bad, else for the question.

    Raises:
        UpstreamError: the key is bad, or the service cannot say.
    """
    nothing: JsonObject = {"model": "", "messages": []}
    try:
        await connection.http.fetch(HttpRequest("POST", chat_url(connection, ""), auth_headers(connection), nothing))
    except UpstreamError as error:
        if error.http_status not in (400, 404, 422):
            raise


def _named(connection: Connection) -> list[Model]:
    default = connection.settings.default_model or connection.info.default_model or ""
    names = str(flags(connection)["models"]).split() or [default]
    return [model(connection.info.id, Entry(id=name)) for name in names if name]
