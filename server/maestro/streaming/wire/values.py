"""Reads fields of JSON that may hold anything: the value where it has the type, an empty one where it has not."""

from pydantic import JsonValue

from maestro_protocol.base import JsonObject


def object_of(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def list_of(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def objects_of(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def integer_of(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def count_of(value: JsonValue) -> int:
    """A number of tokens: never negative, 0 where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, int(value)) if -1e15 < value < 1e15 else 0
