"""Does a message fit a schema? Knows the keywords the bundle uses and refuses others."""

import re
from collections.abc import Callable
from typing import cast

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

TYPES: dict[str, Callable[[JsonValue], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
RULES: dict[str, Callable[[JsonValue, JsonValue], bool]] = {
    "type": lambda rule, value: TYPES[str(rule)](value),
    "const": lambda rule, value: value == rule,
    "enum": lambda rule, value: value in cast("list[JsonValue]", rule),
    "minimum": lambda rule, value: cast("float", value) >= cast("float", rule),
    "maximum": lambda rule, value: cast("float", value) <= cast("float", rule),
    "minLength": lambda rule, value: len(str(value)) >= cast("int", rule),
    "maxLength": lambda rule, value: len(str(value)) <= cast("int", rule),
    "minItems": lambda rule, value: len(cast("list[JsonValue]", value)) >= cast("int", rule),
    "pattern": lambda rule, value: re.search(str(rule), str(value)) is not None,
    "required": lambda rule, value: set(cast("list[str]", rule)) <= set(cast("JsonObject", value)),
}
ANNOTATIONS = {"description", "default", "format", "writeOnly"}


def fits(bundle: JsonObject, schema: JsonObject, value: JsonValue) -> bool:
    """Whether the value is valid; types are checked before what depends on them."""
    return all(_obeys(bundle, schema, key, value) for key in sorted(schema, key=lambda key: key != "type"))


def _obeys(bundle: JsonObject, schema: JsonObject, key: str, value: JsonValue) -> bool:
    rule = schema[key]
    match key, rule:
        case "$ref", str(ref):
            definitions = cast("dict[str, JsonObject]", bundle["$defs"])
            return fits(bundle, definitions[ref.removeprefix("#/$defs/")], value)
        case "anyOf", list(options):
            return any(fits(bundle, cast("JsonObject", option), value) for option in options)
        case "oneOf", list(options):
            return sum(fits(bundle, cast("JsonObject", option), value) for option in options) == 1
        case "items", dict(item):
            return all(fits(bundle, item, element) for element in cast("list[JsonValue]", value))
        case "properties", dict(properties):
            members = cast("JsonObject", value)
            return all(
                fits(bundle, cast("JsonObject", properties[name]), members[name])
                for name in members.keys() & properties
            )
        case "additionalProperties", _:
            return _rest_obeys(bundle, schema, cast("JsonObject", value))
    return key in ANNOTATIONS or RULES[key](rule, value)


def _rest_obeys(bundle: JsonObject, schema: JsonObject, value: JsonObject) -> bool:
    rest = value.keys() - cast("JsonObject", schema.get("properties", {}))
    rule = schema["additionalProperties"]
    if isinstance(rule, dict):
        return all(fits(bundle, rule, value[name]) for name in rest)
    return bool(rule) or not rest
