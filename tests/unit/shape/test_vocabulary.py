"""Rules of the vocabulary that no single model can break."""

from collections.abc import Iterator
from typing import get_args

import pytest

from maestro_protocol import codes
from maestro_protocol.base import NotificationParams, Params, WireModel
from maestro_protocol.emit import reference, referenced
from maestro_protocol.emit_models import vocabulary
from maestro_protocol.methods import METHODS, Method, load
from maestro_protocol.settings import SettingsModel

VOCABULARY = vocabulary()


def models() -> Iterator[type[WireModel]]:
    todo = [WireModel]
    while todo:
        model = todo.pop()
        subclasses = [cls for cls in model.__subclasses__() if cls.__module__.startswith("maestro_protocol.")]
        yield from subclasses
        todo += subclasses


MODELS = sorted(set(models()), key=lambda model: model.__name__)
EVENTS = sorted({m.event for m in METHODS if m.event})


def members(event: str) -> list[type[WireModel]]:
    """The models of an event union."""
    union = get_args(load(event))[0]
    return list(get_args(union))


def test_model_names_are_unique() -> None:
    assert len({model.__name__ for model in MODELS}) == len(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_wire_names_are_camel_case(model: type[WireModel]) -> None:
    names = [field.name for field in VOCABULARY.fields(model.__name__)]
    assert [name for name in names if "_" in name or not name[0].islower()] == []


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_parameters_are_strict_and_results_lenient(method: Method) -> None:
    params = load(method.params)
    if method.direction == "clientToServer":
        assert issubclass(params, Params)
    elif method.kind == "notification":
        assert not issubclass(params, Params)
    for row in filter(None, (method.result, method.event)):
        for name in reachable(reference(row)):
            assert not VOCABULARY.objects[name].closed


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_only_parameters_and_settings_refuse_unknown_fields(model: type[WireModel]) -> None:
    strict = issubclass(model, Params | SettingsModel)
    assert (model.model_config.get("extra") == "forbid") == strict


def test_every_notification_has_parameters_of_its_own() -> None:
    notices = [method.params for method in METHODS if method.kind == "notification"]
    assert len(set(notices)) == len(notices)
    assert all(issubclass(load(row), NotificationParams) or row.startswith("status:") for row in notices)


@pytest.mark.parametrize("event", EVENTS)
def test_stream_values_have_a_type_and_nothing_neovim_overwrites(event: str) -> None:
    for model in members(event):
        names = {field.name: field for field in VOCABULARY.fields(model.__name__)}
        assert names["type"].required
        assert isinstance(names["type"].schema["const"], str)
        assert not names.keys() & {"kind", "title"}


@pytest.mark.parametrize("event", EVENTS)
def test_stream_types_are_told_apart(event: str) -> None:
    tags = [model.model_fields["type"].default for model in members(event)]
    assert len(set(tags)) == len(tags)


def test_every_error_is_documented_once() -> None:
    assert len({row.code for row in codes.ERRORS}) == len({row.kind for row in codes.ERRORS}) == len(codes.ERRORS)
    assert all(row.doc.endswith(".") and "\n" not in row.doc for row in codes.ERRORS)


def test_the_tree_of_errors_names_every_kind_once() -> None:
    words = (codes.__doc__ or "").split()
    ours = [row for row in codes.ERRORS if row.code > 0]
    assert [words.count(row.kind) for row in ours] == [1] * len(ours)
    for row in ours:
        heading = str(row.code // 100 * 100)
        later = words[words.index(heading) :]
        assert row.kind in later


def reachable(name: str) -> set[str]:
    """The objects a type consists of, itself included."""
    found: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current in VOCABULARY.aliases:
            todo += referenced(VOCABULARY.aliases[current].schema)
        elif current not in found:
            found.add(current)
            todo += [inner for field in VOCABULARY.fields(current) for inner in referenced(field.schema)]
    return found
