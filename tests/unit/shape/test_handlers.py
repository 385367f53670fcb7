"""Every row of the method table has one handler, and every handler a row."""

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from maestro_protocol.methods import METHODS, Method, load
from tests.unit.shape.source import SERVER

FEATURES = "maestro.lsp.features"
STANDARD = {"__init__", "audit_commands", "code_action", "code_lens", "diagnostics", "execute_command"} | {
    "finding_commands",
    "hover",
    "text_document",
}
"""Files that answer methods of LSP itself."""

REQUESTS = [m for m in METHODS if (m.kind, m.direction) == ("request", "clientToServer")]
GROUPS = sorted({method.group for method in REQUESTS})


def handlers(module: ModuleType) -> list[str]:
    """The public functions a module defines."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


@pytest.mark.parametrize("method", REQUESTS, ids=lambda method: method.name)
def test_a_request_has_a_handler_of_its_own_types(method: Method) -> None:
    handler = getattr(import_module(f"{FEATURES}.{method.group}"), method.function)
    assert inspect.iscoroutinefunction(handler)
    signature = inspect.signature(handler, eval_str=True)
    assert list(signature.parameters) == ["params", "context"]
    context = import_module("maestro.lsp.context").RequestContext
    assert [parameter.annotation for parameter in signature.parameters.values()] == [load(method.params), context]
    assert method.result is not None
    assert signature.return_annotation == load(method.result)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_no_handler_without_a_row(group: str) -> None:
    expected = {method.function for method in REQUESTS if method.group == group}
    assert set(handlers(import_module(f"{FEATURES}.{group}"))) == expected


def test_every_file_of_features_is_a_group_of_the_table() -> None:
    files = {path.stem for path in Path(SERVER / "lsp" / "features").glob("*.py")}
    assert files - STANDARD == {group.replace("/", "_") for group in GROUPS}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_is_told_in_one_line(method: Method) -> None:
    assert method.doc.endswith(".")
    assert "\n" not in method.doc
    assert len(method.doc) <= 120


def test_names_functions_and_constants_are_unique() -> None:
    for values in ([m.name for m in METHODS], [m.function for m in METHODS], [m.constant for m in METHODS]):
        assert len(set(values)) == len(values)
