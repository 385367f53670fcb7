"""Issues say where and what, in our words, whatever shape the misfit has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from maestro.validation import issues_of, sentence
from maestro_protocol.chat import ChatCompleteParams, ChatSendParams

_GOOD: dict[str, JsonValue] = {"messages": [{"role": "user", "content": "hi"}]}


def _issues(
    value: JsonValue, model: type[ChatCompleteParams] | type[ChatSendParams] = ChatCompleteParams
) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.from_wire(value)
    return {issue.path: issue.message for issue in issues_of(caught.value, value)}


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({}, "messages", "is required"),
        ([], "", "must be an object"),
        ({"messages": []}, "messages", "needs at least 1 item(s)"),
        ({**_GOOD, "extra": 1}, "extra", "is not a known field"),
        ({**_GOOD, "session_id": "s"}, "session_id", "is not a known field"),
        ({**_GOOD, "model": 3}, "model", "must be a string"),
        ({**_GOOD, "params": {"maxTokens": 0}}, "params.maxTokens", "must be at least 1"),
        ({**_GOOD, "params": {"maxTokens": 1.5}}, "params.maxTokens", "must be a whole number"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role", "must be one of"),
    ],
)
def test_each_misfit_has_a_path_and_a_sentence(value: JsonValue, path: str, message: str) -> None:
    found = _issues(value)
    assert found[path].startswith(message)


def test_a_union_is_told_by_the_place_that_was_sent() -> None:
    value: JsonValue = {"input": [{"type": "canary"}, {"type": "file"}]}
    found = _issues(value, ChatSendParams)
    assert found["input[0]"] == "has a `type` that is not known here"
    assert found["input[1].uri"] == "is required"
    assert "canary" not in str(found)


def test_the_ways_out_of_a_union_are_one_issue() -> None:
    assert _issues({"input": 3}, ChatSendParams) == {"input": "must be a string or a list"}


def test_a_sentence_counts_the_others() -> None:
    with pytest.raises(ValidationError) as caught:
        ChatCompleteParams.from_wire({"a": 1, "b": 2})
    assert sentence(issues_of(caught.value, {"a": 1, "b": 2})) == "`messages` is required (and 2 more)"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just("canary"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["messages", "role", "content", "params", "tools", "type", "_meta"]), inner)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_value_is_ever_repeated(value: JsonValue) -> None:
    try:
        ChatCompleteParams.from_wire(value)
    except ValidationError as error:
        issues = issues_of(error, value)
        assert issues
        assert "canary" not in str(issues)
