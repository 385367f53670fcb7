"""The model list of a compatible service, in whichever shape it comes."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AliasChoices, AliasPath, BaseModel, Field, JsonValue, ValidatorFunctionWrapHandler, WrapValidator

from maestro.failures import UpstreamError
from maestro.providers.base import Connection
from maestro.providers.openai_compatible.address import url
from maestro.providers.openai_compatible.api_key import auth_headers
from maestro.providers.reply import read, read_each
from maestro.transport import HttpRequest
from maestro_protocol.models import Model, Price

_MILLION = 1_000_000
_FEATURES = {"tools": "tools", "reasoning": "reasoning", "structured_outputs": "structuredOutput"}
"""OpenRouter's parameters that are features here."""


def _or_none(value: JsonValue, read: ValidatorFunctionWrapHandler) -> object:
    """Services agree on `id` alone: whatever else does not fit is as good as absent."""
    try:
        return read(value)
    except ValueError:
        return None


_Number = Annotated[int | None, WrapValidator(_or_none)]
_Text = Annotated[str | None, WrapValidator(_or_none)]
_Words = Annotated[list[str] | None, WrapValidator(_or_none)]


class _Entry(BaseModel):
    """`id` is `model` or `name` in Ollama's own list."""

    id: str = Field(validation_alias=AliasChoices("id", "model", "name"))
    label: _Text = Field(default=None, validation_alias=AliasChoices("display_name", "name"))
    context_window: _Number = Field(
        default=None,
        validation_alias=AliasChoices("context_length", "context_window", "max_context_length", "max_model_len"),
    )
    max_output: _Number = Field(
        default=None,
        validation_alias=AliasChoices("max_completion_tokens", AliasPath("top_provider", "max_completion_tokens")),
    )
    parameters: _Words = Field(default=None, validation_alias="supported_parameters")
    inputs: _Words = Field(default=None, validation_alias=AliasPath("architecture", "input_modalities"))
    input_price: _Text = Field(default=None, validation_alias=AliasPath("pricing", "prompt"))
    output_price: _Text = Field(default=None, validation_alias=AliasPath("pricing", "completion"))


class _List(BaseModel):
    data: list[JsonValue] = Field(validation_alias=AliasChoices("data", "models"))


async def list_models(connection: Connection) -> list[Model]:
    """`GET /models`: an object with `data` or `models`, or a bare array (providers.md A.3).

    A service without such a list has its row's default model, or none.
    """
    request = HttpRequest("GET", url(connection, "models"), auth_headers(connection))
    try:
        answer = (await connection.http.fetch(request)).json
    except UpstreamError as error:
        if error.http_status == 404:
            return _default(connection)
        raise
    listed = read(_List, {"data": answer} if isinstance(answer, list) else answer)
    return [_model(connection.info.id, entry) for entry in read_each(_Entry, listed.data)]


def _default(connection: Connection) -> list[Model]:
    name = connection.settings.default_model or connection.info.default_model
    return [_model(connection.info.id, _Entry(id=name))] if name else []


def _model(provider: str, entry: _Entry) -> Model:
    return Model(
        id=f"{provider}/{entry.id}",
        provider=provider,
        name=entry.id,
        label=entry.label if entry.label != entry.id else None,
        context_window=entry.context_window,
        max_output=entry.max_output,
        features=_features(entry),
        prices=_prices(entry),
    )


def _features(entry: _Entry) -> list[str] | None:
    if entry.parameters is None:
        return None
    features = [feature for name, feature in _FEATURES.items() if name in entry.parameters]
    return [*features, "vision"] if "image" in (entry.inputs or ()) else features


def _prices(entry: _Entry) -> Price | None:
    """OpenRouter names dollars per token, as text, and less than nothing where it depends."""
    try:
        given = [Decimal(price) * _MILLION for price in (entry.input_price, entry.output_price) if price]
    except InvalidOperation:
        return None
    if len(given) < 2 or min(given) < 0:
        return None
    return Price(input=_plain(given[0]), output=_plain(given[1]))


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
