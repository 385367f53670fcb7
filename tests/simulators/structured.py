"""An instance of a JSON schema, always the same one: what a model answers when it is held to a shape."""

import re
from typing import Any

from tests.simulators.wire import Json

_WORDS = {"city": "Paris", "location": "Paris", "country": "France", "path": "README.md", "query": "maestro"}


def instance(schema: Json, name: str = "", root: Json | None = None, depth: int = 0) -> Any:
    """A value that satisfies the schema; optional properties are given too, down to a depth that ends recursion."""
    root = schema if root is None else root
    if "$ref" in schema:
        return instance(_resolve(root, str(schema["$ref"])), name, root, depth + 1)
    if schema.get("enum"):
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return instance(choices[0], name, root, depth + 1)
    kind = _kind(schema)
    match kind:
        case "object":
            return _object(schema, root, depth)
        case "array":
            return [instance(schema.get("items", {}), name, root, depth + 1)] if depth < 6 else []
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
    return {"boolean": True, "null": None}.get(kind, _WORDS.get(name, "text"))


def _object(schema: Json, root: Json, depth: int) -> Json:
    properties: Json = schema.get("properties", {})
    required = schema.get("required", [])
    order = schema.get("propertyOrdering") or list(properties)
    kept = [name for name in order if name in properties and (name in required or depth < 6)]
    return {name: instance(properties[name], name, root, depth + 1) for name in kept}


def _kind(schema: Json) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    return str(kind).lower()


def _resolve(root: Json, reference: str) -> Json:
    node: Any = root
    for key in re.findall(r"[^#/]+", reference):
        node = node.get(key, {})
    return node if isinstance(node, dict) else {}
