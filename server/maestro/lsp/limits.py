"""`limits` as `initialize` must tell them: before the settings are read in earnest, and by hand."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import JsonValue

_VARIABLE = "MAESTRO_LIMITS__"


class Limits(NamedTuple):
    """Values that do not fit are passed over here; `maestro.settings` tells the user about them later."""

    max_message_bytes: int = 33_554_432
    max_active_turns: int = 256


_WIRE = {"max_message_bytes": ("maxMessageBytes", 65_536), "max_active_turns": ("maxActiveTurns", 1)}


def read_limits(editor: "JsonValue", environment: Mapping[str, str]) -> Limits:
    """The limits in force: `config.toml` < environment < editor."""
    layers = [_from_file(environment), _from_environment(environment), editor]
    limits = Limits()
    for layer in layers:
        for name, (wire, least) in _WIRE.items():
            value = layer.get(wire, layer.get(name)) if isinstance(layer, dict) else None
            if isinstance(value, int) and value >= least:
                limits = limits._replace(**{name: int(value)})
    return limits


def _from_environment(environment: Mapping[str, str]) -> "dict[str, JsonValue]":
    found = {name: environment.get(_VARIABLE + name.upper(), "") for name in _WIRE}
    return {name: int(text) for name, text in found.items() if text.isdecimal()}


def _from_file(environment: Mapping[str, str]) -> "JsonValue":
    from maestro.directories import directories

    path = directories(environment).config / "config.toml"
    if not path.is_file():
        return None
    import tomllib

    try:
        limits: JsonValue = tomllib.loads(path.read_text(encoding="utf-8")).get("limits")
    except (OSError, ValueError):
        return None
    return limits
