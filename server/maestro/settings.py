"""Settings from every place they may stand, merged: `config.toml` < environment < editor."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError

from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.validation import issues_of, sentence
from maestro_protocol.base import JsonObject
from maestro_protocol.errors import Issue
from maestro_protocol.settings import Settings

_PREFIX = "MAESTRO_"


def load(environment: Mapping[str, str], editor: JsonObject | None) -> Settings:
    """The settings in force. Spelling is camelCase or snake_case in files, camelCase from editors.

    Raises:
        MaestroError: -32602 naming the place and the path of what does not fit.
    """
    config = directories(environment).config / "config.toml"
    _refuse_editor_secrets(editor or {})
    places = {str(config): _read(config), "the environment": _from_environment(environment), "the editor": editor or {}}
    merged: JsonValue = {}
    for place, layer in places.items():
        canonical = _canonical(Settings, layer)
        _check(canonical, place)
        merged = _merge(merged, canonical)
    return _check(merged, "the settings")


def _read(path: Path) -> JsonObject:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        line = re.search(r"at line \d+", str(error))
        where = line[0] if line else type(error).__name__
        raise MaestroError("invalidParams", f"{path} cannot be read as TOML ({where}); mend or remove it.") from None


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


def _check(layer: JsonValue, place: str) -> Settings:
    try:
        return Settings.from_wire(layer)
    except ValidationError as error:
        issues = issues_of(error, layer)
        raise MaestroError(
            "invalidParams", f"The setting {sentence(issues)}; change it in {place}.", issues=issues
        ) from None


def _refuse_editor_secrets(editor: JsonObject) -> None:
    providers = editor.get("providers")
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        if isinstance(provider, dict) and "apiKey" in provider:
            path = f"providers.{name}.apiKey"
            raise MaestroError(
                "invalidParams",
                f"`{path}` may not stand in editor settings, which are often shared; create a session instead.",
                issues=[Issue(path=path, message="is not allowed in editor settings")],
            )
