"""JSON objects in a model's text: whole ones, and of one that breaks off the members and findings that are whole."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import JsonValue

from maestro_protocol.base import JsonObject


class Found(NamedTuple):
    """`end` is the offset behind what was read of it."""

    value: JsonObject
    whole: bool
    end: int


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """A key that stands twice could say `findings: []` behind the findings."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


_BEGIN = re.compile(r"\{\s*[\"}]")
_MAX_MISSES = 256
_JSON = json.JSONDecoder(object_pairs_hook=_unique)


class TooMany(ValueError):
    """More beginnings of objects that are none than an answer has; each of them costs time."""


def find_objects(text: str, audit_id: str) -> Iterator[Found]:
    """The outermost JSON objects in the text, in order; the last may be a part of one that carries the nonce.

    Raises:
        TooMany: this is not worth reading.
        RecursionError: it is too deep to be read.
    """
    last, misses = text.rfind(audit_id), 0
    begin = _BEGIN.search(text)
    while begin is not None and begin.start() < last:
        found = _whole(text, begin.start()) or _part(text, begin.start())
        if found is not None and (found.whole or found.value.get("audit_id") == audit_id):
            yield found
            begin = _BEGIN.search(text, found.end)
        elif (misses := misses + 1) > _MAX_MISSES:
            raise TooMany
        else:
            begin = _BEGIN.search(text, begin.start() + 1)


def _whole(text: str, at: int) -> Found | None:
    decoded = _decode(text, at)
    return None if decoded is None or not isinstance(decoded[0], dict) else Found(decoded[0], True, decoded[1])


def _part(text: str, at: int) -> Found | None:
    """Read members one by one up to the cut; of `findings`, every element that is whole."""
    value: JsonObject = {}
    at = _blank(text, at + 1)
    while (key := _decode(text, at)) is not None and isinstance(key[0], str) and key[0] not in value:
        at = _blank(text, key[1])
        if text[at : at + 1] != ":":
            break
        at = _blank(text, at + 1)
        if (member := _decode(text, at)) is None:
            if key[0] == "findings" and text[at : at + 1] == "[":
                value["findings"], at = _elements(text, at + 1)
            break
        value[key[0]], at = member
        at = _blank(text, at)
        if text[at : at + 1] != ",":
            break
        at = _blank(text, at + 1)
    return Found(value, False, at) if value else None


def _elements(text: str, at: int) -> tuple[list[JsonValue], int]:
    items: list[JsonValue] = []
    at = _blank(text, at)
    while text[at : at + 1] == "{" and (element := _decode(text, at)) is not None:
        items.append(element[0])
        at = _blank(text, element[1])
        if text[at : at + 1] != ",":
            break
        at = _blank(text, at + 1)
    return items, at


def _blank(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _decode(text: str, at: int) -> tuple[JsonValue, int] | None:
    try:
        value, end = _JSON.raw_decode(text, at)
    except ValueError:
        return None
    return value, end
