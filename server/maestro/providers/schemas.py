"""JSON Schema narrowed to what services take that hold a model to a shape."""

from collections.abc import Callable
from typing import TypeAlias

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

Change: TypeAlias = Callable[[JsonObject], JsonObject]

_NAMED = ("properties", "$defs", "definitions")
"""Where the members are schemas by name, so that a property may be called `pattern`."""
_NESTED = ("items", "prefixItems", "additionalProperties", "anyOf", "oneOf", "allOf", "not")
_STRICT = frozenset(
    "type description enum const anyOf properties required items additionalProperties $ref $defs definitions".split()
)
_CHOICES = frozenset({"description", "enum", "const", "title", "examples", "default"})


def walk(schema: JsonObject, change: Change) -> JsonObject:
    """`change` made to a schema and to every one inside it, the innermost first."""
    return change({name: _inner(name, value, change) for name, value in schema.items()})


def strict(schema: JsonObject) -> JsonObject:
    """As OpenAI's strict mode wants it: closed objects that require all they have, and nothing it may not know."""
    return walk(schema, _strict)


def smaller(schema: JsonObject) -> JsonObject:
    """Without choices and descriptions: what is left are names and types. A constant keeps the type it had."""
    return walk(schema, lambda node: {name: value for name, value in node.items() if name not in _CHOICES})


def is_object(node: JsonObject) -> bool:
    return node.get("type") == "object" or "properties" in node


def _strict(node: JsonObject) -> JsonObject:
    if "$ref" in node and "$defs" not in node:  # beside a reference nothing else may stand
        return {"$ref": node["$ref"]}
    if "oneOf" in node:
        node = {"anyOf": node["oneOf"], **node}
    kept = {name: value for name, value in node.items() if name in _STRICT}
    if not is_object(kept):
        return kept
    properties = kept.get("properties")
    names = [*properties] if isinstance(properties, dict) else []
    return kept | {
        "type": "object",
        "properties": properties or {},
        "required": [*names],
        "additionalProperties": False,
    }


def _inner(name: str, value: JsonValue, change: Change) -> JsonValue:
    if name in _NAMED and isinstance(value, dict):
        return {key: walk(inner, change) if isinstance(inner, dict) else inner for key, inner in value.items()}
    if name not in _NESTED:
        return value
    if isinstance(value, list):
        return [walk(inner, change) if isinstance(inner, dict) else inner for inner in value]
    return walk(value, change) if isinstance(value, dict) else value
