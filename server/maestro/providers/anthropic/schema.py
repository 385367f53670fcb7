"""JSON Schema as Anthropic's structured output takes it: every object closed, no limits on values."""

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

_LIMITS = frozenset(
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern maxItems uniqueItems "
    "minProperties maxProperties".split()
)
"""Refused with a 400, as the vendor's own client knows, which leaves them out too."""
_NAMED = ("properties", "$defs", "definitions")
"""Where the members are schemas by name, so that a property may be called `pattern`."""


def output_schema(schema: JsonObject) -> JsonObject:
    """The schema, nested ones included. What is left out no longer binds the model."""
    kept = {name: _inner(name, value) for name, value in schema.items() if name not in _LIMITS}
    is_object = kept.get("type") == "object" or "properties" in kept
    return kept | {"additionalProperties": False} if is_object else kept


def _inner(name: str, value: JsonValue) -> JsonValue:
    if name in ("enum", "const", "default", "examples"):
        return value
    if isinstance(value, list):
        return [output_schema(item) if isinstance(item, dict) else item for item in value]
    if not isinstance(value, dict):
        return value
    if name in _NAMED:
        return {key: output_schema(inner) if isinstance(inner, dict) else inner for key, inner in value.items()}
    return output_schema(value)
