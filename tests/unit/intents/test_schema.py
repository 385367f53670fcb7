"""The intent is offered with every tool, taken out of every call, and its absence explained."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.intents.schema import MISSING, key_for, take, with_intent
from maestro.providers.request import is_strict
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Intent

GOOD: JsonObject = {"purpose": "test_pass", "scope": "src/a.py", "risk_level": "low", "rationale": "A test fails."}
EDIT: JsonObject = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "text": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
OWN: JsonObject = {"type": "object", "properties": {"intent": {"type": "string"}}, "required": ["intent"]}


def properties(schema: JsonObject) -> JsonObject:
    found = schema["properties"]
    assert isinstance(found, dict)
    return found


def test_the_intent_comes_first_and_what_was_there_stays() -> None:
    before = deepcopy(EDIT)
    schema = with_intent(EDIT, required=True)
    assert before == EDIT
    assert list(properties(schema)) == ["intent", "path", "text"]
    assert schema["required"] == ["intent", "path"]
    assert schema["additionalProperties"] is False
    intent = properties(schema)["intent"]
    assert isinstance(intent, dict)
    assert list(properties(intent)) == ["purpose", "scope", "risk_level", "rationale"]
    assert intent["required"] == ["purpose", "scope", "risk_level"]


def test_a_copy_shares_nothing_with_what_it_was_made_of() -> None:
    schema = with_intent(EDIT, required=True)
    path = properties(schema)["path"]
    assert isinstance(path, dict)
    path["type"] = "number"
    assert properties(EDIT)["path"] == {"type": "string"}
    assert properties(with_intent(EDIT, required=True))["path"] == {"type": "string"}


def test_a_tool_that_only_reads_may_be_called_without() -> None:
    assert with_intent(EDIT, required=False)["required"] == ["path"]
    assert "required" not in with_intent({"type": "object"}, required=False)


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": None}, {"required": "path"}])
def test_a_schema_without_the_usual_members_gets_them(schema: JsonObject) -> None:
    made = with_intent(schema, required=True)
    assert made["type"] == "object"
    assert list(properties(made)) == ["intent"]
    assert made["required"] == ["intent"]


@pytest.mark.parametrize("required", [True, False])
def test_a_strict_schema_stays_strict(required: bool) -> None:
    schema: JsonObject = {**EDIT, "required": ["path", "text"]}
    assert is_strict(schema)
    assert is_strict(with_intent(schema, required=required))
    assert not is_strict(with_intent(EDIT, required=required))


def test_a_limit_of_properties_counts_the_intent_too() -> None:
    assert with_intent({"type": "object", "maxProperties": 2}, required=True)["maxProperties"] == 3


def test_a_tool_keeps_its_own_property_of_that_name() -> None:
    assert key_for(EDIT) == "intent"
    assert key_for(OWN) == "maestro_intent"
    assert key_for({"properties": {"intent": {}, "maestro_intent": {}}}) == "maestro_intent_"
    assert list(properties(with_intent(OWN, required=True))) == ["maestro_intent", "intent"]
    taken = take({"intent": "buy", "maestro_intent": GOOD}, OWN)
    assert taken.input == {"intent": "buy"}
    assert taken.intent is not None
    lacking = take({"intent": "buy"}, OWN)
    assert lacking.problem is not None
    assert lacking.problem.startswith("`maestro_intent` is missing")


def test_a_good_intent_is_taken_out() -> None:
    taken = take({"path": "a", "intent": GOOD}, EDIT)
    assert taken.input == {"path": "a"}
    assert taken.problem is None
    assert taken.intent == Intent(purpose="test_pass", scope="src/a.py", risk_level="low", rationale="A test fails.")


@pytest.mark.parametrize(
    "declared",
    [
        {"purpose": " Test-Pass ", "scope": " src/a.py\n", "riskLevel": "LOW"},
        {"purpose": "testPass", "scope": ["src/a.py"], "risk_level": "Low ", "rationale": None},
        {"purpose": "test pass", "scope": "src/a.py", "risk_level": "low", "rationale": "  ", "more": 1},
        '{"purpose": "test_pass", "scope": "src/a.py", "risk_level": "low"}',
    ],
)
def test_how_it_is_written_does_not_matter(declared: JsonValue) -> None:
    assert take({"intent": declared}, EDIT).intent == Intent(purpose="test_pass", scope="src/a.py", risk_level="low")


@pytest.mark.parametrize(
    ("one", "other", "higher"),
    [("low", "high", "high"), ("HIGH ", "low", "high"), ("medium", "low", "medium"), (None, "high", "high")],
)
def test_of_two_levels_the_higher_counts(one: str | None, other: str, higher: str) -> None:
    for first, second in ((one, other), (other, one)):
        declared: JsonObject = {"purpose": "test_pass", "scope": "a", "risk_level": first, "riskLevel": second}
        intent = take({"intent": declared}, EDIT).intent
        assert intent is not None
        assert intent.risk_level == higher


def test_two_levels_must_both_be_levels() -> None:
    declared: JsonObject = {"purpose": "test_pass", "scope": "a", "risk_level": "low", "riskLevel": "canary"}
    assert take({"intent": declared}, EDIT).intent is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"purpose": None}, "`purpose` is missing and must be `test_pass`, `best_practice` or `maintenance`"),
        ({"purpose": "canary"}, "`purpose` must be `test_pass`, `best_practice` or `maintenance`"),
        ({"risk_level": 3}, "`risk_level` must be `low`, `medium` or `high`"),
        ({"scope": "  "}, "`scope` must name"),
        ({"scope": 7}, "`scope` must be a string"),
        ({"scope": "canary" * 500}, "`scope` must have at most 2,000 characters"),
        ({"rationale": ["canary"]}, "`rationale` must be a string"),
        ({"rationale": "canary" * 1000}, "`rationale` must have at most 4,000 characters"),
        ({"scope": "\ud800 canary"}, "Unicode"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_without_repeating_it(change: JsonObject, told: str) -> None:
    taken = take({"path": "a", "intent": {**GOOD, **change}}, EDIT)
    assert taken.intent is None
    assert taken.input == {"path": "a"}
    assert taken.problem is not None
    assert told in taken.problem
    assert "canary" not in taken.problem
    assert '"purpose": "maintenance"' in taken.problem
    assert taken.problem.endswith(".")
    assert "\n" not in taken.problem


def test_everything_that_is_wrong_is_named_at_once() -> None:
    problem = take({"intent": {}}, EDIT).problem
    assert problem is not None
    assert all(f"`{name}`" in problem for name in ("purpose", "scope", "risk_level"))


@pytest.mark.parametrize("declared", [None, 3, [], "no object", "[" * 100_000])
def test_what_is_no_object_is_no_intent(declared: JsonValue) -> None:
    taken = take({"intent": declared, "path": "a"}, EDIT)
    assert (taken.input, taken.intent) == ({"path": "a"}, None)
    assert taken.problem is not None
    assert "must be an object" in taken.problem


def test_a_call_without_one() -> None:
    taken = take({"path": "a"}, EDIT)
    assert (taken.input, taken.intent, taken.problem) == ({"path": "a"}, None, MISSING)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["low", "test_pass"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["purpose", "scope", "risk_level", "rationale", "riskLevel"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["intent", "path"]), JSON),
    st.dictionaries(st.sampled_from(["properties", "required", "type"]), JSON),
)
def test_nothing_a_model_sends_raises(arguments: JsonObject, schema: JsonObject) -> None:
    key = key_for(schema)
    with_intent(schema, required=True)
    taken = take(arguments, schema)
    assert key not in taken.input
    assert (taken.intent is None) == (taken.problem is not None)
