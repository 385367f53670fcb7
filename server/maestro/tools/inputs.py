"""What a tool takes: a pydantic model, from which the schema for models and the check of what they send are made."""

import json
from functools import cache
from typing import TypeVar, cast

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from maestro.errors import MaestroError
from maestro.validation import issues_of, sentence
from maestro_protocol.base import JsonObject
from maestro_protocol.errors import Issue

_NOISE = ("title", "default")
_NAMED_MEMBERS = "properties"


class ToolInput(BaseModel):
    """The arguments of a built-in tool. What may be absent may be null too: some models fill in every property."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_alias=True, hide_input_in_errors=True
    )


InputT = TypeVar("InputT", bound=ToolInput)


@cache
def input_schema(model: type[ToolInput]) -> JsonObject:
    """The JSON Schema of the model, in the part of the language that every provider takes.

    Optional properties have their plain type and are left out of `required`; there are no references and no titles.
    """
    return cast("JsonObject", _plain(model.model_json_schema(by_alias=True)))


def parse(model: type[InputT], value: JsonObject, tool: str) -> InputT:
    """The arguments a model sent.

    Raises:
        MaestroError: -32602 with a sentence for the model, which repeats no value.
    """
    if not _is_unicode(value):
        raise misfit(tool, "it has half a character in it, which no file or program takes")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        issues = issues_of(error, value)
    raise misfit(tool, sentence(issues), issues=issues)


def misfit(tool: str, what: str, *, issues: list[Issue] | None = None) -> MaestroError:
    """The -32602 for an input; `what` is the end of a sentence, as "`path` is required"."""
    return MaestroError("invalidParams", f"The input of `{tool}` does not fit: {what}.", issues=issues)


def _is_unicode(value: JsonValue) -> bool:
    """False with a lone surrogate in it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(schema: JsonValue) -> JsonValue:
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: JsonObject = {}
    for key, value in schema.items():
        if key == _NAMED_MEMBERS and isinstance(value, dict):
            kept[key] = {name: _plain(inner) for name, inner in value.items()}
        elif key not in _NOISE:
            kept[key] = _plain(value)
    return _without_null(kept)


def _without_null(schema: JsonObject) -> JsonObject:
    """`anyOf` of one type and null as that type."""
    ways = schema.get("anyOf")
    if not isinstance(ways, list):
        return schema
    left = [way for way in ways if way != {"type": "null"}]
    if len(left) != 1 or not isinstance(left[0], dict):
        return schema
    return {**left[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
