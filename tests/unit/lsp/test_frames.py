"""The frame decoder: whatever arrives in whatever pieces, the messages come out and garbage is told once."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.lsp.frames import HEAD_BYTES, FrameDecoder, Garbage, Input, Oversized, find_id

LIMIT = 100_000
HEADERS = st.sampled_from(
    [
        b"Content-Length: %d\r\n\r\n",
        b"content-length: %d\n\n",
        b"CONTENT-LENGTH:%d\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length:   %d  \r\ncontent-type: x\r\n\r\n",
    ]
)
BODIES = st.binary(max_size=300)


def frame(body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    return header % len(body) + body


def decode(data: bytes, cuts: list[int] | None = None, limit: int = LIMIT) -> list[Input]:
    decoder = FrameDecoder(limit)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    return [item for a, b in itertools.pairwise(edges) for item in decoder.feed(data[a:b])]


@given(st.lists(st.tuples(HEADERS, BODIES), max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_bodies_come_out_whole_at_any_cut(messages: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    data = b"".join(frame(body, header) for header, body in messages)

    assert decode(data, cuts) == [body for _, body in messages]


@given(
    BODIES.filter(lambda junk: b"ontent-" not in junk.lower() and junk.strip(b"\r\n")),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_garbage_is_told_once_and_the_next_message_is_read(junk: bytes, cuts: list[int]) -> None:
    found = decode(frame(b"before") + junk + frame(b"after"), cuts)

    assert found == [b"before", Garbage(), b"after"]


def test_garbage_without_a_line_end_is_not_kept() -> None:
    decoder = FrameDecoder(LIMIT)

    found = [item for _ in range(100) for item in decoder.feed(b"x" * 10_000)]

    assert found == [Garbage()]
    assert len(decoder._line) < 10_000
    assert decoder.feed(frame(b"glued")) == [b"glued"]


def test_each_run_of_garbage_is_told() -> None:
    assert decode(b"a\r\n" + frame(b"1") + b"b\r\nc\r\n" + frame(b"2")) == [Garbage(), b"1", Garbage(), b"2"]


@pytest.mark.parametrize(
    "line", [b"Content-Length: -5", b"Content-Length: x", b"Content-Length: 9999999999999", b"X: 1"]
)
def test_a_header_that_means_nothing_is_garbage(line: bytes) -> None:
    assert decode(line + b"\r\n\r\n" + frame(b"next")) == [Garbage(), b"next"]


def test_blank_lines_between_messages_are_nothing() -> None:
    assert decode(b"\r\n\n" + frame(b"1") + b"\r\n\r\n" + frame(b"2")) == [b"1", b"2"]


def test_an_empty_body_is_a_body() -> None:
    assert decode(frame(b"") + frame(b"1")) == [b"", b"1"]


@pytest.mark.parametrize("size", [LIMIT + 1, 5 * LIMIT])
def test_an_oversized_body_is_told_by_its_head_and_never_held(size: int) -> None:
    decoder = FrameDecoder(LIMIT)
    body = (b'{"id":7,"x":"' + b"x" * size)[:size]
    data = frame(body) + frame(b"next")

    found, held = [], 0
    for start in range(0, len(data), 1000):
        found += decoder.feed(data[start : start + 1000])
        held = max(held, len(decoder._body))

    assert found == [Oversized(body[:HEAD_BYTES]), b"next"]
    assert held <= HEAD_BYTES


def test_a_body_of_the_limit_is_taken() -> None:
    assert decode(frame(b"x" * LIMIT)) == [b"x" * LIMIT]


IDS = st.integers() | st.text(max_size=20) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(st.none() | IDS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3))


@given(IDS, st.dictionaries(st.text(max_size=5).filter(lambda key: key != "id"), VALUES, max_size=4))
def test_the_id_is_found_in_the_beginning_of_a_message(request_id: object, others: dict[str, object]) -> None:
    text = json.dumps({**others, "nested": {"id": "wrong"}, "id": request_id, "params": ["..."]})

    assert find_id(text.encode()) == request_id


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[1]",
        b'{"id":12',
        b'{"id":"ab',
        b'{"id":null,"x":1}',
        b'{"id":true,"x":1}',
        b'{"id":[1],"x":1}',
        b'{"params":{"id":3},"x":1}',
        b'{"id":{"x":5},"y":1}',
        b'{"x":"\\"id\\":5,',
        b'{"x":"}","y":"a \\\\\\"id\\": 5, ',
        b'{"id":nonsense,"x":1}',
    ],
)
def test_no_id_is_made_up(head: bytes) -> None:
    assert find_id(head) is None
