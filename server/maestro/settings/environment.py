"""Settings in environment variables: `MAESTRO_PROVIDERS__OPENAI__BASE_URL=x`."""

from collections.abc import Mapping

from pydantic import JsonValue

from maestro.settings.merging import merge
from maestro_protocol.settings import Settings

_PREFIX = "MAESTRO_"


def from_environment(environment: Mapping[str, str]) -> JsonValue:
    """`{"providers": {"openai": {"base_url": "x"}}}`"""
    settings: JsonValue = {}
    for name, text in environment.items():
        steps = name.removeprefix(_PREFIX).lower().split("__")
        if name.startswith(_PREFIX) and steps[0] in Settings.model_fields:
            settings = merge(settings, _nested(steps, _parsed(text)))
    return settings


def _nested(steps: list[str], value: JsonValue) -> JsonValue:
    return {steps[0]: _nested(steps[1:], value)} if steps else value


def _parsed(text: str) -> JsonValue:
    if not text.startswith(("[", "{")):
        return text
    from pydantic_core import from_json

    try:
        value: JsonValue = from_json(text)
    except ValueError:
        return text
    return value
