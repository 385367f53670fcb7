"""The intent inside a tool's input: offered to the model as one more property, taken out again before the tool runs."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import get_args

from pydantic import JsonValue, ValidationError

from maestro.providers.request import is_strict
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Intent, Purpose, RiskLevel

KEY = "intent"
_OTHER_KEY = "maestro_intent"

_MOST = {"scope": 2_000, "rationale": 4_000}
"""Characters, as `Intent` takes them."""

_EXAMPLE = '{"purpose": "maintenance", "scope": "src/parser.py, pytest", "risk_level": "medium"}'

_PROPERTIES: JsonObject = {
    "purpose": {
        "type": "string",
        "enum": list(get_args(Purpose)),
        "description": "Why: to make tests pass, to follow a best practice, or to maintain the code.",
    },
    "scope": {
        "type": "string",
        "description": "All that this call may touch: paths, globs, symbols, commands and hosts, separated by commas.",
    },
    "risk_level": {
        "type": "string",
        "enum": list(get_args(RiskLevel)),
        "description": "low: only reads; medium: can be undone; high: deletes, publishes, or reaches further.",
    },
    "rationale": {"type": "string", "description": "One sentence for the person who is asked to allow it."},
}
MISSING = f"`{KEY}` is missing: say why this call is made, as in {_EXAMPLE}."
"""What a model is told that declared nothing."""

_REQUIRED = ("purpose", "scope", "risk_level")


@dataclass(frozen=True, slots=True)
class Taken:
    """A call's arguments taken apart. `input` never holds the intent; `problem` says to the model why there is none."""

    input: JsonObject
    intent: Intent | None
    problem: str | None


def key_for(schema: JsonObject) -> str:
    """The property that holds the intent: `intent`, unless the tool has one of its own by that name."""
    taken, key = _properties(schema), KEY
    while key in taken:
        key = _OTHER_KEY if key == KEY else f"{key}_"
    return key


def with_intent(schema: JsonObject, *, required: bool) -> JsonObject:
    """A copy of a tool's input schema whose first property is the intent.

    A schema that fits the strict mode of providers still does: the intent is required there in any case, and its
    rationale may be null.
    """
    key, strict, copy = key_for(schema), is_strict(schema) and bool(schema), deepcopy(schema)
    copy.setdefault("type", "object")
    copy["properties"] = {key: _intent_schema(strict), **_properties(copy)}
    if required or strict:
        there = copy.get("required")
        copy["required"] = [key, *(there if isinstance(there, list) else [])]
    if isinstance(most := copy.get("maxProperties"), int):
        copy["maxProperties"] = most + 1
    return copy


def take(arguments: JsonObject, schema: JsonObject) -> Taken:
    """Separate the intent from what the tool is called with. `schema` is the tool's own, without the intent."""
    key = key_for(schema)
    rest = {name: value for name, value in arguments.items() if name != key}
    if key not in arguments:
        return Taken(rest, None, MISSING.replace(KEY, key, 1))
    declared = _object(arguments[key])
    if declared is None:
        return Taken(rest, None, f"`{key}` must be an object, as in {_EXAMPLE}.")
    intent, wrong = _read(declared)
    if intent is None:
        return Taken(rest, None, f"`{key}` is not valid: {', and '.join(wrong)}; a right one is {_EXAMPLE}.")
    return Taken(rest, intent, None)


def _properties(schema: JsonObject) -> JsonObject:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _intent_schema(strict: bool) -> JsonObject:
    properties = deepcopy(_PROPERTIES)
    if strict:
        properties["rationale"] = {**_object_of(properties["rationale"]), "type": ["string", "null"]}
    return {
        "type": "object",
        "description": "Why this call is made, what it may touch and how risky that is. A person reads it.",
        "properties": properties,
        "required": list(properties) if strict else list(_REQUIRED),
        "additionalProperties": False,
    }


def _object_of(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _object(value: JsonValue) -> JsonObject | None:
    """The value if it is an object; some models write objects as JSON inside a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _read(declared: JsonObject) -> tuple[Intent | None, list[str]]:
    """The intent, or what is wrong with it."""
    readers: dict[str, tuple[JsonValue, Callable[[str, JsonValue], str | None]]] = {
        "purpose": (declared.get("purpose"), _one_of(get_args(Purpose))),
        "scope": (_joined(declared.get("scope")), _text),
        "risk_level": (_levels(declared), _highest),
        "rationale": (declared.get("rationale"), _optional_text),
    }
    values: dict[str, str | None] = {}
    wrong: list[str] = []
    for name, (value, read) in readers.items():
        try:
            values[name] = read(name, value)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        return None, wrong
    try:
        return Intent.model_validate(values), []
    except ValidationError:
        return None, ["one of its texts is no valid Unicode"]


def _one_of(values: tuple[str, ...]) -> Callable[[str, JsonValue], str]:
    """Reads one of these words, however it is written: `Test-Pass ` is `test_pass`."""
    spelled = {value.replace("_", ""): value for value in values}

    def read(name: str, value: JsonValue) -> str:
        word = re.sub(r"[\s_-]", "", value).lower() if isinstance(value, str) else ""
        if word in spelled:
            return spelled[word]
        choice = f"`{'`, `'.join(values[:-1])}` or `{values[-1]}`"
        raise ValueError(f"`{name}` {'is missing and ' if value is None else ''}must be {choice}")

    return read


def _levels(declared: JsonObject) -> JsonValue:
    """The risk as both spellings say it; None if neither does."""
    there = [declared[name] for name in ("risk_level", "riskLevel") if declared.get(name) is not None]
    return there or None


def _highest(name: str, values: JsonValue) -> str:
    """Reads the highest of several levels, each of which must be one."""
    read, levels = _one_of(get_args(RiskLevel)), get_args(RiskLevel)
    there: list[JsonValue] = values if isinstance(values, list) else [values]
    return max((read(name, value) for value in there), key=levels.index)


def _text(name: str, value: JsonValue) -> str:
    text = _optional_text(name, value)
    if text is None:
        raise ValueError(f"`{name}` must name the paths, symbols, commands or hosts that the call may touch")
    return text


def _optional_text(name: str, value: JsonValue) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"`{name}` must be a string")
    if len(text := value.strip()) > _MOST[name]:
        raise ValueError(f"`{name}` must have at most {_MOST[name]:,} characters")
    return text or None


def _joined(scope: JsonValue) -> JsonValue:
    """Some models list what belongs into one text."""
    if isinstance(scope, list) and all(isinstance(part, str) for part in scope):
        return ", ".join(str(part) for part in scope)
    return scope
