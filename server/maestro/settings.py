"""Settings from every place they may stand, merged: `config.toml` < environment < editor."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError

from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.validation import issues_of, sentence
from maestro_protocol.base import JsonObject
from maestro_protocol.errors import Issue
from maestro_protocol.settings import Settings

Report: TypeAlias = Callable[[MaestroError], None]

_PREFIX = "MAESTRO_"
_NOWHERE = "unreadable:"


def load(environment: Mapping[str, str], editor: JsonObject | None, report: Report | None = None) -> Settings:
    """The settings in force. Spelling is camelCase or snake_case in files, camelCase from editors.

    With `report` a misfit is told and left out, and everything else stays in force; while `config.toml` cannot be
    read at all, no code is sent for audits, since it may say so.

    Raises:
        MaestroError: without `report`, -32602 naming the place and the path of what does not fit.
    """
    tell = report or _raise
    config = directories(environment).config / "config.toml"
    places = {
        str(config): _read(config, tell),
        "the environment": _from_environment(environment),
        "the editor": _without_keys(editor or {}, tell),
    }
    merged: JsonValue = {}
    for place, layer in places.items():
        merged = _merge(merged, _fitting(_canonical(Settings, layer), place, tell))
    return Settings.from_wire(merged)


def _raise(error: MaestroError) -> None:
    raise error


def _read(path: Path, report: Report) -> JsonObject:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        line = re.search(r"at line \d+", str(error))
        where = line[0] if line else type(error).__name__
        report(MaestroError("invalidParams", f"{path} cannot be read as TOML ({where}); mend or remove it."))
        return {"audit": {"consent": "never"}}


def _from_environment(environment: Mapping[str, str]) -> JsonValue:
    """`MAESTRO_PROVIDERS__OPENAI__BASE_URL=x` -> `{"providers": {"openai": {"base_url": "x"}}}`."""
    settings: JsonValue = {}
    for name, text in environment.items():
        steps = name.removeprefix(_PREFIX).lower().split("__")
        if name.startswith(_PREFIX) and steps[0] in Settings.model_fields:
            settings = _merge(settings, _nested(steps, _parsed(text)))
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


def _merge(low: JsonValue, high: JsonValue) -> JsonValue:
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    return {**low, **{key: _merge(low.get(key), value) for key, value in high.items()}}


def _canonical(kind: object, value: JsonValue) -> JsonValue:
    """The value with the fields of its models in the wire's spelling; other keys, such as provider ids, as they are."""
    if not isinstance(value, dict):
        return value
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        aliases = {name: field.alias or name for name, field in kind.model_fields.items()}
        renamed = {aliases.get(key, key): inner for key, inner in value.items()}
        return {key: _canonical(fields.get(key), inner) for key, inner in renamed.items()}
    if get_origin(kind) is dict:
        return {key: _canonical(get_args(kind)[1], inner) for key, inner in value.items()}
    return value


def _fitting(layer: JsonValue, place: str, report: Report) -> JsonValue:
    """The layer without what does not fit."""
    while True:
        try:
            Settings.from_wire(layer)
        except ValidationError as error:
            issues = issues_of(error, layer)
            message = f"The setting {sentence(issues)}; change it in {place}."
            report(MaestroError("invalidParams", message, issues=issues))
            for details in error.errors(include_url=False, include_input=False):
                layer = _merge(_without(layer, details["loc"]), _nowhere(details["loc"]))
        else:
            return layer


def _without(value: JsonValue, location: Sequence[str | int]) -> JsonValue:
    """The value without the innermost member that the location leads to; an empty object if it leads nowhere."""
    step = location[0] if location else None
    if not isinstance(value, dict) or not isinstance(step, str) or step not in value:
        return {}
    if len(location) > 1 and isinstance(inner := value[step], dict) and location[1] in inner:
        return {**value, step: _without(inner, location[1:])}
    return {key: inner for key, inner in value.items() if key != step}


def _nowhere(location: Sequence[str | int]) -> JsonObject:
    """For a provider whose base URL does not fit, one that leads nowhere: what was meant for an address of the user's
    own, key included, must not go to the vendor's instead."""
    match location:
        case ("providers", str(provider), str(name)) if name.lower() == "baseurl":
            return {"providers": {provider: {"baseUrl": _NOWHERE}}}
    return {}


_SECRETS = (("apiKey",), ("oauth", "clientSecret"))


def _without_keys(editor: JsonObject, report: Report) -> JsonObject:
    """The editor's settings without secrets, which do not belong there."""
    providers = editor.get("providers")
    kept: JsonObject = {}
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        kept[name] = provider
        for path in _SECRETS:
            if _holds(provider, path):
                where = f"providers.{name}.{'.'.join(path)}"
                message = f"`{where}` may not stand in editor settings, which are often shared; {_INSTEAD[path[-1]]}."
                issue = Issue(path=where, message="is not allowed in editor settings")
                report(MaestroError("invalidParams", message, issues=[issue]))
                kept[name] = _without(kept[name], path)
    return {**editor, "providers": kept} if kept else editor


_INSTEAD = {
    "apiKey": "create a session instead",
    "clientSecret": "use `config.toml`, the environment, or the login's own question",
}


def _holds(value: JsonValue, path: Sequence[str]) -> bool:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True
