"""Frames no client should write: each costs one error at most, and the next good message is answered."""

import json

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client, key, request
from tests.e2e.conftest import Launch
from tests.e2e.frames import encode, frame

LENIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
TOO_LARGE = 4702
MEGABYTE = 1 << 20


def errors_after(client: Client, data: bytes) -> list[tuple[object, int]]:
    """The errors answered to `data`, as `(id, code)`."""
    start = len(client.received())
    client.send_bytes(data)
    return [(m["id"], m["error"]["code"]) for m in client.settle(start) if "error" in m]


def status(client: Client, request_id: str) -> bytes:
    """The body of a good request, counted as asked."""
    client.asked[key(request_id)] += 1
    return json.dumps(request(request_id, "maestro/status")).encode()


@pytest.mark.parametrize("body", [b"", b"{", b'{"jsonrpc":"2.0",}', b"\xff\xfe", b'{"id":1', b"nonsense", b"[1,"])
def test_a_body_that_is_no_json_is_a_parse_error(shared_server: Client, body: bytes) -> None:
    assert errors_after(shared_server, frame(body)) == [(None, PARSE_ERROR)]


def test_json_nested_too_deep_is_answered_once(shared_server: Client) -> None:
    body = b'{"jsonrpc":"2.0","id":null,"method":"x","params":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    assert len(errors_after(shared_server, frame(body))) == 1


def test_python_only_json_is_no_way_around_the_rules(shared_server: Client) -> None:
    """`NaN` is no JSON; either it is refused, or answered, but once and in JSON."""
    start = len(shared_server.received())
    shared_server.send_bytes(frame(b'{"jsonrpc":"2.0","id":"nan","method":"maestro/status","params":{"x":NaN}}'))

    assert len(shared_server.settle(start)) == 1
    shared_server.asked[key("nan")] += len(shared_server.responses("nan"))


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: %d\n\n",
        b"content-length: %d\r\n\r\n",
        b"CONTENT-LENGTH:%d\r\n\r\n",
        b"Content-Length:   %d  \r\n\r\n",
        b"Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: %d\r\n\r\n",
        b"content-type: x\ncontent-length: %d\n\n",
    ],
)
def test_other_spellings_of_the_header_are_understood(shared_server: Client, header: bytes) -> None:
    request_id = f"header-{header!r}"
    body = status(shared_server, request_id)
    shared_server.send_bytes(header % len(body) + body)

    assert shared_server.response(request_id)["state"]


def test_content_length_counts_bytes(shared_server: Client) -> None:
    """P14: multi-byte text on the way in; the way out is checked by the strict reader of every test."""
    request_id = "é漢字🙂" * 20
    shared_server.asked[key(request_id)] += 1
    shared_server.send_bytes(encode(request(request_id, "maestro/status"), ascii_only=False))

    assert shared_server.response(request_id)["state"]


def test_text_outside_ascii_comes_back_whole(shared_server: Client) -> None:
    word = "naïve 漢字 🙂 \u2028"
    messages = [{"role": "user", "content": word * 50}]

    result = shared_server.request("maestro/chat/complete", {"messages": messages})

    assert result["message"]["role"] == "assistant"


@pytest.mark.parametrize("junk", [b"junk", b"DEBUG: hello ", b"\x00\xff\xfe", b"Content-Length", b"}" * 40])
def test_junk_glued_to_a_header_is_skipped(shared_server: Client, junk: bytes) -> None:
    """T7: a header that does not start its line is still found; the junk costs at most one error."""
    request_id = f"glued-{junk!r}"
    errors = errors_after(shared_server, junk + frame(status(shared_server, request_id)))

    assert shared_server.response(request_id)["state"]
    assert [e for e in errors if e[0] is None] in ([], [(None, PARSE_ERROR)])


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"line one\nline two\nline three\r\n",
        b"X-Header: 1\r\nY-Header: 2\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"\xff" * 100_000 + b"\r\n",
        b"{}" * 500,
    ],
    ids=lambda garbage: repr(garbage[:16]),
)
def test_garbage_between_messages_costs_one_error(shared_server: Client, garbage: bytes) -> None:
    request_id = f"garbage-{garbage[:16]!r}"

    errors = errors_after(shared_server, garbage + frame(status(shared_server, request_id)))

    assert shared_server.response(request_id)["state"]
    assert [e for e in errors if e[0] is None] in ([(None, PARSE_ERROR)], [(None, INVALID_REQUEST)])


@given(garbage=st.binary(min_size=1, max_size=300).filter(lambda g: b"ontent" not in g.lower()))
@LENIENT
def test_no_garbage_kills_the_server(shared_server: Client, garbage: bytes) -> None:
    errors = errors_after(shared_server, garbage + b"\r\n" + encode({"jsonrpc": "2.0", "method": "$/ignored"}))

    assert len(errors) <= 1


@given(cuts=st.lists(st.integers(1, 400), max_size=12))
@LENIENT
def test_any_split_of_the_input_is_the_same_input(shared_server: Client, cuts: list[int]) -> None:
    request_id = f"split-{cuts}"
    whole = frame(status(shared_server, request_id)) + encode({"jsonrpc": "2.0", "method": "$/ignored"})
    asked = len(shared_server.responses(request_id))
    start = 0
    for cut in [*sorted(c for c in cuts if c < len(whole)), len(whole)]:
        shared_server.send_bytes(whole[start:cut])
        start = cut
    shared_server.settle()

    assert len(shared_server.responses(request_id)) == asked + 1


def oversized(message: JsonObject, size: int) -> bytes:
    """A message padded to `size` bytes by a last member."""
    body = json.dumps(message, separators=(",", ":")).encode()
    padding = size - len(body) - len(b',"padding":""')
    return body[:-1] + b',"padding":"' + b"x" * padding + b'"}'


def test_an_oversized_message_is_refused_by_its_id(launch: Launch) -> None:
    client = launch(MAESTRO_LIMITS__MAX_MESSAGE_BYTES=65_536)
    client.initialize()

    client.asked[key("large")] += 1
    client.send_bytes(frame(oversized(request("large", "maestro/status", {}), 65_537)))

    refusal = client.refusal("large")
    assert (refusal.code, refusal.kind) == (TOO_LARGE, "messageTooLarge")
    assert client.request("maestro/status")["state"]


def test_a_message_of_exactly_the_limit_is_read(launch: Launch) -> None:
    client = launch(MAESTRO_LIMITS__MAX_MESSAGE_BYTES=65_536)
    client.initialize()

    client.asked[key("fits")] += 1
    client.send_bytes(frame(oversized(request("fits", "maestro/status", {}), 65_536)))

    assert client.response("fits")["state"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"jsonrpc":"2.0","method":"maestro/status","id":7,"params":{"x":"%b"}}', 7),
        (b'{"jsonrpc":"2.0","params":{"id":8},"method":"maestro/status","id":9,"x":"%b"}', 9),
        (b'{"params":{"x":"\\"id\\":10,","y":{"id":11}},"id":"twelve","x":"%b"}', "twelve"),
        (b'{"jsonrpc":"2.0","method":"maestro/status","params":{"x":"%b"},"id":13}', None),
        (b'{"jsonrpc":"2.0","params":{"id":14,"x":"%b"}}', None),
        (b'["%b"]', None),
        (b"nonsense%b", None),
    ],
)
def test_only_a_top_level_id_in_the_first_4_kib_counts(launch: Launch, body: bytes, expected: object) -> None:
    client = launch(MAESTRO_LIMITS__MAX_MESSAGE_BYTES=65_536)
    client.initialize()

    client.asked[key(expected)] += 1
    errors = errors_after(client, frame(body % (b"x" * 70_000)))

    assert errors == [(expected, TOO_LARGE)]


def test_an_oversized_body_is_not_read_into_memory(launch: Launch) -> None:
    client = launch()
    client.initialize()
    client.request("maestro/status")
    process = psutil.Process(client.process.pid)
    before, highest = process.memory_info().rss, 0
    piece = b"x" * MEGABYTE
    pieces = 256

    head = b'{"jsonrpc":"2.0","id":"huge","method":"maestro/status","params":{"x":"'
    client.asked[key("huge")] += 1
    client.send_bytes(b"Content-Length: %d\r\n\r\n" % (len(head) + pieces * MEGABYTE + 3) + head)
    for _ in range(pieces):
        client.send_bytes(piece)
        highest = max(highest, process.memory_info().rss)
    client.send_bytes(b'"}}')

    assert client.refusal("huge").code == TOO_LARGE
    assert highest - before < 32 * MEGABYTE
    assert client.request("maestro/status")["state"]


def test_a_length_no_message_can_have_does_not_swallow_the_session(launch: Launch) -> None:
    """The body never comes; the end of input still ends the server."""
    client = launch()
    client.initialize()

    client.send_bytes(b"Content-Length: 99999999999999999999\r\n\r\n{}")
    client.process.stdin.close()

    assert client.wait_exit() == 1
