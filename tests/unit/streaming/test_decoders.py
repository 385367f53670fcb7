"""The corners of the wires that no recording shows."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from pydantic import JsonValue

from maestro.costs import billed_for
from maestro.streaming.messages import Content, FunctionCallDelta, Wire
from maestro.streaming.text import join_surrogates
from maestro.streaming.wire.calls import parse_arguments, raw_arguments
from maestro.streaming.wire.partial_args import PartialArgs
from tests.unit.streaming.support import Folded, fold, parse

Event = dict[str, JsonValue]


def read(wire: Wire, *events: JsonValue) -> Folded:
    return fold(parse([f"data: {json.dumps(event)}\n\n".encode() for event in events], wire))


def delta(**fields: JsonValue) -> Event:
    return {"choices": [{"index": 0, "delta": fields}]}


def fragment(**fields: JsonValue) -> Event:
    return delta(tool_calls=[fields])


STOP: Event = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [
        ("", {}),
        (" \n", {}),
        ("null", {}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
        ('{"\\ud83d\\ude00": ["\\udc00"]}', {"😀": ["\ufffd"]}),
        ('{"a": 1,}', None),
        ('{"a": 1}{"a": 1}', None),
        ('{"a": Infinity}', None),
        ('{"a": 1e999}', None),
        ('{"a": [-1.5e999]}', None),
        ('{"a": 1.5e10}', {"a": 1.5e10}),
        ("[]", None),
        ('"{}"', None),
        ("{", None),
        ("[" * 100_000, None),
        ('{"a":' * 100_000, None),
        ('{"a":' + "9" * 5000 + "}", None),
    ],
)
def test_arguments(raw: str, arguments: JsonValue) -> None:
    assert parse_arguments(raw) == arguments


def test_raw_arguments() -> None:
    assert [raw_arguments(value) for value in ("x", None, {"é": [1]}, 5)] == ["x", "", '{"é":[1]}', "5"]


def test_lone_halves_are_replaced_and_pairs_joined() -> None:
    assert join_surrogates("a\ud83d\ude00b\ud83dc\ude00") == "a😀b\ufffdc\ufffd"


@pytest.mark.parametrize("field", ["content", "reasoning_content", "refusal"])
def test_a_half_character_waits_for_its_other_half(field: str) -> None:
    for wait in ("\ud83d", "x\ud83d"):
        whole = read("chat", delta(**{field: wait}), delta(**{field: "\ude00"}), STOP)
        lost = read("chat", delta(**{field: wait}), STOP)
        cut = read("chat", delta(**{field: wait}))
        assert whole.text + whole.reasoning + whole.refusal == wait[:-1] + "😀"
        assert lost.text + lost.reasoning + lost.refusal == wait[:-1] + "\ufffd"
        assert cut.text + cut.reasoning + cut.refusal == wait[:-1]


def test_fragments_for_display_are_encodable() -> None:
    data = [fragment(index=0, id="a", function={"name": "f", "arguments": '{"a":"\ud83d'})]
    data += [fragment(index=0, function={"arguments": '\ude00"}'}), STOP]
    messages = parse([f"data: {json.dumps(event)}\n\n".encode() for event in data], "chat")
    shown = [message.text for message in messages if isinstance(message, FunctionCallDelta)]
    assert shown == ["", '{"a":"', '😀"}']


def whole_call(name: str, arguments: str, **fields: JsonValue) -> Event:
    return {"index": 0, **fields, "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize("identity", [{"id": ""}, {}])
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("second", ["f", "g"])
def test_calls_that_share_an_index_and_have_no_id(identity: Event, at_once: bool, second: str) -> None:
    calls: list[JsonValue] = [whole_call("f", '{"x":1}', **identity), whole_call(second, '{"y":2}', **identity)]
    chunks = [delta(tool_calls=calls)] if at_once else [delta(tool_calls=[call]) for call in calls]
    folded = read("chat", *chunks, STOP)
    assert [(call.name, call.arguments) for call in folded.calls] == [("f", {"x": 1}), (second, {"y": 2})]
    assert len({call.id for call in folded.calls}) == 2


def test_the_second_of_them_may_begin_without_arguments() -> None:
    first, begun = fragment(**whole_call("f", '{"x":1}')), fragment(**whole_call("g", ""))
    folded = read("chat", first, begun, fragment(index=0, function={"arguments": '{"y":2}'}), STOP)
    assert [(call.name, call.arguments) for call in folded.calls] == [("f", {"x": 1}), ("g", {"y": 2})]


@pytest.mark.parametrize("pieces", [['{"x":', "{}", "}", ""], ['{"x":{"y":{}', "}}", " "], ["", "{}", "\n"]])
def test_a_name_in_every_fragment_begins_no_other_call(pieces: list[str]) -> None:
    folded = read("chat", *(fragment(**whole_call("f", piece)) for piece in pieces), STOP)
    assert [(call.name, call.raw_arguments) for call in folded.calls] == [("f", "".join(pieces))]


def test_a_name_that_comes_after_the_id() -> None:
    folded = read("chat", fragment(index=0, id="a"), fragment(index=0, function={"name": "f", "arguments": "{}"}), STOP)
    assert [(call.id, call.name, call.complete) for call in folded.calls] == [("a", "f", True)]


def test_a_call_without_a_name_is_not_complete() -> None:
    assert [call.complete for call in read("chat", fragment(index=0, id="a"), STOP).calls] == [False]


def test_an_id_that_comes_after_the_call_began() -> None:
    later = [fragment(index=0, id="late", function={"arguments": "1}"}), fragment(index=0, id="late", function={})]
    folded = read("chat", fragment(index=0, function={"name": "f", "arguments": '{"a":'}), *later, STOP)
    assert [(call.id, call.arguments) for call in folded.calls] == [("call_0", {"a": 1})]


def test_arguments_without_any_call_are_dropped() -> None:
    folded = read("chat", fragment(function={"arguments": "{}"}), fragment(index=3, function={"arguments": "{}"}), STOP)
    assert [call.complete for call in folded.calls] == [False, False]


def test_an_error_beside_or_inside_a_choice() -> None:
    inside = {"choices": [{"index": 0, "delta": {"content": "x"}, "error": {"code": 502, "message": "Bad"}}]}
    groq: Event = {"x_groq": {"error": {"message": "Bad", "code": "server_error"}}}
    for event in (inside, groq):
        assert [error.kind for error in read("chat", event).errors] == ["server"]


def test_null_errors_are_no_errors() -> None:
    assert read("chat", {**delta(content="x"), "error": None}, {**STOP, "error": None}).text == "x"


def test_cached_tokens_of_deepseek() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}
    report = read("chat", {**STOP, "usage": usage}).usage
    assert report is not None
    assert (report.usage.input_tokens, report.usage.cache_read_tokens) == (6, 4)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", "endTurn"),
        ("CONTINUATION", "maxTokens"),
        ("MAX_TOKENS", "maxTokens"),
        ("RECITATION", "contentFilter"),
        ("IMAGE_SAFETY", "contentFilter"),
        ("SOMETHING_NEW", "contentFilter"),
    ],
)
def test_gemini_reasons(reason: str, stop: str) -> None:
    folded = read("gemini", {"candidates": [{"finishReason": reason}]})
    assert [(done.stop_reason, done.raw_stop_reason) for done in folded.done] == [(stop, reason)]


@pytest.mark.parametrize("candidates", [[], None])
def test_a_blocked_prompt_beside_no_candidates(candidates: JsonValue) -> None:
    usage: JsonValue = {"promptTokenCount": 7}
    event: Event = {"candidates": candidates, "promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage}
    folded = read("gemini", {**event, "responseId": "r"})
    assert not folded.errors
    assert [(done.stop_reason, done.raw_stop_reason, done.response_id) for done in folded.done] == [
        ("contentFilter", "SAFETY", "r")
    ]
    assert folded.usage is not None
    assert folded.usage.usage.input_tokens == 7


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE", "UNEXPECTED_TOOL_CALL"])
def test_gemini_malformed_calls_are_errors(reason: str) -> None:
    folded = read("gemini", {"candidates": [{"finishReason": reason}]})
    assert [error.kind for error in folded.errors] == ["malformed"]
    assert [done.stop_reason for done in folded.done] == ["error"]


def test_a_partial_call_that_a_new_one_cuts_off() -> None:
    first: JsonValue = {"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "c2ln"}
    second: JsonValue = {"functionCall": {"name": "g", "args": {}}}
    folded = read("gemini", {"candidates": [{"content": {"parts": [first, second]}, "finishReason": "STOP"}]})
    assert [(call.name, call.complete) for call in folded.calls] == [("f", False), ("g", True)]
    assert folded.done[0].replay is None, "the signature went with the call it signed"


def test_a_piece_of_a_call_that_never_began_is_dropped() -> None:
    folded = read("gemini", {"candidates": [{"content": {"parts": [{"functionCall": {}}, 5]}, "finishReason": "STOP"}]})
    assert not folded.calls


@pytest.mark.parametrize("path", ["", "a", "$", "$.a..b", "$.a[0].b[x]", "$.a.b", "$[0]", "$.list[99999]"])
def test_paths_that_lead_nowhere_make_the_call_unreadable(path: str) -> None:
    growing = PartialArgs({"functionCall": {"name": "f"}})
    growing.add({"jsonPath": "$.a", "numberValue": 1})
    growing.add({"jsonPath": "$.list[0]", "boolValue": False})
    assert growing.readable
    growing.add({"jsonPath": path, "stringValue": "x"})
    assert not growing.readable


@pytest.mark.parametrize("path", ["$['a b']", '$["a b"]', "$.a b"])
def test_spellings_of_a_path(path: str) -> None:
    growing = PartialArgs({"functionCall": {"name": "f"}})
    growing.add({"jsonPath": path, "nullValue": "NULL_VALUE"})
    assert growing.close() == '{"a b":null}'


ERRORS: list[Callable[[], Event]] = [
    lambda: {"error": {"message": "Bad", "code": "server_error"}},
    lambda: {"detail": "Bad"},
    lambda: {"message": "Bad"},
]


@pytest.mark.parametrize("wire", ["chat", "responses", "messages"])
@pytest.mark.parametrize("event", ERRORS)
def test_errors_without_a_type(wire: Wire, event: Callable[[], Event]) -> None:
    assert [error.message for error in read(wire, event()).errors] == ["Bad"]


def test_bytes_after_the_end_are_no_part_of_the_answer() -> None:
    stop: Event = {"type": "message_stop"}
    late: Event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "late"}}
    assert read("messages", stop, late, stop).text == ""
    done: Event = {"type": "response.completed", "response": {"status": "completed"}}
    late = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "late"}
    assert read("responses", done, late, done).text == ""
    assert parse([b"data: [DONE]\n\n" * 3], "chat")[1:] == []


def test_a_filter_that_speaks_through_an_error_ends_the_answer() -> None:
    messages = parse([b'data: {"error":{"code":"content_filter","message":"Withheld."}}\n\n'], "chat")
    assert messages[0] == Content("Withheld.", refusal=True)
    assert [done.stop_reason for done in fold(messages).done] == ["contentFilter"]


def test_an_unknown_reason_to_be_incomplete() -> None:
    event: Event = {"type": "response.incomplete", "response": {"status": "incomplete"}}
    assert [(done.stop_reason, done.raw_stop_reason) for done in read("responses", event).done] == [
        ("maxTokens", "incomplete")
    ]


def test_a_clone_that_numbers_from_one_is_no_resumed_tail() -> None:
    created: Event = {"type": "response.created", "sequence_number": 1, "response": {"id": "r"}}
    item: JsonValue = {"type": "message", "content": [{"type": "output_text", "text": "Whole"}, {"type": "new"}]}
    done: Event = {"type": "response.output_item.done", "sequence_number": 2, "output_index": 0, "item": item}
    assert read("responses", created, done, done).text == "Whole"


SAID: JsonValue = {"type": "message", "content": [{"type": "output_text", "text": "Whole"}]}
CALLED: JsonValue = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def completed(number: int, *output: JsonValue) -> Event:
    response: JsonValue = {"id": "r", "status": "completed", "output": [*output]}
    return {"type": "response.completed", "sequence_number": number, "response": response}


def test_a_clone_that_says_all_at_the_end() -> None:
    item: Event = {"type": "response.output_item.done", "sequence_number": 2, "output_index": 0, "item": SAID}
    progress: Event = {"type": "response.in_progress", "sequence_number": 1, "response": {"id": "r"}}
    for before in ([], [progress], [progress, item]):
        folded = read("responses", *before, completed(3, SAID, CALLED))
        assert folded.text == "Whole"
        assert [(call.id, call.complete) for call in folded.calls] == [("c", True)]


def test_an_event_said_twice_is_taken_once() -> None:
    text: Event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "ha"}
    events: list[Event] = [{"type": "response.created", "response": {"id": "r"}}, text, text]
    numbered: list[Event] = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    said_twice = [event for event in [*numbered, completed(3)] for _ in range(2)]
    assert read("responses", *said_twice).text == "haha"
    assert read("responses", *numbered, *numbered, completed(3)).text == "haha"


def test_numbers_that_do_not_count_tell_nothing() -> None:
    text: Event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "ha"}
    assert read("responses", *[{**text, "sequence_number": 0}] * 2, completed(0)).text == "haha"


@pytest.mark.parametrize("end", [completed(0), {"type": "error", "sequence_number": 1, "message": "Bad"}])
def test_an_end_counts_whatever_its_number(end: Event) -> None:
    text: Event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "ha"}
    folded = read("responses", {**text, "sequence_number": 5}, end)
    assert [error.message for error in folded.errors] == ([] if folded.done else ["Bad"])


def test_another_response_numbers_its_events_anew() -> None:
    text: Event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "sequence_number": 1}
    for first, second in (("r1", "r2"), ("r1", "r1")):
        began: list[Event] = [
            {"type": "response.created", "sequence_number": 0, "response": {"id": name}} for name in (first, second)
        ]
        events = [began[0], {**text, "delta": "a"}, completed(2), began[1], {**text, "delta": "b"}, completed(2)]
        assert read("responses", *events).text == "ab"


def block(kind: str, **fields: JsonValue) -> Event:
    return {"type": f"content_block_{kind}", "index": 0, **fields}


def tool(identity: str) -> Event:
    return block("start", content_block={"type": "tool_use", "id": identity, "name": "f", "input": {}})


BEGUN = block("delta", delta={"type": "input_json_delta", "partial_json": '{"a":'})
ENDED: list[Event] = [block("stop"), {"type": "message_stop"}]


@pytest.mark.parametrize("lose", [[], [{"type": "message_start", "message": {"id": "m"}}]])
def test_a_block_that_is_begun_again_ends_the_call_it_cuts_off(lose: list[Event]) -> None:
    folded = read("messages", tool("a"), BEGUN, *lose, tool("b"), *ENDED)
    assert [(call.id, call.complete) for call in folded.calls] == [("a", False), ("b", True)]
    assert folded.announced == ["a", "a", "b"]


def test_a_block_start_said_twice_begins_one_call() -> None:
    folded = read("messages", tool("a"), tool("a"), *ENDED)
    assert ([call.id for call in folded.calls], folded.announced) == (["a"], ["a"])


def test_a_paused_turn_has_not_ended() -> None:
    pause: Event = {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}}
    folded = read("messages", pause, {"type": "message_stop"})
    assert [(done.stop_reason, done.raw_stop_reason) for done in folded.done] == [("maxTokens", "pause_turn")]


def test_a_done_text_that_contradicts_what_was_shown_is_left() -> None:
    shown: Event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "abc"}
    done: Event = {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "xyz and more"}
    assert read("responses", shown, done).text == "abc"


def test_what_a_gateway_bills_goes_with_its_tokens() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.0004}
    report = read("chat", {**STOP, "usage": usage}).usage
    assert report is not None
    assert billed_for(report.usage) == Decimal("0.0004")
