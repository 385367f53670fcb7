"""The schema a model is given, and the sentence it gets for what does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.tools.builtin import built_in
from maestro.tools.inputs import parse
from maestro.tools.read_file import ReadFileInput
from maestro.tools.run_command import RunCommandInput
from maestro_protocol.chat import Tool as ToolDefinition

TOOLS = built_in(dict)


def members(schema: JsonValue) -> list[tuple[str, JsonValue]]:
    """All pairs of a schema, at any depth."""
    if isinstance(schema, list):
        return [pair for item in schema for pair in members(item)]
    if not isinstance(schema, dict):
        return []
    return [*schema.items(), *(pair for value in schema.values() for pair in members(value))]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.spec.name)
def test_a_schema_is_plain_enough_for_every_provider(tool: object) -> None:
    spec = next(one.spec for one in TOOLS if one is tool)
    keys = {key for key, _ in members(spec.input_schema)}
    assert not keys & {"anyOf", "oneOf", "$defs", "$ref", "title", "default"}
    assert spec.input_schema["type"] == "object"
    assert spec.input_schema["additionalProperties"] is False
    properties = spec.input_schema["properties"]
    assert isinstance(properties, dict)
    assert all(isinstance(value, dict) and value["description"] for value in properties.values())
    ToolDefinition(name=spec.name, description=spec.description, input_schema=spec.input_schema)


def test_the_names_are_camel_case_and_what_may_be_absent_is_not_required() -> None:
    schema = TOOLS[0].spec.input_schema
    assert isinstance(schema["properties"], dict)
    assert list(schema["properties"]) == ["path", "startLine", "endLine"]
    assert schema["properties"]["startLine"] == {
        "type": "integer",
        "minimum": 1,
        "description": "The first line to read, counted from 1.",
    }
    assert schema["required"] == ["path"]


def test_null_is_as_good_as_absent() -> None:
    assert parse(ReadFileInput, {"path": "a", "startLine": None}, "read_file") == ReadFileInput(path="a")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({}, "`path` is required"),
        ({"path": 7}, "`path` must be a string"),
        ({"path": "a", "line": 1}, "`line` is not a known field"),
        ({"path": "a", "start_line": 1}, "`start_line` is not a known field"),
        ({"path": "a", "startLine": 0}, "`startLine` must be at least 1"),
        ({"path": ""}, "`path` needs at least 1 character(s)"),
        ({"path": "\ud800"}, "it has half a character in it, which no file or program takes"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(value: dict[str, JsonValue], what: str) -> None:
    with pytest.raises(MaestroError) as caught:
        parse(ReadFileInput, value, "read_file")
    assert (caught.value.code, caught.value.message) == (-32602, f"The input of `read_file` does not fit: {what}.")


@given(st.recursive(st.text("secret") | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3)))
def test_no_value_is_ever_repeated(value: JsonValue) -> None:
    canary = "canary-7f3a"
    with pytest.raises(MaestroError) as caught:
        parse(RunCommandInput, {"argv": [[canary], value], "timeoutMs": canary}, "run_command")
    assert canary not in caught.value.message + caught.value.data.model_dump_json()
