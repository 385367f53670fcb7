"""Framing: bytes to events, whatever the line ends, the chunks and the damage."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.streaming.framing import EventTooLarge, SseEvent
from maestro.streaming.json_array import JsonArrayParser
from maestro.streaming.sse import SseParser, parse_sse_stream


def events(*chunks: bytes, limit: int = 1 << 20) -> list[SseEvent]:
    parser = SseParser(limit)
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.close()


def data(*chunks: bytes) -> list[str]:
    return [event.data for event in events(*chunks)]


def test_fields() -> None:
    assert events(b"event: a\nid: 1\ndata: x\ndata:y\n\ndata: z\n\n") == [
        SseEvent("x\ny", "a", "1"),
        SseEvent("z", "message", "1"),
    ]


def test_the_private_decoder_is_still_there() -> None:
    """`httpx_sse` does not promise this module: a release that moves it must fail here first."""
    from httpx_sse._decoders import SSEDecoder

    decoder = SSEDecoder()
    assert decoder.decode("data: x") is None
    decoded = decoder.decode("")
    assert decoded is not None
    assert (decoded.data, decoded.event, decoded.id) == ("x", "message", "")


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_line_ends_cut_anywhere(line_end: bytes) -> None:
    stream = line_end.join([b"data: a", b"", b": c", b"data: b", b"data: c", b"", b""])
    for cut in range(len(stream) + 1):
        assert data(stream[:cut], stream[cut:]) == ["a", "b\nc"]


def test_carriage_return_dispatches_without_waiting_for_a_line_feed() -> None:
    parser = SseParser()
    assert [event.data for event in parser.feed(b"data: a\r\r")] == ["a"]
    assert [event.data for event in parser.feed(b"\ndata: b\r\n\r\n")] == ["b"]


@pytest.mark.parametrize("chunks", [(b"\xef\xbb\xbfdata: a\n\n",), (b"\xef", b"\xbb", b"\xbf", b"data: a\n\n")])
def test_one_byte_order_mark_is_stripped(chunks: tuple[bytes, ...]) -> None:
    assert data(*chunks) == ["a"]


def test_only_one_byte_order_mark_is_stripped() -> None:
    assert data(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n") == []
    assert data(b"data: \xef\xbb\xbfa\n\n") == ["\ufeffa"]
    assert data(b"\xef\xbb", b"data: a\n\n") == []


def test_invalid_utf8_is_replaced_and_harms_nothing_else() -> None:
    assert data(b"data: a\xff\n\ndata: \xe2\x82\n\n", b"data: \xe2", b"\x82\xac\n\n") == ["a\ufffd", "\ufffd", "€"]


def test_empty_events_are_not_dispatched() -> None:
    assert data(b"id: 1\ndata: a\n\n\n\n\nevent: ping\n\ndata:\n\nretry: 5\n\n") == ["a"]


def test_comments_are_counted_and_nothing_else() -> None:
    parser = SseParser()
    assert parser.feed(b": keep-alive\n\n: again\r\n\r\n") == []
    assert parser.comments == 2


def test_event_cut_short_is_flushed_and_marked() -> None:
    assert events(b"data: a\n\ndata: b") == [SseEvent("a"), SseEvent("b", terminated=False)]
    assert events(b"data: b\n") == [SseEvent("b", terminated=False)]
    assert events(b"data: b\r\n\r") == [SseEvent("b")]
    assert events(b"") == events(b"\n") == events(b"event: x") == []


def test_unicode_line_separators_are_text() -> None:
    text = "a\u2028b\u2029c\u0085d\x0be\x0cf"
    assert data(f"data: {text}\n\n".encode()) == [text]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 40 + b"\n\n"],
        [b"data: " + b"x" * 20, b"x" * 20],
        [b"data: 12345678\n" * 5],
        [b'{"a":\n' + b"1\n" * 40],
    ],
)
def test_an_event_over_the_limit_is_refused(chunks: list[bytes]) -> None:
    parser = SseParser(32)
    assert parser.feed(b"data: before\n\n" * 10 + b": comment\n" * 10) == [SseEvent("before")] * 10
    with pytest.raises(EventTooLarge):
        for chunk in [*chunks, b""]:
            parser.feed(chunk)
    with pytest.raises(EventTooLarge):
        parser.close()


def test_json_without_data_is_an_event() -> None:
    pretty = b'{\n  "error": {\n    "message": "} {",\n\n    "x": "\\"}"\n  }\n}\n'
    for cut in range(len(pretty)):
        found = events(b"data: a\n\n", pretty[:cut], pretty[cut:] + b"data: b\n\n")
        assert [(event.data, event.raw) for event in found] == [
            ("a", False),
            (pretty.decode().rstrip("\n"), True),
            ("b", False),
        ]


def test_json_that_never_closes_ends_at_the_next_field() -> None:
    parser = SseParser()
    assert [event.data for event in parser.feed(b'{"a":\ndata: x\n\n')] == ["x"]
    assert parser.whole
    parser.feed(b"[1,\n")
    assert not parser.whole


def test_json_array_objects_come_as_soon_as_they_close() -> None:
    parser = JsonArrayParser()
    assert [event.data for event in parser.feed(b'[{"a":"]}"}')] == ['{"a":"]}"}']
    assert not parser.terminated
    assert [event.data for event in parser.feed(b',\r\n{"b":[1,{"c":2}]}')] == ['{"b":[1,{"c":2}]}']
    assert parser.feed(b"\n]\n") == []
    assert parser.terminated
    assert parser.whole


def test_json_array_object_over_the_limit() -> None:
    with pytest.raises(EventTooLarge):
        JsonArrayParser(16).feed(b'[{"a":"' + b"x" * 20)


@given(st.lists(st.text(), max_size=5), st.integers(1, 9))
def test_json_array_text_survives_any_chunking(texts: list[str], size: int) -> None:
    import json

    stream = json.dumps([{"t": text} for text in texts], ensure_ascii=False).encode("utf-8", "surrogatepass")
    parser = JsonArrayParser()
    found = [event for at in range(0, len(stream), size) for event in parser.feed(stream[at : at + size])]
    assert [json.loads(event.data)["t"] for event in found + parser.close()] == texts


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n\0", codec="utf-8"), min_size=1)), st.data())
def test_any_text_survives_any_chunking(texts: list[str], draw: st.DataObject) -> None:
    stream = "".join(f"data: {text}\n\n" for text in texts).encode()
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert data(*chunks) == texts


@given(st.binary())
def test_no_bytes_break_the_parser(stream: bytes) -> None:
    whole = events(stream)
    assert events(*(stream[i : i + 1] for i in range(len(stream)))) == whole


@pytest.mark.asyncio
async def test_parse_sse_stream() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"data: a\n"
        yield b"\ndata: b"

    assert [event async for event in parse_sse_stream(stream())] == [SseEvent("a"), SseEvent("b", terminated=False)]
