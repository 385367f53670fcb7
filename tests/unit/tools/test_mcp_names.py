"""Names of MCP tools, and what hints are taken for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.tools.mcp_names import annotations, tool_name

WORDS = st.text(st.characters(codec="utf-8"), max_size=80) | st.text("a_-é/", max_size=6)


def test_a_plain_name_is_kept() -> None:
    assert tool_name("files", "read_file") == "mcp__files__read_file"


@given(WORDS, WORDS)
def test_a_name_is_one_that_providers_take(server: str, tool: str) -> None:
    assert re.fullmatch(r"mcp__[A-Za-z0-9_-]{1,59}", tool_name(server, tool))


@given(st.tuples(WORDS, WORDS), st.tuples(WORDS, WORDS))
def test_different_tools_have_different_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (tool_name(*one) == tool_name(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"), [(("a", "_b"), ("a_", "b")), (("a__b", "c"), ("a", "b__c")), (("é", "x"), ("ü", "x"))]
)
def test_names_that_look_alike_are_told_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert tool_name(*one) != tool_name(*other)


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        ((None, None, None), (False, True, True)),
        ((True, None, False), (False, False, False)),
        ((True, True, True), (False, True, True)),
        ((False, False, None), (False, False, True)),
        (("yes", "no", 0), (False, True, True)),
    ],
)
def test_what_is_not_said_is_the_worst(
    hints: tuple[bool | None, bool | None, bool | None], expected: tuple[bool, bool, bool]
) -> None:
    found = annotations(*hints)
    assert (found.read_only, found.destructive, found.open_world) == expected
    believed = annotations(*hints, trusted=True)
    assert (believed.destructive, believed.open_world) == expected[1:]
    assert believed.read_only == (hints[0] is True and hints[1] is not True)
