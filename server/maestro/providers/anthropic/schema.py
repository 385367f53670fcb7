"""JSON Schema as Anthropic's structured output takes it: every object closed, no limits on values."""

from maestro.providers.schemas import is_object, walk
from maestro_protocol.base import JsonObject

_TAKEN = frozenset(
    "type title description enum const anyOf allOf $ref $defs definitions properties required items "
    "additionalProperties".split()
)
"""What the vendor's own client sends as keywords (anthropic 2.11, `lib/_parse/_transform.py`), and `definitions`, the
old name of `$defs`."""
_FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")


def output_schema(schema: JsonObject) -> JsonObject:
    """The schema, nested ones included. What is left out no longer binds the model."""
    return walk(schema, _taken)


def _taken(node: JsonObject) -> JsonObject:
    if "oneOf" in node:
        node = {"anyOf": node["oneOf"], **node}
    kept = {name: value for name, value in node.items() if name in _TAKEN}
    if node.get("format") in _FORMATS:
        kept["format"] = node["format"]
    if node.get("minItems") in (0, 1):
        kept["minItems"] = node["minItems"]
    return kept | {"additionalProperties": False} if is_object(kept) else kept
