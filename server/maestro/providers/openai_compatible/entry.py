"""What the lists of compatible services say of a model: each has fields of its own, beside an id."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from maestro.providers.openai_compatible.prices import prices
from maestro_protocol.base import JsonObject
from maestro_protocol.models import Model

_FEATURES = {
    "tools": {"tools", "tool-calling", "function_calling", "supports_tools"},
    "reasoning": {"reasoning", "supports_reasoning"},
    "vision": {"image", "vision", "supports_image_input", "supports_image_in"},
    "structuredOutput": {"structured_outputs"},
}
"""The words of OpenRouter, GitHub, Mistral, Fireworks and Moonshot."""
_OTHER_TYPES = ("image", "embedding", "moderation", "rerank", "audio", "video", "transcribe")
"""Together's kinds of models that answer no chat."""

_ENDS = ("deprecation", "deprecated", "expiration_date", "shutdown_date")
"""What Mistral, OpenRouter and OpenAI call the end of a model; `deprecated` may also be yes or no."""


def _or_none(value: JsonValue, read: ValidatorFunctionWrapHandler) -> object:
    """Services agree on `id` alone: whatever else does not fit is as good as absent."""
    try:
        return read(value)
    except ValueError:
        return None


_Number = Annotated[int | None, WrapValidator(_or_none)]
_Text = Annotated[str | None, WrapValidator(_or_none)]
_Words = Annotated[list[str] | None, WrapValidator(_or_none)]


class Entry(BaseModel):
    """`id` is `model` or `name` in Ollama's own list; of an Azure deployment `model` says what is deployed."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(validation_alias=AliasChoices("id", "model", "name"))
    label: _Text = Field(default=None, validation_alias=AliasChoices("display_name", "name", "model"))
    context_window: _Number = Field(
        default=None,
        validation_alias=AliasChoices(
            "context_length",
            "context_window",
            "max_context_length",
            "max_model_len",
            AliasPath("limits", "max_input_tokens"),
        ),
    )
    max_output: _Number = Field(
        default=None,
        validation_alias=AliasChoices(
            "max_completion_tokens",
            AliasPath("top_provider", "max_completion_tokens"),
            AliasPath("limits", "max_output_tokens"),
        ),
    )
    parameters: _Words = Field(default=None, validation_alias="supported_parameters")
    inputs: _Words = Field(
        default=None,
        validation_alias=AliasChoices(
            AliasPath("architecture", "input_modalities"), "supported_input_modalities", "input_modalities"
        ),
    )

    @property
    def rest(self) -> JsonObject:
        """The fields whose meaning is not the same everywhere."""
        return self.model_extra or {}

    @property
    def chats(self) -> bool:
        """False where the service says that it is for something else, or does not serve it now."""
        words = self.rest.get("capabilities")
        told = [self.rest.get("active"), self.rest.get("supports_chat")]
        told += [words.get("completion_chat")] if isinstance(words, dict) else []
        return False not in told and self.rest.get("type") not in _OTHER_TYPES


def model(provider: str, entry: Entry) -> Model:
    """The model as clients see it, under its provider's name."""
    retires_on = _last_day(entry.rest)
    return Model(
        id=f"{provider}/{entry.id}",
        provider=provider,
        name=entry.id,
        label=entry.label if entry.label != entry.id else None,
        context_window=entry.context_window,
        max_output=entry.max_output,
        features=_features(entry),
        prices=prices(entry.rest),
        deprecated=True if retires_on or entry.rest.get("deprecated") is True else None,
        retires_on=retires_on,
    )


def _features(entry: Entry) -> list[str] | None:
    words = {*(entry.parameters or ()), *(entry.inputs or ()), *_able(entry.rest)}
    features = [feature for feature, names in _FEATURES.items() if names & words]
    return features if features or entry.parameters is not None else None


def _able(rest: JsonObject) -> Iterable[str]:
    """`supports_…` that are true, and capabilities, be they names or switches."""
    yield from (name for name, value in rest.items() if name.startswith("supports_") and value is True)
    capabilities = rest.get("capabilities")
    if isinstance(capabilities, dict):
        yield from (name for name, value in capabilities.items() if value is True)
    elif isinstance(capabilities, list):
        yield from (name for name in capabilities if isinstance(name, str))


def _last_day(rest: JsonObject) -> str | None:
    """Of a moment, its day."""
    for name in _ENDS:
        try:
            return date.fromisoformat(str(rest.get(name))[:10]).isoformat()
        except ValueError:
            continue
    return None
