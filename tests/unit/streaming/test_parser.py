"""The parser around the wires: options, failures of the connection, resuming, and what is no stream at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import pytest
from pydantic import JsonValue

from maestro.failures import Failure, UpstreamError
from maestro.streaming.messages import (
    Content,
    Done,
    FunctionCall,
    FunctionCallDelta,
    Message,
    ResumePoint,
    StreamError,
)
from maestro.streaming.parser import StreamOptions, StreamParser, get_handler, parse_stream
from maestro.streaming.wire.chat import ChatDecoder
from maestro.streaming.wire.gemini import GeminiDecoder
from maestro.streaming.wire.messages import MessagesDecoder
from maestro.streaming.wire.responses import ResponsesDecoder
from tests.unit.streaming.support import OWN, fold, run

HELLO = b'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


async def chunks_of(*chunks: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if error is not None:
        raise error


async def collect(
    *chunks: bytes,
    provider: str = "openai_compatible",
    options: StreamOptions | Mapping[str, JsonValue] | None = None,
    error: Exception | None = None,
) -> list[Message]:
    return [message async for message in parse_stream(chunks_of(*chunks, error=error), provider, options)]


@pytest.mark.parametrize(
    ("provider", "decoder"),
    [
        ("openai", ResponsesDecoder),
        ("anthropic", MessagesDecoder),
        ("gemini", GeminiDecoder),
        ("openai_compatible", ChatDecoder),
        ("anything", ChatDecoder),
    ],
)
def test_every_provider_has_a_wire(provider: str, decoder: type) -> None:
    assert isinstance(get_handler(provider)(), decoder)


def test_handlers_share_no_state() -> None:
    handler = get_handler("gemini")
    assert handler() is not handler()


@pytest.mark.asyncio
async def test_parse_stream() -> None:
    assert await collect(HELLO, STOP) == [Content("Hello"), Done("endTurn", "stop")]


@pytest.mark.asyncio
@pytest.mark.parametrize("options", [{"wire": "chat"}, StreamOptions("chat")])
async def test_options_choose_the_wire(options: StreamOptions | Mapping[str, JsonValue]) -> None:
    assert (await collect(HELLO, STOP, provider="openai", options=options))[0] == Content("Hello")


@pytest.mark.asyncio
async def test_an_unknown_wire_is_named_as_such() -> None:
    with pytest.raises(ValueError, match="must be one of responses, chat"):
        await collect(options={"wire": "telex"})


@pytest.mark.asyncio
async def test_streams_run_side_by_side() -> None:
    data = (OWN / "messages" / "thinking_signature.sse").read_bytes()
    pieces = [data[at : at + 50] for at in range(0, len(data), 50)]
    results = await asyncio.gather(*(collect(*pieces, provider="anthropic") for _ in range(5)))
    assert all(result == results[0] for result in results)


@pytest.mark.asyncio
async def test_a_connection_lost_before_content_keeps_its_kind() -> None:
    lost = UpstreamError(Failure("network", "The connection broke."))
    (error,) = await collect(b": hi\n\n", error=lost)
    assert error == StreamError("network", "The connection broke.", partial=False)


@pytest.mark.asyncio
async def test_a_connection_lost_after_content_is_an_interruption() -> None:
    lost = UpstreamError(Failure("network", "The connection broke."))
    messages = await collect(HELLO, error=lost)
    assert messages == [Content("Hello"), StreamError("stream_interrupted", "The connection broke.", partial=True)]


@pytest.mark.parametrize("wire", ["chat", "responses", "messages", "gemini", "geminiArray"])
def test_nothing_is_an_interruption(wire: str) -> None:
    messages, _ = run([], wire)  # type: ignore[arg-type]
    assert [message.type for message in messages] == ["error"]
    assert fold(messages).errors[0].kind == "stream_interrupted"


def test_a_web_page_is_a_failure_of_the_server() -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<style>{ }</style></html>\n"
    for wire in ("chat", "messages"):
        (error,) = fold(run([page[:7], page[7:]], wire)[0]).errors  # type: ignore[arg-type]
        assert (error.kind, error.message) == ("server", "502 Bad Gateway")


def test_a_line_of_text_is_a_failure_of_the_server() -> None:
    (error,) = fold(run([b"upstream connect error"], "chat")[0]).errors
    assert (error.kind, error.message) == ("server", "upstream connect error")


def test_an_error_event_without_json() -> None:
    (error,) = fold(run([b"event: error\ndata: try again in 3s\n\n"], "chat")[0]).errors
    assert (error.message, error.retry_after) == ("try again in 3s", 3.0)


def test_an_error_event_of_no_known_shape() -> None:
    (error,) = fold(run([b'event: error\ndata: {"reason":"x"}\n\n'], "gemini")[0]).errors
    assert error.kind == "server"


def test_an_event_over_the_limit_ends_the_stream() -> None:
    parser = StreamParser("x", StreamOptions("chat", max_event_bytes=100))
    messages = parser.feed(HELLO) + parser.feed(b"data: " + b"x" * 200) + parser.feed(STOP) + parser.close()
    assert [message.type for message in messages] == ["content", "error"]
    assert fold(messages).errors[0].kind == "malformed"


def test_an_event_over_the_limit_at_the_very_end() -> None:
    parser = StreamParser("x", StreamOptions("chat", max_event_bytes=100))
    parser.feed(b"data: " + b"x" * 200)
    assert [message.type for message in parser.close()] == ["error"]


def test_an_end_inside_an_event_is_not_clean() -> None:
    """A reason to finish was given, but what was cut off may have been anything."""
    cut = HELLO + STOP.partition(b"data: [")[0] + b'data: {"choices":[{"delta":{"content":"mo'
    assert fold(run([cut], "chat")[0]).errors[0].kind == "stream_interrupted"
    gemini = b'data: {"candidates":[{"finishReason":"STOP"}]}\n\ndata: {"candida'
    assert fold(run([gemini], "gemini")[0]).errors[0].kind == "stream_interrupted"


def test_a_json_array_without_its_bracket_is_not_terminated() -> None:
    done = run([b'[{"candidates":[{"finishReason":"STOP"}]}\n'], "geminiArray")[0][-1]
    assert done == Done("endTurn", "STOP", terminated=False)


def test_a_failed_stream_still_tells_its_usage_and_nothing_else() -> None:
    error = b'data: {"error":{"message":"no"}}\n\n'
    messages, parser = run([HELLO + error + b"data: {x\n\ndata: 1\n\n" + error + HELLO + STOP], "chat")
    assert [message.type for message in messages] == ["content", "error", "done"]
    assert parser.fail(Failure("network", "late")) == []


@pytest.mark.parametrize("junk", ["null", "[]", '"x"', "1", "[" * 100_000, '{"a":' * 100_000])
def test_junk_is_skipped(junk: str) -> None:
    messages, parser = run([f"data: {junk}\n\n".encode() + HELLO + STOP], "chat")
    assert fold(messages).text == "Hello"
    assert parser.bad_events == 1


# Background responses


def background(first: int, *texts: str, end: bool = False) -> bytes:
    response: dict[str, JsonValue] = {"id": "resp_1", "background": True, "status": "queued"}
    rows: list[dict[str, JsonValue]] = []
    if first == 0:
        rows.append({"type": "response.queued", "response": response})
    rows += [{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": t} for t in texts]
    if end:
        item: JsonValue = {"type": "message", "content": [{"type": "output_text", "text": "Hello world"}]}
        call: JsonValue = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
        rows.append({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hello world"})
        rows.append({"type": "response.output_item.done", "output_index": 0, "item": item})
        rows.append({"type": "response.completed", "response": {"status": "completed", "output": [item, call]}})
    frames = [json.dumps({**row, "sequence_number": first + n}) for n, row in enumerate(rows)]
    return "".join(f"data: {frame}\n\n" for frame in frames).encode()


def test_a_background_response_says_where_it_goes_on() -> None:
    (error,) = fold(run([background(0, "Hel", "lo")], "responses")[0]).errors
    assert error.resume == ResumePoint("resp_1", 2)
    assert error.partial


def test_a_foreground_response_does_not() -> None:
    stream = background(0, "Hel").replace(b"true", b"false").replace(b"response.queued", b"response.created")
    (error,) = fold(run([stream], "responses")[0]).errors
    assert error.resume is None


GONE = Failure("network", "gone")


def broken_off(*head: bytes) -> tuple[list[Message], StreamParser]:
    """A background response whose connection broke, ready to go on."""
    parser = StreamParser("openai", StreamOptions("responses"))
    messages = [message for chunk in head for message in parser.feed(chunk)] + parser.fail(GONE)
    assert isinstance(messages[-1], StreamError) and messages[-1].resume
    parser.resume()
    return messages[:-1], parser


@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_a_resumed_response_loses_and_doubles_nothing(overlap: int) -> None:
    before, tail = broken_off(background(0, "Hel", "lo"))
    rest = background(0, "Hel", "lo", " world", end=True).split(b"\n\n")[3 - overlap :]
    folded = fold(before + tail.feed(b"\n\n".join(rest)) + tail.close())
    assert folded.text == "Hello world"
    assert [(call.id, call.complete) for call in folded.calls] == [("c", True)]
    assert folded.done == [Done("toolUse", "completed", response_id="resp_1")]


@pytest.mark.parametrize("texts", [(), (" wor",), (" world",)])
def test_a_tail_brings_what_its_deltas_do_not(texts: tuple[str, ...]) -> None:
    before, tail = broken_off(background(0, "Hel", "lo"), b'data: {"type": "response.outp')
    assert fold(before + tail.feed(background(3, *texts, end=True)) + tail.close()).text == "Hello world"


@pytest.mark.parametrize("texts", [("Hel",), ("H",), ("lo",)])
def test_a_recorded_tail_does_not_repeat_what_began_before_it(texts: tuple[str, ...]) -> None:
    """Also where the tail's own deltas happen to be the beginning of the whole text."""
    assert fold(run([background(3, *texts, end=True)], "responses")[0]).text == "".join(texts)


def test_an_item_that_begins_in_a_recorded_tail_is_completed_there() -> None:
    added = {"type": "response.output_item.added", "sequence_number": 3, "output_index": 0, "item": {"type": "message"}}
    data = f"data: {json.dumps(added)}\n\n".encode() + background(4, "Hel", end=True)
    assert fold(run([data], "responses")[0]).text == "Hello world"


def test_a_tail_that_breaks_again_can_be_resumed_again() -> None:
    _, tail = broken_off(background(0, "Hel", "lo"))
    (error,) = fold(tail.feed(background(3, " wor")) + tail.fail(GONE)).errors
    assert (error.kind, error.partial, error.resume) == ("stream_interrupted", True, ResumePoint("resp_1", 3))


@pytest.mark.parametrize("halves", [("Hello \ud83d", "\ude00 world"), ('{"type":"reasoning",', '"text":"hm"}Hello')])
def test_what_a_break_cut_in_two_is_put_together(halves: tuple[str, str]) -> None:
    whole = fold(run([background(0, *halves), background(3, end=True)], "responses")[0])
    before, tail = broken_off(background(0, halves[0]))
    resumed = fold(before + tail.feed(background(2, halves[1]) + background(3, end=True)) + tail.close())
    assert (resumed.text, resumed.reasoning) == (whole.text, whole.reasoning)
    assert "\ufffd" not in resumed.text


def test_a_call_that_a_break_cut_in_two_goes_on() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    kinds = ["output_item.added", "function_call_arguments.delta", "function_call_arguments.delta", "output_item.done"]
    more: list[dict[str, JsonValue]] = [
        {"item": {**item}},
        {"delta": '{"a":"\ud83d'},
        {"delta": '\ude00"}'},
        {"item": {**item, "arguments": '{"a":"😀"}'}},
    ]
    frames = [
        f"data: {json.dumps({'type': f'response.{kind}', 'sequence_number': n, 'output_index': 0, **fields})}\n\n"
        for n, (kind, fields) in enumerate(zip(kinds, more, strict=True), start=1)
    ]
    before, tail = broken_off(background(0), "".join(frames[:2]).encode())
    messages = before + tail.feed("".join(frames[2:]).encode())
    assert [m.text for m in messages if isinstance(m, FunctionCallDelta)] == ["", '{"a":"', '😀"}']
    assert [m.arguments for m in messages if isinstance(m, FunctionCall)] == [{"a": "😀"}]


def test_a_page_in_place_of_the_tail_is_another_break() -> None:
    _, tail = broken_off(background(0, "Hel"))
    (error,) = fold(tail.feed(b"<html><title>Bad Gateway</title></html>") + tail.close()).errors
    assert (error.kind, error.resume) == ("stream_interrupted", ResumePoint("resp_1", 1))


def test_a_resumable_break_leaves_calls_open() -> None:
    added = {
        "type": "response.output_item.added",
        "sequence_number": 1,
        "output_index": 0,
        "item": {"type": "function_call", "call_id": "c", "name": "f"},
    }
    messages, _ = run([background(0), f"data: {json.dumps(added)}\n\n".encode()], "responses")
    assert not any(isinstance(message, FunctionCall) for message in messages)
    messages, _ = run([f"data: {json.dumps(added)}\n\n".encode()], "responses")
    assert [message.type for message in messages] == ["function_call_delta", "function_call", "error"]


def test_a_cancelled_response() -> None:
    event = b'data: {"type":"response.cancelled","response":{"status":"cancelled"}}\n\n'
    assert run([event], "responses")[0] == [Done("cancelled", "cancelled")]
