"""The intent of a call that a message spells out without one: what can honestly be said of its arguments."""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Tool

_MEMBERS = {"purpose", "scope", "risk_level"}
_PLACE = re.compile(r"(?i)(?:path|file|folder|dir|directory|uri|glob)s?$")
_PROGRAM = re.compile(r"(?i)^(?:argv|command|cmd)$")
_HOST = re.compile(r"(?i)^https?://(?:[^/?#\s@]*@)?(\[[^\]\s]+\]|[^/?#\s:@]+)")
_LONGEST = 2_000


def declare(arguments: JsonObject, tool: Tool) -> JsonObject:
    """The arguments with an intent, where the tool's schema offers one and they have none."""
    properties = _object(tool.input_schema.get("properties"))
    key = next((name for name, schema in properties.items() if _is_intent(schema)), None)
    if key is None or key in arguments:
        return arguments
    required = tool.input_schema.get("required")
    intent: JsonObject = {
        "purpose": "maintenance",
        "scope": ", ".join(dict.fromkeys(_touched(arguments)))[:_LONGEST] or tool.name,
        "risk_level": "medium" if isinstance(required, list) and key in required else "low",
    }
    members = _object(properties[key]).get("required")
    if isinstance(members, list) and "rationale" in members:  # in strict mode everything is, and may be null
        intent["rationale"] = None
    return {key: intent, **arguments}


def _is_intent(schema: JsonValue) -> bool:
    return _object(_object(schema).get("properties")).keys() >= _MEMBERS


def _touched(value: JsonValue, name: str = "") -> Iterator[str]:
    """The paths, the program and the hosts named in arguments, also deep inside."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _touched(inner, key)
    elif isinstance(value, list):
        for inner in value[:1] if _PROGRAM.search(name) else value:
            yield from _touched(inner, name)
    elif isinstance(value, str) and value.strip():
        if host := _HOST.match(value):
            yield host[1]
        elif _PROGRAM.search(name):
            yield value.split()[0]
        elif _PLACE.search(name) and value.strip("*./\\ "):  # a scope of everything would say nothing
            yield value.strip()


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
