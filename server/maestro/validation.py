"""What pydantic found wrong, as issues a person can act on that never repeat what was sent."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from maestro_protocol.errors import Issue

_MESSAGES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_pattern_mismatch": "does not have the required form",
    "union_tag_not_found": "needs a `type`",
    "union_tag_invalid": "has a `type` that is not known here",
}
_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "too_short": ("min_length", "needs at least {} item(s)"),
    "too_long": ("max_length", "takes at most {} items"),
    "string_too_short": ("min_length", "needs at least {} character(s)"),
    "string_too_long": ("max_length", "takes at most {} characters"),
    "literal_error": ("expected", "must be one of {}"),
}


def issues_of(error: ValidationError, value: JsonValue) -> list[Issue]:
    """One issue per place; the ways out of a union are joined by "or". Only the shape of `value` is used."""
    messages: dict[str, list[str]] = {}
    for details in error.errors(include_url=False, include_input=False):
        told = messages.setdefault(_path(details["loc"], value), [])
        if (message := _message(details)) not in told:
            told.append(message)
    return [Issue(path=path, message=_joined(told)) for path, told in messages.items()]


def _joined(told: Sequence[str]) -> str:
    """`must be a list or an object`."""
    return " or ".join([told[0], *(message.removeprefix("must be ") for message in told[1:])])


def sentence(issues: Sequence[Issue]) -> str:
    """The first issue as the end of a sentence: "`name` is required"."""
    first = issues[0]
    more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
    return f"`{first.path}` {first.message}{more}" if first.path else f"it {first.message}{more}"


def _message(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if (limit := _LIMITS.get(details["type"])) and limit[0] in context:
        return limit[1].format(context[limit[0]])
    return _MESSAGES.get(details["type"], "does not fit")


def _path(location: Sequence[str | int], value: JsonValue) -> str:
    """`messages[0].role`: the steps of pydantic's location that lead somewhere in the value.

    Locations of unions also hold tags and type names, which stand nowhere in what was sent.
    """
    path, here = "", value
    for index, step in enumerate(location):
        if isinstance(step, int) and isinstance(here, list) and step < len(here):
            path, here = f"{path}[{step}]", here[step]
        elif isinstance(here, dict) and isinstance(step, str):
            if step in here:
                path, here = _join(path, step), here[step]
            elif index == len(location) - 1:
                path = _join(path, step)
    return path


def _join(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step
