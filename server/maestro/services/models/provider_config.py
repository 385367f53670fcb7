"""One provider as Python programs and the provider file have it: where it is, its key, its models."""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, field_validator

from maestro.redact import MASK, redact

_SHORTEST = 8
"""Characters of a key that is looked for in texts; shorter ones are in too many words."""


class ProviderConfig(BaseModel):
    """A provider that speaks Chat Completions. The key is in no `repr`, `str` or validation error."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    name: str = ""
    base_api_url: str = ""
    api_key: str = Field(default="", repr=False)
    valid_models: dict[str, str] | None = Field(default_factory=dict)
    """Short names by long ones; with None the provider takes no part in finding models."""
    invalid_models: list[str] = Field(default_factory=list)
    """Long names of models that do not chat."""
    cache_duration: float = Field(default=300, exclude=True, repr=False)
    """Seconds for which the service's list is believed."""

    _cached_models: list[dict[str, JsonValue]] = PrivateAttr(default_factory=list)
    _cache_timestamp: float = PrivateAttr(default=0.0)
    _foreign_key: str = PrivateAttr(default="")

    @field_validator("api_key", mode="before")
    @classmethod
    def _no_key(cls, given: object) -> object:
        return "" if given is None else given

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, self._no_key(value) if name == "api_key" else value)

    def get_valid_models(self) -> list[str]:
        """Long names."""
        return list(models_of(self) or ())

    def get_invalid_models(self) -> list[str]:
        """Long names."""
        return list(self.invalid_models)

    def find_model(self, name: str) -> str | None:
        """The long name of the first model that is called so, else of the first whose long name, else whose short one,
        has this in it. Case does not count."""
        return next(self._fitting(name.lower()), None)

    def merge_valid_models(self, models: Iterable[str]) -> None:
        """Add those that are not there yet, each with its long name as its short one."""
        known = models_of(self)
        if known is None:
            known = self.valid_models = {}
        for long in models:
            known.setdefault(long, long)

    def keep_out_of_files(self, key: str) -> None:
        """This key is somebody else's, the environment's or the vault's, and never written."""
        self._foreign_key = key.strip()

    @property
    def own_key(self) -> str:
        """The key as far as it may be written."""
        return "" if self.api_key.strip() == self._foreign_key else self.api_key

    @property
    def foreign_key(self) -> str:
        """The one that is never written; empty where nobody named it."""
        return self._foreign_key

    def without_secrets(self, text: str) -> str:
        """The text as it may be shown, also where it repeats the key."""
        key = self.api_key.strip()
        return redact(text.replace(key, MASK) if len(key) >= _SHORTEST else text)

    def _fitting(self, name: str) -> Iterator[str]:
        models = [(long, long.lower(), short.lower()) for long, short in (models_of(self) or {}).items()]
        yield from (found for found, long, _ in models if name == long)
        yield from (found for found, _, short in models if name == short)
        yield from (found for found, long, _ in models if name in long)
        yield from (found for found, _, short in models if name in short)


def models_of(config: ProviderConfig) -> dict[str, str] | None:
    """The models of what programs take for a provider; None where they are none that could be looked up."""
    models = getattr(config, "valid_models", None)
    return models if isinstance(models, dict) else None
