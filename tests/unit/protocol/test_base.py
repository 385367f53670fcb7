"""What every wire type has in common."""

from copy import deepcopy
from typing import cast

import pytest
from pydantic import JsonValue, SecretStr, ValidationError

from maestro_protocol.audit import AuditRunParams
from maestro_protocol.base import JsonObject, WireModel
from maestro_protocol.chat import ChatCompleteParams, ChatSendParams, Usage
from maestro_protocol.events import TurnRerouted
from maestro_protocol.models import ModelListParams, ModelResolveResult
from maestro_protocol.sessions import SessionContinueParams, SessionCreateParams
from maestro_protocol.settings import ProviderSettings, Settings

CANARY = "sk-canary-0123456789"
SEND: JsonObject = {
    "chatId": "c1",
    "input": [
        {
            "type": "selection",
            "uri": "file:///a.py",
            "range": {"start": {"line": 0, "character": 1}, "end": {"line": 2, "character": 3}},
        }
    ],
    "params": {"maxTokens": 5, "outputSchema": {"snake_case": {"_meta": [None]}}},
    "clientRequestId": "r1",
    "workDoneToken": 1,
    "partialResultToken": "p",
}


def test_names_are_camel_case_on_the_wire_and_snake_case_in_code() -> None:
    params = ChatSendParams.from_wire(SEND)
    assert params.client_request_id == "r1"
    assert params.params is not None
    assert params.params.max_tokens == 5
    assert params.to_wire() == SEND


def test_code_may_construct_by_name() -> None:
    assert Usage(input_tokens=3).to_wire()["inputTokens"] == 3


def test_a_reserved_word_is_a_name_on_the_wire() -> None:
    event = TurnRerouted(turn_id="t", seq=1, from_="a", to="b", reason="configured")
    assert event.to_wire()["from"] == "a"
    assert TurnRerouted.from_wire(event.to_wire()) == event


def test_null_is_accepted_and_never_sent() -> None:
    params = ChatSendParams.from_wire({"input": "x", "chatId": None, "params": None, "workDoneToken": None})
    assert params.to_wire() == {"input": "x"}


def test_null_inside_free_json_is_kept() -> None:
    params = ChatSendParams.from_wire(SEND)
    assert params.params is not None
    assert params.params.output_schema == {"snake_case": {"_meta": [None]}}


@pytest.mark.parametrize("at", [(), ("params",), ("input", 0), ("input", 0, "range"), ("input", 0, "range", "start")])
def test_meta_is_carried_on_every_object(at: tuple[str | int, ...]) -> None:
    message = deepcopy(SEND)
    target: JsonValue = message
    for step in at:
        target = cast("dict[str | int, JsonValue]", target)[step]
    cast("JsonObject", target)["_meta"] = {"trace": [1, {"a_b": "kept"}]}
    assert ChatSendParams.from_wire(message).to_wire() == message


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"input": "x", "chat_id": "c"}, ("chat_id",)),
        ({"input": "x", "extra": 1}, ("extra",)),
        ({"input": "x", "meta": {}}, ("meta",)),
        ({"input": "x", "params": {"max_tokens": 1}}, ("params", "max_tokens")),
    ],
)
def test_unknown_parameters_are_refused_with_their_path(message: JsonObject, path: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        ChatSendParams.from_wire(message)
    assert [error["loc"] for error in caught.value.errors()] == [path]


@pytest.mark.parametrize(
    ("model", "message", "path"),
    [
        (ChatSendParams, {"input": "x", "params": {"maxTokens": 0}}, ("params", "maxTokens")),
        (ChatCompleteParams, {"messages": []}, ("messages",)),
        (ChatCompleteParams, {"messages": [{"role": "robot", "content": "x"}]}, ("messages", 0, "role")),
        (AuditRunParams, {"target": {"uris": []}}, ("target", "uris")),
        (SessionCreateParams, {"provider": "p", "authType": "api_key", "name": ""}, ("name",)),
    ],
)
def test_a_misfit_is_refused_with_its_path(
    model: type[WireModel], message: JsonObject, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.from_wire(message)
    assert [error["loc"] for error in caught.value.errors()] == [path]


def test_results_ignore_what_a_newer_server_adds() -> None:
    wire: JsonObject = {
        "model": {"id": "p/m", "provider": "p", "name": "m", "invented": 1},
        "matchedBy": "exact",
        "later": True,
    }
    result = ModelResolveResult.from_wire(wire)
    assert result.to_wire() == {"model": {"id": "p/m", "provider": "p", "name": "m"}, "matchedBy": "exact"}


def test_settings_refuse_a_typo() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.from_wire({"transport": {"idleTimeoutMS": 1}})
    assert caught.value.errors()[0]["loc"] == ("transport", "idleTimeoutMS")


def test_a_field_named_like_a_method_of_pydantic_is_on_the_wire() -> None:
    params = SessionCreateParams.from_wire({"provider": "p", "authType": "api_key", "name": "n", "validate": True})
    assert params.validate_ is True
    assert params.to_wire()["validate"] is True


@pytest.mark.parametrize(
    "holder",
    [
        SessionCreateParams(provider="p", auth_type="api_key", name="n", api_key=SecretStr(CANARY)),
        SessionContinueParams(login_id="l", inputs={"code": SecretStr(CANARY)}),
        ProviderSettings(api_key=SecretStr(CANARY)),
        Settings(providers={"openai": ProviderSettings(api_key=SecretStr(CANARY))}),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_a_secret_never_shows(holder: WireModel) -> None:
    shown = [repr(holder), str(holder), repr(holder.model_dump()), holder.model_dump_json(), repr(holder.to_wire())]
    assert [text for text in shown if CANARY in text] == []


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SessionCreateParams, {"provider": "p", "authType": "api_key", "name": "n", "apiKey": [CANARY]}),
        (SessionCreateParams, {"provider": "p", "authType": CANARY, "name": "n"}),
        (SessionContinueParams, {"loginId": "l", "inputs": {"code": {"a": CANARY}}}),
        (ModelListParams, {"refresh": CANARY}),
    ],
)
def test_a_misfit_is_told_without_the_value(model: type[WireModel], message: JsonObject) -> None:
    with pytest.raises(ValidationError) as caught:
        model.from_wire(message)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)
