"""The provider file as a layer of settings: its services, what they are asked for with, and their models."""

from collections.abc import Sequence

from maestro import provider_file
from maestro.provider_file import ProviderEntry, ProviderFileError
from maestro.settings.problems import Broken, Places, Spot
from maestro_protocol.base import JsonObject


def parse(text: str) -> tuple[JsonObject, Sequence[Broken]]:
    """The file's providers as settings, and what in it is none of them. Raises Broken."""
    try:
        entries, misfits = provider_file.examined(text)
    except ProviderFileError as error:
        broken = Broken(error.what, Spot(error.line - 1, (error.column or 1) - 1) if error.line else None)
    else:
        slight = [Broken(one.what, Spot(one.line - 1, one.column - 1)) for one in misfits]
        return {"providers": {name: _settings(entry) for name, entry in provider_file.usable(entries).items()}}, slight
    raise broken


def places(text: str) -> Places:
    """Where the providers' ids stand."""
    ids = provider_file.ids_of(provider_file.compose(text))
    return {f"providers.{one.what}": Spot(one.line - 1, one.column - 1) for one in ids}


def _settings(entry: ProviderEntry) -> JsonObject:
    """What is empty says nothing."""
    said: JsonObject = {
        "baseUrl": entry.base_api_url.strip(),
        "apiKey": entry.api_key.strip(),
        "validModels": dict(entry.valid_models),
        "invalidModels": list(entry.invalid_models),
    }
    return {name: value for name, value in said.items() if value}
