"""How strictly OpenAI and Anthropic look at the schema of a structured answer: what they say, or nothing."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.simulators.wire import Json

_STRICT = frozenset(
    "type title description enum const anyOf properties required items additionalProperties $ref $defs definitions "
    "pattern format multipleOf maximum exclusiveMaximum minimum exclusiveMinimum minItems maxItems".split()
)
_STRICT_DEPTH, _STRICT_PROPERTIES, _STRICT_CHOICES = 10, 5000, 1000

_ANTHROPIC = frozenset(
    "type title description enum const anyOf allOf $ref $defs definitions properties required items "
    "additionalProperties format minItems default".split()
)
_FORMATS = frozenset("date-time time date duration email hostname uri ipv4 ipv6 uuid".split())


class _Place(NamedTuple):
    path: tuple[str, ...]
    node: Json
    depth: int
    """Objects around it."""


def openai_complaint(schema: Any) -> str | None:
    """Strict mode: a root object, all objects closed with every property required, no keyword outside of the subset."""
    if not isinstance(schema, dict) or schema.get("type") != "object" or "anyOf" in schema:
        kind = schema.get("type") if isinstance(schema, dict) else None
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    places = list(_places(schema))
    found = (f"In context={place.path}, {told}" for place in places if (told := _strict_node(place.node)))
    return next(found, None) or _strict_size(places)


def anthropic_complaint(schema: Any) -> str | None:
    """Every object closed; limits on values are refused by name."""
    if not isinstance(schema, dict):
        return "Input should be a valid dictionary"
    return next((told for place in _places(schema) if (told := _anthropic_node(place.node))), None)


def _strict_node(node: Json) -> str | None:
    if "$ref" in node and any(not name.startswith("$") for name in node):
        return f"$ref cannot have keywords {set(node) - {'$ref'}}."
    for name in node:
        if name not in _STRICT:
            return f"'{name}' is not permitted."
    if not {"type", "anyOf", "$ref", "enum", "const"} & node.keys():
        return "schema must have a 'type' key."
    if node.get("type") == "array" and "items" not in node:
        return "array schema missing items."
    if node.get("type") != "object":
        return None
    if node.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    missing = [name for name in node.get("properties", {}) if name not in node.get("required", [])]
    if missing:
        rule = "'required' is required to be supplied and to be an array including every key in properties."
        return f"{rule} Missing '{missing[0]}'."
    return None


def _strict_size(places: list[_Place]) -> str | None:
    if max(place.depth for place in places) > _STRICT_DEPTH:
        return f"schema exceeds the limit of {_STRICT_DEPTH} levels of nesting."
    if sum(len(place.node.get("properties", {})) for place in places) > _STRICT_PROPERTIES:
        return f"schema exceeds the limit of {_STRICT_PROPERTIES} object properties."
    if sum(len(place.node.get("enum", [])) for place in places) > _STRICT_CHOICES:
        return f"schema exceeds the limit of {_STRICT_CHOICES} enum values."
    return None


def _anthropic_node(node: Json) -> str | None:
    kind = str(node.get("type", "object" if "properties" in node else ""))
    if kind == "object" and node.get("additionalProperties") is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    if node.get("minItems", 0) not in (0, 1):
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if node.get("format", "uri") not in _FORMATS:
        return f"For 'string' type, format '{node['format']}' is not supported"
    refused = sorted(node.keys() - _ANTHROPIC)
    return f"For '{kind}' type, properties {', '.join(refused)} are not supported" if refused else None


def _places(node: Json, path: tuple[str, ...] = (), depth: int = 0) -> Iterator[_Place]:
    """The schema and every one inside it."""
    depth += node.get("type") == "object"
    yield _Place(path, node, depth)
    for group in ("properties", "$defs", "definitions"):
        for name, inner in node.get(group, {}).items():
            yield from _places(inner, (*path, group, name), depth)
    for group in ("anyOf", "allOf", "oneOf"):
        for number, inner in enumerate(node.get(group, [])):
            yield from _places(inner, (*path, group, str(number)), depth)
    if isinstance(node.get("items"), dict):
        yield from _places(node["items"], (*path, "items"), depth)
