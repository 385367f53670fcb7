"""What the request builders share."""

import pytest

from maestro.providers.openai.config import INFO
from maestro.providers.request import headers, is_strict, join, present, system_text
from maestro_protocol.base import JsonValue
from maestro_protocol.settings import ProviderSettings
from tests.unit.providers.support import PNG, connect, system, user


@pytest.mark.parametrize("base", ["http://h/v1", "http://h/v1/", "http://h/v1//"])
@pytest.mark.parametrize("path", ["models", "/models"])
def test_one_slash_between_base_and_path(base: str, path: str) -> None:
    assert join(base, path) == "http://h/v1/models"


def test_only_none_is_absent() -> None:
    assert present({"a": None, "b": 0, "c": "", "d": False, "e": []}) == {"b": 0, "c": "", "d": False, "e": []}


def test_the_users_headers_win() -> None:
    connection = connect(INFO, ProviderSettings(headers={"Authorization": "Basic x"}))
    assert headers(connection, {"authorization": "Bearer y", "empty": "", "none": None}) == {"authorization": "Basic x"}


def test_system_messages_become_one_text() -> None:
    assert system_text([system("a"), user("b"), system(""), system("c")]) == "a\n\nc"
    assert system_text([user("b", PNG)]) is None


CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        (CLOSED | {"properties": {"a": CLOSED}}, True),
        (CLOSED | {"properties": {"a": {"anyOf": [CLOSED, {"type": "null"}]}}}, True),
        (CLOSED | {"required": []}, False),
        ({name: value for name, value in CLOSED.items() if name != "required"}, False),
        ({name: value for name, value in CLOSED.items() if name != "additionalProperties"}, False),
        (CLOSED | {"properties": {"a": {"type": "object"}}}, False),
        (CLOSED | {"properties": {"a": {"type": "array", "items": {"anyOf": [{"type": "object"}]}}}}, False),
    ],
)
def test_strict_is_closed_and_all_required(schema: JsonValue, strict: bool) -> None:
    assert is_strict(schema) is strict
