"""Compatible providers and their models as one object: models found, listed, discovered and kept in a file."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from maestro import provider_file
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME, ProviderEntry, why_not_written
from maestro.services.models.discovery import ModelDiscoveryService
from maestro.services.models.foreign_keys import keys_of
from maestro.services.models.names import split_first_slash
from maestro.services.models.provider_config import ProviderConfig, models_of


class Discovered(NamedTuple):
    """What came of asking one provider."""

    status: Literal["ok", "skipped", "failed"]
    valid: Sequence[str] = ()
    invalid: Sequence[str] = ()
    added: Sequence[str] = ()
    """Those of the valid ones that were not known before."""
    error: Exception | None = None


class ProviderManager:
    """Providers by id. Everything blocks; `providers` and `discovery_service` may be replaced.

    `home` is the data directory that the providers were read from: what did not change since is not written there.
    """

    def __init__(
        self,
        providers: Mapping[str, ProviderConfig | Mapping[str, object]],
        report: Callable[[str], None] = print,
        home: Path | None = None,
    ) -> None:
        self.providers = providers
        self.discovery_service = ModelDiscoveryService()
        self.discovered: dict[str, Discovered] = {}
        """What came of the last discovery, by provider."""
        self._report = report
        self._home = home
        self._foreign = self._foreign_keys()
        self._written = {home / FILE_NAME: self._entries()} if home else {}

    @property
    def providers(self) -> dict[str, ProviderConfig]:
        """By id; what is put in their place may hold plain dicts."""
        return self._providers

    @providers.setter
    def providers(self, given: Mapping[str, ProviderConfig | Mapping[str, object]]) -> None:
        self._providers = {
            name: ProviderConfig.model_validate(one) if isinstance(one, Mapping) else one for name, one in given.items()
        }
        self.cached_valid_scoped_models: list[str] | None = None

    def get(self, name: str) -> ProviderConfig | None:
        return self.providers.get(name)

    def __getitem__(self, name: str) -> ProviderConfig:
        return self.providers[name]

    def __contains__(self, name: object) -> bool:
        return name in self.providers

    def keys(self) -> list[str]:
        return list(self.providers)

    def values(self) -> list[ProviderConfig]:
        return list(self.providers.values())

    def items(self) -> list[tuple[str, ProviderConfig]]:
        return list(self.providers.items())

    def get_provider_config(self, name: str) -> ProviderConfig:
        """Raises KeyError with a sentence."""
        if name not in self.providers:
            raise KeyError(f"Provider '{name}' not found")
        return self.providers[name]

    def get_all_provider_names(self) -> list[str]:
        return list(self.providers)

    def merged_models(self) -> list[tuple[str, tuple[str, str]]]:
        """`(provider, (long, short))` of every model."""
        return [(name, model) for name, config in self.providers.items() for model in (models_of(config) or {}).items()]

    def valid_scoped_models(self) -> list[str]:
        """`provider/long (short)` of every model, as it was when somebody first asked after the last discovery."""
        if self.cached_valid_scoped_models is None:
            self.cached_valid_scoped_models = [
                f"{name}/{long} ({short})" for name, (long, short) in self.merged_models()
            ]
        return list(self.cached_valid_scoped_models)

    def get_api_for_model_string(self, model_string: str) -> tuple[ProviderConfig, str]:
        """The provider that is meant and the model: as it was given behind a provider's id, else its long name.

        Raises:
            ValueError: no provider has it.
        """
        prefix, model = split_first_slash(model_string)
        named = self.providers.get(prefix.lower()) if prefix else None
        if named is not None:
            models = models_of(named) or {}
            if model in models or model in models.values():
                return named, model
        # A model's own name may have a slash, and begin as a provider's id does.
        for wanted in (model_string,) if named is not None else (model, model_string):
            for name, names in self.merged_models():
                if wanted in names:
                    return self.providers[name], names[0]
        raise ValueError(
            f"Invalid model for provider {prefix.lower()}: {model}" if named else f"Invalid model: {model}"
        )

    def validate_model(self, model_string: str) -> str:
        """The model's name. Raises as `get_api_for_model_string`."""
        return self.get_api_for_model_string(model_string)[1]

    @staticmethod
    def split_first_slash(text: str) -> tuple[str, str]:
        """As `names.split_first_slash`."""
        return split_first_slash(text)

    def get_available_models(self, filter_by_provider: str | None = None) -> list[str]:
        """Long names, of all providers or of one."""
        return [
            model
            for name, config in self.providers.items()
            if not filter_by_provider or name == filter_by_provider
            for model in models_of(config) or ()
        ]

    @staticmethod
    def get_short_name(long_name: str) -> str:
        """The short name of a model that has none yet."""
        return long_name

    def find_model(self, name: str) -> list[tuple[ProviderConfig, str]]:
        """Each provider that has such a model, with its long name; see `ProviderConfig.find_model`."""
        searched = [config for config in self.providers.values() if models_of(config) is not None]
        found = [(config, config.find_model(name)) for config in searched]
        return [(config, model) for config, model in found if model is not None]

    def discover_models(
        self,
        force_refresh: bool = False,
        persist_on_success: bool = True,
        provider: str | None = None,
        data_directory: str | Path | None = None,
    ) -> bool:
        """Ask the services for their models, and each model that nobody knows whether it chats. One provider failing
        keeps none of the others from being asked. False if one did, or if there is no such provider.

        Raises:
            OSError, MaestroError: what was found cannot be written, as `persist_provider_configs`.
        """
        self.cached_valid_scoped_models = None
        self.discovered = {}
        if provider and provider not in self.providers:
            self._report(f"Provider '{provider}' not found")
            return False
        for name in [provider] if provider else self.keys():
            self.discovered[name] = self._discover(name, force_refresh)
        is_success = all(one.status != "failed" for one in self.discovered.values())
        if is_success and persist_on_success:
            self.persist_provider_configs(data_directory)
            self._report("Provider configurations persisted to YAML")
        return is_success

    def persist_provider_configs(self, data_directory: str | Path | None = None) -> None:
        """Write into the provider file what is not there yet: name, address, own key, models. Comments stay.

        Raises:
            OSError: it cannot be written.
            MaestroError: the file there now cannot be read; it is left alone.
        """
        try:
            self.write(data_directory)
        except (OSError, MaestroError) as error:
            why = why_not_written(self.path(data_directory), error)
            self._report(f"Error persisting provider configurations to YAML: {why}")
            raise

    def write(self, data_directory: str | Path | None = None) -> None:
        """As `persist_provider_configs`, for who tells of failures himself."""
        path = self.path(data_directory)
        known = self._written.get(path, {})
        entries = self._without_foreign_keys(self._entries(), known)
        provider_file.write(path, entries, known)
        self._written[path] = entries

    def path(self, data_directory: str | Path | None = None) -> Path:
        """Where the provider file is: in this directory, else where the providers were read, else in ours."""
        given = Path(data_directory).expanduser() if data_directory else self._home
        return (given or directories(os.environ).data) / FILE_NAME

    def _entries(self) -> dict[str, ProviderEntry]:
        return {name: _entry(config) for name, config in self.providers.items() if isinstance(config, ProviderConfig)}

    def _without_foreign_keys(
        self, entries: Mapping[str, ProviderEntry], known: Mapping[str, ProviderEntry]
    ) -> dict[str, ProviderEntry]:
        """Where a key is somebody else's, however it came here, the file goes on having the one it had."""
        self._foreign |= self._foreign_keys()
        foreign = (self._foreign | keys_of(os.environ)) - {""}
        had = {name: known[name].api_key if name in known else "" for name in entries}
        return {
            name: replace(entry, api_key=had[name]) if entry.api_key.strip() in foreign else entry
            for name, entry in entries.items()
        }

    def _foreign_keys(self) -> set[str]:
        return {one.foreign_key for one in self.providers.values() if isinstance(one, ProviderConfig)}

    def _discover(self, name: str, force_refresh: bool) -> Discovered:
        config = self.providers[name]
        if not self.discovery_service.validate_api_key(config):
            self._report(f"Skipping {name}: No valid API key configured")
            return Discovered("skipped")
        try:
            outcome = self._ask(config, force_refresh)
        except Exception as error:
            self._report(f"Error discovering models for {name}: {config.without_secrets(str(error))}")
            return Discovered("failed", error=error)
        if outcome.valid or outcome.invalid:  # a service that lists nothing says nothing of those there were
            config.invalid_models = list(outcome.invalid)
        config.merge_valid_models(outcome.valid)
        counts = f"{len(outcome.valid)} valid and {len(outcome.invalid)} invalid"
        self._report(f"Successfully discovered {counts} models for {name}")
        return outcome

    def _ask(self, config: ProviderConfig, force_refresh: bool) -> Discovered:
        valid, invalid, known = [], [], models_of(config) or {}
        listed = self.discovery_service.discover_models(config, force_refresh)
        for name in dict.fromkeys(str(model["id"]) for model in listed):
            if name in known:
                valid.append(name)
            elif name in config.invalid_models or not self.discovery_service.validate_model(config, name):
                invalid.append(name)
            else:
                valid.append(name)
        return Discovered("ok", valid, invalid, [name for name in valid if name not in known])


def _entry(config: ProviderConfig) -> ProviderEntry:
    """What of a provider belongs into the file."""
    return ProviderEntry(
        name=config.name,
        base_api_url=config.base_api_url,
        api_key=config.own_key,
        valid_models=dict(models_of(config) or {}),
        invalid_models=tuple(config.invalid_models),
    )
