"""Anthropic's model list."""

from typing import Literal
from urllib.parse import urlencode

from pydantic import BaseModel, JsonValue

from maestro.failures import UpstreamError
from maestro.providers.anthropic.auth import auth_headers
from maestro.providers.anthropic.refusal import refused
from maestro.providers.base import Connection
from maestro.providers.reply import day_of, read, read_each
from maestro.providers.request import join
from maestro.transport import HttpRequest
from maestro_protocol.models import Model

_PAGE_SIZE = 1000
_FEATURES = {"thinking": "reasoning", "image_input": "vision", "structured_outputs": "structuredOutput"}
"""The capabilities that are features here; every model takes tools."""


class _Capability(BaseModel):
    supported: bool = False


class _Capabilities(BaseModel):
    thinking: _Capability = _Capability()
    image_input: _Capability = _Capability()
    structured_outputs: _Capability = _Capability()


class _Entry(BaseModel):
    id: str
    display_name: str | None = None
    lifecycle: Literal["active", "deprecated", "retired"] | str | None = None
    retires_at: JsonValue = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: _Capabilities | None = None


class _Page(BaseModel):
    data: list[JsonValue]
    has_more: bool = False
    last_id: str | None = None


async def list_models(connection: Connection) -> list[Model]:
    """All pages of `GET /v1/models`, retired ones left out (providers.md B.2)."""
    entries: list[_Entry] = []
    after: str | None = None
    while True:
        page = await _page(connection, after)
        entries += read_each(_Entry, page.data)
        if not page.has_more or page.last_id in (None, after):
            return [_model(connection.info.id, entry) for entry in entries if entry.lifecycle != "retired"]
        after = page.last_id


async def _page(connection: Connection, after: str | None) -> _Page:
    query = urlencode({"limit": _PAGE_SIZE} | ({"after_id": after} if after else {}))
    request = HttpRequest("GET", join(connection.base_url, f"v1/models?{query}"), auth_headers(connection))
    try:
        return read(_Page, (await connection.http.fetch(request)).json)
    except UpstreamError as error:
        raise refused(error) from None


def _model(provider: str, entry: _Entry) -> Model:
    return Model(
        id=f"{provider}/{entry.id}",
        provider=provider,
        name=entry.id,
        label=entry.display_name,
        context_window=entry.max_input_tokens,
        max_output=entry.max_tokens,
        features=_features(entry.capabilities),
        deprecated=True if entry.lifecycle == "deprecated" else None,
        retires_on=day_of(entry.retires_at),
    )


def _features(capabilities: _Capabilities | None) -> list[str] | None:
    if capabilities is None:
        return None
    return ["tools", *(feature for name, feature in _FEATURES.items() if getattr(capabilities, name).supported)]
