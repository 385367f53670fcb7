"""Layers of settings: each in the wire's spelling, without what does not fit, and one over the other."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError

from maestro.settings.problems import Mark, Places, Problem, Report, Severity, by_path, shown, spot_of
from maestro.validation import issues_of, sentence
from maestro_protocol.base import JsonObject
from maestro_protocol.errors import Issue
from maestro_protocol.settings import Settings

_NOWHERE = "unreadable:"
_MOST_MARKS = 100
"""Nobody mends more at a time."""


class Layer(NamedTuple):
    """Settings of one place, as a person knows it; `file` and `places` if that is a file."""

    place: str
    value: JsonValue
    file: Path | None = None
    places: Callable[[], Places] = dict

    def problem(self, message: str, issues: Sequence[Issue], severity: Severity = "warning") -> Problem:
        """A problem with keys of this layer; `issues` say what about each."""
        if self.file is None:
            return Problem(message, tuple(issues))
        known = by_path(self.places())
        marks = (
            Mark(spot_of(known, one.path), f"`{one.path}` {one.message}.", severity) for one in issues[:_MOST_MARKS]
        )
        return Problem(message, tuple(issues), self.file, tuple(marks))


def merge(low: JsonValue, high: JsonValue) -> JsonValue:
    """`high` where it says something, else `low`; objects key by key."""
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    return {**low, **{key: merge(low.get(key), value) for key, value in high.items()}}


def without_nulls(value: JsonValue) -> JsonValue:
    """Without the members of objects that are null, as editors say "not set"."""
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def canonical(layer: Layer) -> Layer:
    """The layer in the wire's spelling."""
    return layer._replace(value=_canonical(Settings, layer.value))


def fitting(layer: Layer, report: Report) -> JsonObject:
    """What fits of a layer in the wire's spelling."""
    value = layer.value
    while True:
        try:
            Settings.from_wire(value)
        except ValidationError as error:
            issues = [Issue(path=shown(one.path), message=one.message) for one in issues_of(error, value)]
            report(layer.problem(f"The setting {sentence(issues)}; change it in {layer.place}.", issues))
            misfits = [details["loc"] for details in error.errors(include_url=False, include_input=False)]
            value = _without_all(value, misfits)
            for location in misfits:
                value = merge(value, _nowhere(location))
        else:
            return value if isinstance(value, dict) else {}


def without(value: JsonValue, location: Sequence[str | int]) -> JsonValue:
    """The value without the innermost member that the location leads to; an empty object if it leads nowhere."""
    return _removed(value, _leading(value, location))


def _without_all(value: JsonValue, locations: Sequence[Sequence[str | int]]) -> JsonValue:
    """The same for several locations, of which some may lead to one place: each way out of a union has its own."""
    for place in sorted({_leading(value, location) for location in locations}, key=len, reverse=True):
        value = _removed(value, place)
    return value


def _leading(value: JsonValue, location: Sequence[str | int]) -> tuple[str, ...]:
    """The keys at the beginning of a location that lead somewhere."""
    found: list[str] = []
    for step in location:
        if not isinstance(value, dict) or not isinstance(step, str) or step not in value:
            break
        found.append(step)
        value = value[step]
    return tuple(found)


def _removed(value: JsonValue, place: Sequence[str]) -> JsonValue:
    """The value without a member that is there; nothing of it where no member is named."""
    if not place or not isinstance(value, dict):
        return {}
    step, *rest = place
    kept = {key: inner for key, inner in value.items() if key != step}
    return {**value, step: _removed(value[step], rest)} if rest else kept


def _canonical(kind: object, value: JsonValue) -> JsonValue:
    """The value with the fields of its models in the wire's spelling; other keys, such as provider ids, as they are."""
    if not isinstance(value, dict):
        return value
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        aliases = {name: field.alias or name for name, field in kind.model_fields.items()}
        renamed = {aliases.get(key, key): inner for key, inner in value.items()}
        return {key: _canonical(fields.get(key), inner) for key, inner in renamed.items()}
    if get_origin(kind) is dict:
        return {key: _canonical(get_args(kind)[1], inner) for key, inner in value.items()}
    return value


def _nowhere(location: Sequence[str | int]) -> JsonObject:
    """For a provider whose base URL does not fit, one that leads nowhere: what was meant for an address of the user's
    own, key included, must not go to the vendor's instead."""
    match location:
        case ("providers", str(provider), str(name)) if name.lower() == "baseurl":
            return {"providers": {provider: {"baseUrl": _NOWHERE}}}
    return {}
