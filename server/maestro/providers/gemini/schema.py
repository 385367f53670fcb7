"""JSON Schema as Gemini's `responseSchema` takes it: flat, upper-case types, a fixed order, no limits on values."""

from collections.abc import Mapping

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

_MAX_REFERENCES = 8
"""How deep references are followed; what lies below becomes a plain string."""


def response_schema(schema: JsonObject) -> JsonObject:
    """The part of a schema Gemini accepts (providers.md C.2, audit.md 4).

    References are replaced by what they name, of several types the first is taken, and everything else is dropped:
    the answer is validated against the whole schema anyway.
    """
    definitions = schema.get("$defs")
    return _node(schema, definitions if isinstance(definitions, dict) else {}, _MAX_REFERENCES)


def _node(schema: JsonValue, definitions: Mapping[str, JsonValue], depth: int) -> JsonObject:
    node, nullable = _resolved(schema, definitions, depth)
    kind = _kind(node)
    built: JsonObject = {"type": kind.upper()}
    if nullable:
        built["nullable"] = True
    built |= _words(node, kind)
    if kind == "array":
        built["items"] = _node(node.get("items"), definitions, depth - 1)
    if kind == "object" and isinstance(properties := node.get("properties"), dict):
        built["properties"] = {name: _node(value, definitions, depth - 1) for name, value in properties.items()}
        built["propertyOrdering"] = [*properties]
        if "required" in node:
            built["required"] = node["required"]
    return built


def _words(node: JsonObject, kind: str) -> JsonObject:
    """The description, and the choice of strings there may be."""
    words: JsonObject = {}
    if isinstance(description := node.get("description"), str):
        words["description"] = description
    choice = [node["const"]] if "const" in node else node.get("enum")
    if kind == "string" and isinstance(choice, list) and choice and all(isinstance(c, str) and c for c in choice):
        words["enum"] = choice
    return words


def _resolved(schema: JsonValue, definitions: Mapping[str, JsonValue], depth: int) -> tuple[JsonObject, bool]:
    """The schema with its reference followed and its first branch taken, and whether it may be null."""
    if not isinstance(schema, dict) or depth <= 0:
        return {"type": "string"}, False
    if isinstance(reference := schema.get("$ref"), str):
        return _resolved(definitions.get(reference.rpartition("/")[2]), definitions, depth - 1)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(branches, list):
        return schema, "null" in _kinds(schema)
    chosen = [branch for branch in branches if branch != {"type": "null"}]
    node, nullable = _resolved(chosen[0] if chosen else None, definitions, depth - 1)
    return node, nullable or len(chosen) < len(branches)


def _kinds(node: JsonObject) -> list[JsonValue]:
    """The types a schema names: none, one or several."""
    kinds = node.get("type")
    return kinds if isinstance(kinds, list) else [kinds]


def _kind(node: JsonObject) -> str:
    """The first type that is not null; told by the members where none is named."""
    for kind in _kinds(node):
        if isinstance(kind, str) and kind != "null":
            return kind
    return "object" if "properties" in node else "array" if "items" in node else "string"
