"""Gemini's model list."""

from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from maestro.providers.base import Connection
from maestro.providers.gemini import code_assist
from maestro.providers.gemini.auth import auth_headers
from maestro.providers.gemini.config import list_url
from maestro.providers.reply import read, read_each
from maestro.transport import HttpRequest
from maestro_protocol.models import Model

_PAGE_SIZE = 1000


class _Entry(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    name: str
    display_name: str | None = None
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] = []
    thinking: bool = False


class _Page(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    models: list[JsonValue] = []
    next_page_token: str | None = None


async def list_models(connection: Connection) -> list[Model]:
    """All pages of `GET /{version}/models`; only models that generate content (providers.md C.3). The list does not say
    which are deprecated.

    Code Assist has no list: a few names stand for it.
    """
    if code_assist.is_on(connection):
        return code_assist.models(
            connection.info.id, connection.settings.default_model or connection.info.default_model
        )
    entries: list[_Entry] = []
    token: str | None = None
    while True:
        page = await _page(connection, token)
        entries += read_each(_Entry, page.models)
        if page.next_page_token in (None, "", token):
            return [
                _model(connection.info.id, entry)
                for entry in entries
                if "generateContent" in entry.supported_generation_methods
            ]
        token = page.next_page_token


async def _page(connection: Connection, token: str | None) -> _Page:
    query = urlencode({"pageSize": _PAGE_SIZE} | ({"pageToken": token} if token else {}))
    request = HttpRequest("GET", f"{list_url(connection)}?{query}", auth_headers(connection))
    return read(_Page, (await connection.http.fetch(request)).json)


def _model(provider: str, entry: _Entry) -> Model:
    name = entry.name.removeprefix("models/")
    return Model(
        id=f"{provider}/{name}",
        provider=provider,
        name=name,
        label=entry.display_name,
        context_window=entry.input_token_limit,
        max_output=entry.output_token_limit,
        features=["reasoning"] if entry.thinking else None,
    )
