"""Valid streams made from what they should mean, read back at any chunking, for every wire."""

import json
from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.streaming.messages import Wire
from tests.unit.streaming.support import fold, parse

Event: TypeAlias = dict[str, JsonValue]


@dataclass
class Piece:
    kind: str
    """`text`, `reasoning` or `call`."""
    parts: list[str]
    arguments: dict[str, JsonValue]


any_text = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12)
words = any_text.filter(lambda text: not text.lstrip().startswith("{"))
values = st.recursive(st.none() | st.booleans() | st.integers(-(10**9), 10**9) | any_text, st.lists, max_leaves=4)
arguments = st.dictionaries(any_text, values, max_size=3)
pieces = st.builds(
    Piece, st.sampled_from(["text", "reasoning", "call"]), st.lists(words, min_size=1, max_size=4), arguments
)
answers = st.lists(pieces, max_size=5)


def halves(piece: Piece) -> list[str]:
    raw = json.dumps(piece.arguments)
    return [raw[: len(raw) // 2], raw[len(raw) // 2 :]]


def chat(answer: list[Piece]) -> list[Event]:
    events: list[Event] = []
    for number, piece in enumerate(answer):
        deltas: list[Event]
        if piece.kind == "call":
            fragments = [{"index": number, "function": {"arguments": half}} for half in halves(piece)]
            fragments[0].update(id=f"c{number}", function={"name": "f", "arguments": halves(piece)[0]})
            deltas = [{"tool_calls": [fragment]} for fragment in fragments]  # type: ignore[list-item]
        else:
            field = "content" if piece.kind == "text" else "reasoning_content"
            deltas = [{field: part} for part in piece.parts]
        events += [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    return [*events, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]


def responses(answer: list[Piece]) -> list[Event]:
    events: list[Event] = [{"type": "response.created", "response": {"id": "r", "output": []}}]
    for number, piece in enumerate(answer):
        whole, at = "".join(piece.parts), {"output_index": number, "item_id": "i"}
        item: Event
        if piece.kind == "call":
            item = {"type": "function_call", "call_id": f"c{number}", "name": "f", "arguments": ""}
            kind, parts = "response.function_call_arguments.delta", halves(piece)
            done: Event = {**item, "arguments": "".join(parts)}
        elif piece.kind == "text":
            item = {"type": "message", "content": []}
            kind, parts = "response.output_text.delta", piece.parts
            done = {**item, "content": [{"type": "output_text", "text": whole}]}
        else:
            item = {"type": "reasoning", "summary": []}
            kind, parts = "response.reasoning_summary_text.delta", piece.parts
            done = {**item, "summary": [{"type": "summary_text", "text": whole}]}
        events.append({"type": "response.output_item.added", **at, "item": item})
        events += [{"type": kind, **at, "content_index": 0, "summary_index": 0, "delta": part} for part in parts]
        events.append({"type": "response.output_item.done", **at, "item": done})
    return [*events, {"type": "response.completed", "response": {"status": "completed", "output": []}}]


def messages(answer: list[Piece]) -> list[Event]:
    events: list[Event] = [{"type": "message_start", "message": {"id": "m", "content": []}}]
    for index, piece in enumerate(answer):
        block: Event
        deltas: list[Event]
        if piece.kind == "call":
            block = {"type": "tool_use", "id": f"c{index}", "name": "f", "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": half} for half in halves(piece)]
        elif piece.kind == "text":
            block = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": part} for part in piece.parts]
        else:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": part} for part in piece.parts]
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    return [*events, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]


def gemini(answer: list[Piece]) -> list[Event]:
    events: list[Event] = []
    for number, piece in enumerate(answer):
        parts: list[JsonValue]
        if piece.kind == "call":
            parts = [{"functionCall": {"id": f"c{number}", "name": "f", "args": piece.arguments}}]
        else:
            thought: Event = {"thought": True} if piece.kind == "reasoning" else {}
            parts = [{"text": part, **thought} for part in piece.parts]
        events += [{"candidates": [{"content": {"role": "model", "parts": [part]}}]} for part in parts]
    return [*events, {"candidates": [{"finishReason": "STOP"}]}]


def sse(events: list[Event], *, ascii_only: bool, named: bool, end: str) -> bytes:
    frames = []
    for event in events:
        name = f"event: {event['type']}{end}" if named and "type" in event else ""
        frames.append(f"{name}data: {json.dumps(event, ensure_ascii=ascii_only)}{end}{end}")
    return "".join(frames).encode()


def check(answer: list[Piece], data: bytes, wire: Wire, cuts: list[int]) -> None:
    ends = sorted(cut % (len(data) + 1) for cut in cuts)
    folded = fold(parse([data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)], wire))
    assert folded.text == "".join("".join(piece.parts) for piece in answer if piece.kind == "text")
    assert folded.reasoning == "".join("".join(piece.parts) for piece in answer if piece.kind == "reasoning")
    calls = [(f"c{n}", piece.arguments) for n, piece in enumerate(answer) if piece.kind == "call"]
    assert [(call.id, call.arguments) for call in folded.calls] == calls
    assert [done.stop_reason for done in folded.done] == ["toolUse" if calls else "endTurn"]


cuts = st.lists(st.integers(0, 100_000), max_size=12)
ends = st.sampled_from(["\n", "\r\n", "\r"])


@settings(deadline=None)
@given(answers, cuts, ends, st.booleans(), st.booleans())
def test_chat(answer: list[Piece], cuts: list[int], end: str, ascii_only: bool, done: bool) -> None:
    data = sse(chat(answer), ascii_only=ascii_only, named=False, end=end)
    check(answer, data + (f"data: [DONE]{end}{end}".encode() if done else b""), "chat", cuts)


@settings(deadline=None)
@given(answers, cuts, ends, st.booleans())
def test_responses(answer: list[Piece], cuts: list[int], end: str, ascii_only: bool) -> None:
    events = [{**event, "sequence_number": number} for number, event in enumerate(responses(answer))]
    check(answer, sse(events, ascii_only=ascii_only, named=True, end=end), "responses", cuts)


@settings(deadline=None)
@given(answers, cuts, ends, st.booleans(), st.booleans())
def test_messages(answer: list[Piece], cuts: list[int], end: str, ascii_only: bool, named: bool) -> None:
    check(answer, sse(messages(answer), ascii_only=ascii_only, named=named, end=end), "messages", cuts)


@settings(deadline=None)
@given(answers, cuts, ends, st.booleans())
def test_gemini(answer: list[Piece], cuts: list[int], end: str, ascii_only: bool) -> None:
    check(answer, sse(gemini(answer), ascii_only=ascii_only, named=False, end=end), "gemini", cuts)


@settings(deadline=None)
@given(answers, cuts, st.sampled_from([None, 2]), st.booleans())
def test_gemini_array(answer: list[Piece], cuts: list[int], indent: int | None, ascii_only: bool) -> None:
    data = json.dumps(gemini(answer), ensure_ascii=ascii_only, indent=indent).encode()
    check(answer, data, "geminiArray", cuts)


FIELDS = (
    "type choices delta content tool_calls function index id usage error item response output_index candidates parts "
    "functionCall partialArgs message content_block text arguments reasoning_details summary finish_reason name "
    "finishReason promptFeedback refusal thinking jsonPath stringValue args"
).split()
KINDS = (
    "response.output_text.delta response.output_item.added response.output_item.done response.completed "
    "response.failed response.function_call_arguments.done content_block_start content_block_delta "
    "content_block_stop message_start message_delta error"
).split()
odd_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
odd_events = st.lists(st.dictionaries(st.sampled_from(FIELDS), odd_values, max_size=5), max_size=4)


@settings(deadline=None, max_examples=300)
@given(odd_events, st.sampled_from(KINDS))
def test_no_json_breaks_a_decoder(events: list[Event], kind: str) -> None:
    for wire in ("chat", "responses", "messages", "gemini"):
        for typed in (events, [{**event, "type": kind} for event in events]):
            data = sse(typed, ascii_only=True, named=False, end="\n")
            fold(parse([data], wire))  # type: ignore[arg-type]
