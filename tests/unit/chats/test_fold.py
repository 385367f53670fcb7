"""What a turn's events amount to, however its deltas were cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.chats.fold import Fold, fold
from maestro_protocol.chat import ReasoningPart, StopReason, TextPart, ToolCallPart
from maestro_protocol.conversations import Message
from maestro_protocol.events import ChatEvent, ChatReverted, ReasoningDelta, TextDelta
from tests.unit.chats.support import MOMENT, Script, Status, types


def folded(script: Script) -> list[Message]:
    return fold(script.events, MOMENT)


def shape(found: list[Message]) -> list[tuple[str, list[str], bool | None]]:
    return [(message.role, [part.type for part in message.parts], message.incomplete) for message in found]


TWO_ROUNDS = (
    Script()
    .started()
    .reasoning("Let me ")
    .reasoning("look.")
    .text("I will ")
    .text("read.")
    .call_started("a")
    .call_input("a", '{"path"')
    .call_started("b")
    .used()
    .call_ready("a", {"path": "x", "n": None})
    .call_ended("a", "content of x")
    .call_ready("b", {"path": "y"})
    .call_ended("b", "no such file", "failed")
    .text("There ", "m2")
    .text("it is.", "m2")
    .ended()
)


def test_each_round_is_an_answer_with_the_results_of_its_calls() -> None:
    first, a, b, last = folded(TWO_ROUNDS)
    assert first.parts == [
        ReasoningPart(text="Let me look."),
        TextPart(text="I will read."),
        ToolCallPart(tool_call_id="a", name="read_file", input={"path": "x", "n": None}),
        ToolCallPart(tool_call_id="b", name="read_file", input={"path": "y"}),
    ]
    assert [(m.role, m.tool_call_id, m.status) for m in (a, b)] == [("tool", "a", "completed"), ("tool", "b", "failed")]
    assert a.parts == [TextPart(text="content of x")]
    assert (first.id, last.id) == ("m1", "m2")
    assert last.parts == [TextPart(text="There it is.")]
    assert {m.turn_id for m in (first, a, b, last)} == {"turn_1"}
    assert {m.created_at for m in (first, a, b, last)} == {MOMENT}
    assert [m.incomplete for m in (first, a, b, last)] == [None] * 4
    assert len({m.id for m in (first, a, b, last)}) == 4


def test_answers_that_only_call_are_apart() -> None:
    script = Script().started()
    for name in ("a", "b"):
        script.call_started(name).call_ready(name, {"path": name}).call_ended(name)
    assert [message.role for message in folded(script.ended())] == ["assistant", "tool", "assistant", "tool"]
    together = Script().started().call_started("a").call_started("b")
    for name in ("a", "b"):
        together.call_ready(name, {}).call_ended(name)
    assert [message.role for message in folded(together.ended())] == ["assistant", "tool", "tool"]


def test_parts_stand_in_the_order_in_which_they_began() -> None:
    script = (
        Script()
        .started()
        .text("a")
        .reasoning("b")
        .call_started("c")
        .text("d", part_id="p2")
        .text("e")
        .call_ready("c", {})
    )
    (message,) = folded(script)
    assert [part.type for part in message.parts] == ["text", "reasoning", "toolCall", "text"]
    assert message.parts[0] == TextPart(text="ae")


def test_a_discarded_attempt_leaves_nothing() -> None:
    script = Script().started().text("wrong").reasoning("wrong").call_started("x").restarted().text("right").ended()
    (message,) = folded(script)
    assert (message.id, message.parts) == ("m1", [TextPart(text="right")])
    assert Fold(script.events).open_calls == []


def test_only_the_attempt_is_discarded() -> None:
    script = Script().started().text("kept").call_started("a").call_ready("a", {}).call_ended("a")
    before = folded(script)
    assert folded(script.call_started("b").restarted("m2")) == before
    assert shape(folded(script.text("then", "m2").ended())) == [
        ("assistant", ["text", "toolCall"], None),
        ("tool", ["text"], None),
        ("assistant", ["text"], None),
    ]


def test_a_discarded_attempt_that_said_nothing_takes_nothing_with_it() -> None:
    script = Script().started().call_started("a").call_ready("a", {}).call_ended("a")
    before = folded(script)
    assert [message.role for message in before] == ["assistant", "tool"]
    assert folded(script.restarted("turn_1.2")) == before


def test_an_answer_may_go_on_after_its_calls() -> None:
    script = Script().started().text("One, ").call_started("a").call_ready("a", {}).call_ended("a").text("two.").ended()
    answer, _ = folded(script)
    assert answer.parts[0] == TextPart(text="One, two.")


@pytest.mark.parametrize("stop_reason", ["interrupted", "cancelled", "error", None])
def test_an_answer_that_broke_off_is_incomplete(stop_reason: StopReason | None) -> None:
    script = Script().started().text("partial").call_started("a")
    if stop_reason is not None:
        script.ended(stop_reason)
    assert shape(folded(script)) == [("assistant", ["text"], True)]


@pytest.mark.parametrize("stop_reason", ["endTurn", "maxTokens", "refusal", "limit"])
def test_an_answer_that_ended_is_whole(stop_reason: StopReason) -> None:
    assert shape(folded(Script().started().text("all").ended(stop_reason))) == [("assistant", ["text"], None)]


@pytest.mark.parametrize("status", ["completed", "failed", "denied", "cancelled", "interrupted"])
def test_an_answer_whose_tools_were_run_is_whole_although_the_turn_is_not(status: Status) -> None:
    script = Script().started().text("so").call_started("a").call_ready("a", {"x": 1}).call_ended("a", "", status)
    assert shape(folded(script.ended("interrupted"))) == [
        ("assistant", ["text", "toolCall"], None),
        ("tool", ["text"], None),
    ]


def test_a_call_that_never_became_one_is_left_out_with_its_result() -> None:
    script = Script().started().text("so").call_started("a").call_ended("a", "", "interrupted").ended("interrupted")
    assert shape(folded(script)) == [("assistant", ["text"], True)]
    kept_elsewhere = Fold(script.events).messages(MOMENT, {"a"})
    assert [(message.role, message.status) for message in kept_elsewhere] == [
        ("assistant", None),
        ("tool", "interrupted"),
    ]


def test_a_call_that_was_refused_unread_keeps_its_answer() -> None:
    script = Script().started().call_started("a").call_ready("a", None).call_ended("a", "not JSON", "failed").ended()
    call, result = folded(script)
    assert call.parts == [ToolCallPart(tool_call_id="a", name="read_file", input={})]
    assert result.parts == [TextPart(text="not JSON")]


def test_nothing_said_is_no_message() -> None:
    assert folded(Script().started().text("").call_started("a").ended("error")) == []
    assert fold([], MOMENT) == []
    assert fold([ChatReverted(chat_id="chat_1", seq=1, through_message_id="m")], MOMENT) == []


def test_calls_without_a_result_are_open() -> None:
    script = Script().started().call_started("a").call_started("b").call_ready("a", {}).call_ended("a")
    assert Fold(script.events).open_calls == ["b"]


@st.composite
def recut(draw: st.DrawFn) -> list[ChatEvent]:
    """The events of two rounds, their deltas cut into other pieces, some of them empty."""
    found: list[ChatEvent] = []
    for event in TWO_ROUNDS.events:
        if not isinstance(event, TextDelta | ReasoningDelta):
            found.append(event)
            continue
        cuts = sorted(draw(st.lists(st.integers(0, len(event.text)), max_size=4)))
        pieces = [event.text[a:b] for a, b in zip([0, *cuts], [*cuts, len(event.text)], strict=True)]
        found += [event.model_copy(update={"text": piece}) for piece in pieces]
    return found


@given(recut())
def test_where_deltas_were_cut_makes_no_difference(events: list[ChatEvent]) -> None:
    assert fold(events, MOMENT) == folded(TWO_ROUNDS)


@given(st.integers(0, len(TWO_ROUNDS.events)))
def test_every_beginning_of_a_turn_is_told_and_grows(length: int) -> None:
    events = TWO_ROUNDS.events[:length]
    told = fold(events, MOMENT)
    whole = folded(TWO_ROUNDS)
    assert [message.id for message in told] == [message.id for message in whole[: len(told)]]
    for event in events:
        if isinstance(event, TextDelta):
            assert any(event.text in part.text for m in told for part in m.parts if isinstance(part, TextPart)), types(
                [event]
            )
