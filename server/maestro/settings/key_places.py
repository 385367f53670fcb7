"""Where a key that settings hold stands, so that people are sent to the right place to change it."""

from collections.abc import Mapping

from pydantic import JsonValue

from maestro.settings.environment import from_environment
from maestro.settings.files import CONFIG, Files
from maestro.settings.merging import Layer, canonical
from maestro.settings.owned import holds_key


def place_of_key(environment: Mapping[str, str], provider: str) -> str:
    """The name of the variable, or the path of the file, that says the `apiKey` of a provider in force. Reads a file.

    Only `config.toml` is looked into: shared places may not hold keys, so what is not there is in the provider file.
    """
    for name, text in environment.items():
        if _says_key("the environment", from_environment({name: text}), provider):
            return name
    files = Files(environment)
    config = files.content(files.config, CONFIG).value
    return str(files.config if _says_key(str(files.config), config, provider) else files.providers)


def _says_key(place: str, value: JsonValue, provider: str) -> bool:
    return holds_key(canonical(Layer(place, value)).value, provider)
