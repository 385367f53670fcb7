"""The configuration of a Python program: every place it may stand in read once, in order, into one object.

Built-in provider data < `openaicompat-providers.yaml` < `config.toml` < environment < editor settings.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maestro import provider_file, settings
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME, ProviderEntry
from maestro.providers import registry
from maestro.providers.base import ProviderInfo
from maestro.services.models import ProviderConfig, ProviderManager
from maestro.settings import Problem, Report
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import ProviderSettings, Settings


@dataclass(frozen=True, slots=True)
class Config:
    """What is in force. `providers` are those that speak Chat Completions, with the keys of this program's user."""

    settings: Settings
    providers: ProviderManager

    def persist_provider_configs(self, data_directory: str | Path | None = None) -> None:
        """As `ProviderManager.persist_provider_configs`."""
        self.providers.persist_provider_configs(data_directory)


def load(
    environment: Mapping[str, str] | None = None,
    editor: JsonObject | None = None,
    report: Report | None = None,
    tell: Callable[[str], None] = print,
) -> Config:
    """Read everything; nothing is asked of any service. `tell` hears what the providers' manager has to say.

    With `report` what does not fit, or a file that cannot be read, is told and left out, and the rest is in force.

    Raises:
        MaestroError: without `report`, -32602 naming the place. What in the provider file says nothing is told.
    """
    variables = os.environ if environment is None else environment
    in_force = settings.load(variables, editor, report or _raising(tell), built_in=registry.provider_ids)
    home = directories(variables).data
    entries = _entries(home / FILE_NAME)
    own = [name for name, one in in_force.providers.items() if one.base_url]
    names = {*filter(registry.is_compatible, [*registry.provider_ids(), *own]), *entries}
    configs = {
        name: _config(_info(name), entries.get(name, ProviderEntry()), in_force.provider(name), variables)
        for name in sorted(names)
    }
    reachable = {name: config for name, config in configs.items() if config.base_api_url}
    return Config(in_force, ProviderManager(reachable, tell, home))


def _raising(tell: Callable[[str], None]) -> Report:
    """For who listens to no problems: what counts must fit, and the rest is told."""

    def report(problem: Problem) -> None:
        if not problem.is_slight:
            raise problem.error
        tell(problem.message)

    return report


def _entries(path: Path) -> Mapping[str, ProviderEntry]:
    """By id, as settings have it. What is wrong with the file was told when the settings were read."""
    try:
        return provider_file.usable(provider_file.read(path))
    except MaestroError:
        return {}


def _info(name: str) -> ProviderInfo:
    """What is built in of a provider; of one that is not, its label and how its variable is called."""
    if name in registry.provider_ids():
        return registry.info(name)
    own = registry.gateway(name, ProviderSettings(base_url="unknown"))
    assert own is not None
    return replace(own, base_url="")


def _config(
    info: ProviderInfo, entry: ProviderEntry, own: ProviderSettings, environment: Mapping[str, str]
) -> ProviderConfig:
    address = environment.get(info.base_url_variable, "").strip() if info.base_url_variable else ""
    default = own.default_model or info.default_model
    key = _key(info, own, environment)
    config = ProviderConfig(
        name=entry.name or info.label,
        base_api_url=own.base_url or address or info.base_url,
        api_key=key,
        valid_models={**({default: default} if default else {}), **own.valid_models},
        invalid_models=own.invalid_models,
    )
    config.keep_out_of_files(key if key != entry.api_key.strip() else "")
    return config


def _key(info: ProviderInfo, own: ProviderSettings, environment: Mapping[str, str]) -> str:
    """The vendor's own variable, else what the settings say."""
    keys = [environment.get(name, "").strip() for name in info.key_variables]
    return next(filter(None, keys), own.api_key.get_secret_value() if own.api_key else "")
