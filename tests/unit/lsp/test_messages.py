"""Bodies: one pass over what is JSON already, and ASCII where UTF-8 cannot carry it."""

import json

import pytest

from maestro.lsp import messages
from maestro_protocol.events import TextDelta


def delta(text: str) -> TextDelta:
    return TextDelta(turn_id="t", seq=1, message_id="m", part_id="p", text=text)


def test_the_length_counts_bytes() -> None:
    assert messages.frame("é".encode()) == b"Content-Length: 2\r\n\r\n\xc3\xa9"


def test_results_are_spliced_as_they_are() -> None:
    assert messages.response(1, b'{"a" : 1}') == b'{"jsonrpc":"2.0","id":1,"result":{"a" : 1}}'


@pytest.mark.parametrize("text", ["plain", "é 🎼", "half \ud83d", "\udfbc half"])
def test_every_text_survives(text: str) -> None:
    body = messages.progress("token", messages.dump(delta(text)))

    assert body.decode()
    message = json.loads(body)
    assert message["params"]["token"] == "token"
    assert message["params"]["value"]["text"] == text
    assert "chatId" not in message["params"]["value"]


@pytest.mark.parametrize("request_id", [1, 1.5, "a", "\ud83d", "é"])
def test_ids_come_back_as_they_were(request_id: str | int | float) -> None:
    assert json.loads(messages.response(request_id, b"null"))["id"] == request_id
    assert json.loads(messages.refusal(request_id, messages.RpcError(-32600, "No.")))["id"] == request_id


def test_errors_have_their_fixed_shape() -> None:
    error = json.loads(messages.refusal(None, messages.invalid_params("a.b", "is required")))["error"]

    assert error["code"] == -32602
    assert error["message"] == "`a.b` is required."
    assert error["data"] == {
        "kind": "invalidParams",
        "retryable": False,
        "issues": [{"path": "a.b", "message": "is required"}],
    }


def test_a_code_without_a_row_is_a_failed_request() -> None:
    assert messages.RpcError(-1, "No.").data == {"kind": "requestFailed", "retryable": False}


def test_numbers_json_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError):
        messages.encode(float("nan"))


def test_requests_and_notifications() -> None:
    assert json.loads(messages.request("a", "m", b"{}")) == {"jsonrpc": "2.0", "id": "a", "method": "m", "params": {}}
    assert json.loads(messages.notification("m", b"[]")) == {"jsonrpc": "2.0", "method": "m", "params": []}
