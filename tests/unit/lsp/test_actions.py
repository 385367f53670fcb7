"""What clients can do with code actions, and what they are offered."""

import pytest
from pydantic import JsonValue

from maestro.lsp.actions import Abilities, abilities_of, fix_action, is_wanted, opinion_actions
from maestro.lsp.handshake import COMMANDS, read
from maestro_protocol.audit import Provenance
from maestro_protocol.base import JsonObject
from tests.unit.audit.results import finding

DIAGNOSTIC: JsonObject = {"message": "m"}


@pytest.mark.parametrize(
    ("declared", "abilities"),
    [
        ({}, Abilities(False, False, False, False)),
        ({"codeActionLiteralSupport": {}, "disabledSupport": True}, Abilities(True, True, False, False)),
        ({"dataSupport": True, "resolveSupport": {"properties": ["edit"]}}, Abilities(False, False, True, False)),
        ({"resolveSupport": {"properties": ["edit"]}}, Abilities(False, False, False, False)),
        ({"dataSupport": True, "resolveSupport": {"properties": ["command"]}}, Abilities(False, False, False, False)),
        ({"tagSupport": {"valueSet": [1]}}, Abilities(False, False, False, True)),
        ({"tagSupport": {"valueSet": []}}, Abilities(False, False, False, False)),
    ],
)
def test_abilities(declared: JsonValue, abilities: Abilities) -> None:
    params: JsonObject = {"capabilities": {"textDocument": {"codeAction": declared}}}
    assert abilities_of(read(params, {"MAESTRO_HOME": "/nowhere"})) == abilities


@pytest.mark.parametrize(
    ("kind", "only", "wanted"),
    [
        ("quickfix", None, True),
        ("quickfix", [""], True),
        ("quickfix", ["refactor", "quickfix"], True),
        ("quickfix", [], False),
        ("quickfix", ["quick"], False),
        ("quickfix", ["quickfix.maestro"], False),
        ("source.fixAll.maestro", ["source"], True),
        ("source.fixAll.maestro", ["source.fixAll"], True),
        ("source.fixAll.maestro", ["source.fix"], False),
        ("source.fixAll.maestro", ["source.fixAll.eslint"], False),
    ],
)
def test_kinds_are_a_hierarchy(kind: str, only: list[str] | None, wanted: bool) -> None:
    assert is_wanted(kind, only) is wanted


@pytest.mark.parametrize(("provider", "tags", "tagged"), [("gemini", True, True), ("gemini", False, False)])
def test_an_edit_by_a_model_is_tagged(provider: str, tags: bool, tagged: bool) -> None:
    assert ("tags" in fix_action(finding(), DIAGNOSTIC, tags=tags)) is tagged
    by_tools = finding(provenance=Provenance(provider="offline", model="offline/assistant"))
    assert "tags" not in fix_action(by_tools, DIAGNOSTIC, tags=True)


def test_every_action_runs_a_command_there_is() -> None:
    for action in opinion_actions(finding(title="a\u202eb\nc"), DIAGNOSTIC):
        assert isinstance(command := action["command"], dict)
        assert command["command"] in COMMANDS
        assert action["diagnostics"] == [DIAGNOSTIC]
        assert "\n" not in str(action["title"]) and "\u202e" not in str(action["title"])
