"""The coalescer: order kept, nothing lost, only neighbours of one part merged, numbers without a gap."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.services.turn_stream import FLUSH_SIZE, TurnStream
from maestro_protocol.base import WireModel
from maestro_protocol.chat import Usage
from maestro_protocol.events import TurnCompleted, TurnEventBase, TurnNotice, UsageUpdated

Step: TypeAlias = tuple[str, str, str]

LATENCY = 0.033


class Sink:
    """An outlet whose room is a switch."""

    def __init__(self) -> None:
        self.events: list[TurnEventBase] = []
        self._room = asyncio.Event()
        self._room.set()

    def send(self, event: WireModel) -> None:
        assert isinstance(event, TurnEventBase)
        self.events.append(event)

    @property
    def has_room(self) -> bool:
        return self._room.is_set()

    async def room(self) -> None:
        await self._room.wait()

    def block(self) -> None:
        self._room.clear()

    def unblock(self) -> None:
        self._room.set()


def run(scenario: Callable[[], object]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def stream(sink: Sink | None, latency: float = LATENCY, log: list[TurnEventBase] | None = None) -> TurnStream:
    on_event = None if log is None else log.append
    return TurnStream(sink, "chat_1", "turn_1", count(1).__next__, latency, on_event)


def texts(sink: Sink) -> list[str]:
    return [event.text for event in sink.events if hasattr(event, "text")]


async def turns(number: int = 2) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def end(out: TurnStream) -> None:
    out.emit(TurnCompleted, stop_reason="endTurn", usage=Usage())


def say(out: TurnStream, step: Step) -> None:
    kind, part, text = step
    match kind:
        case "text":
            out.text("m", part, text)
        case "reasoning":
            out.reasoning("m", part, text)
        case "tool":
            out.tool_input(part, text)
        case _:
            out.emit(TurnNotice, severity="info", message=text)


def identity(event: TurnEventBase) -> tuple[str, str]:
    wire = event.to_wire()
    return str(wire["type"]), str(wire.get("partId", wire.get("toolCallId", wire.get("message"))))


def expected(steps: list[Step]) -> list[tuple[str, str, str]]:
    """What must come out when neighbours of one part are merged as far as possible."""
    names = {"text": "text.delta", "reasoning": "reasoning.delta", "tool": "tool.inputDelta", "notice": "notice"}
    merged: list[tuple[str, str, str]] = []
    for kind, part, text in steps:
        name = (names[kind], text if kind == "notice" else part)
        if kind == "notice":
            merged.append((*name, ""))
        elif text and merged and merged[-1][:2] == name:
            merged[-1] = (*name, merged[-1][2] + text)
        elif text:
            merged.append((*name, text))
    return merged


def whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


SURROGATES = st.sampled_from(["\ud83d", "\ude00", "a\ud83d", "\ude00b", "🎼"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["text", "text", "text", "reasoning", "tool", "notice"]),
        st.sampled_from(["p1", "p2"]),
        st.text(max_size=5) | SURROGATES | st.just("x" * 9000),
    ),
    max_size=30,
)
MOVES = st.lists(st.sampled_from(["turn", "block", "unblock", "none", "none"]), min_size=30, max_size=30)


@given(STEPS, MOVES, st.sampled_from([0.0, LATENCY]))
@settings(deadline=None)
def test_order_is_kept_and_nothing_is_lost(steps: list[Step], moves: list[str], latency: float) -> None:
    async def scenario() -> None:
        sink, log = Sink(), list[TurnEventBase]()
        out = stream(sink, latency, log)
        for step, move in zip(steps, moves, strict=False):
            say(out, step)
            if move == "turn":
                await turns(3)
            elif move != "none":
                getattr(sink, move)()
        end(out)

        assert sink.events == log
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
        assert [isinstance(event, TurnCompleted) for event in log].index(True) == len(log) - 1
        again = [(k, p, getattr(e, "text", "")) for e in log[:-1] for k, p in [identity(e)]]
        names = {"text.delta": "text", "reasoning.delta": "reasoning", "tool.inputDelta": "tool", "notice": "notice"}
        back = expected([(names[k], "" if k == "notice" else p, p if k == "notice" else t) for k, p, t in again])
        assert [(k, p, whole(t)) for k, p, t in back] == [(k, p, whole(t)) for k, p, t in expected(steps)]

    run(scenario)


def test_deltas_of_one_loop_turn_share_an_event_and_the_first_is_due_at_once() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink)
        for word in ("a", "b", "c"):
            out.text("m", "p", word)
        assert sink.events == []
        await turns()
        assert texts(sink) == ["abc"]

    run(scenario)


def test_later_deltas_wait_for_the_latency_after_the_last_flush() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink, latency=3600)
        out.text("m", "p", "a")
        await turns()
        out.text("m", "p", "b")
        out.text("m", "p", "c")
        await turns(5)
        assert texts(sink) == ["a"]
        assert isinstance(out._timer, asyncio.TimerHandle)
        assert 3500 < out._timer.when() - asyncio.get_running_loop().time() <= 3600
        out._due()
        assert texts(sink) == ["a", "bc"]

    run(scenario)


def test_a_part_opens_at_once_and_flushes_what_stood_before() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink, latency=3600)
        out.text("m", "p1", "a")
        await turns()
        out.text("m", "p1", "b")
        out.reasoning("m", "p2", "c")
        assert texts(sink) == ["a", "b"]
        await turns()
        assert texts(sink) == ["a", "b", "c"]

    run(scenario)


def test_sixteen_kibibytes_are_due_at_once() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink, latency=3600)
        out.text("m", "p", "a")
        await turns()
        out.text("m", "p", "x" * (FLUSH_SIZE - 1))
        await turns()
        assert len(sink.events) == 1
        out.text("m", "p", "é")
        out.text("m", "p", "é")
        await turns()
        assert len(sink.events) == 2

    run(scenario)


def test_other_events_flush_first_and_go_at_once() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink, latency=3600)
        out.text("m", "p", "a")
        out.emit(UsageUpdated, usage=Usage(input_tokens=1))
        assert [event.seq for event in sink.events] == [1, 2]
        assert texts(sink) == ["a"]
        assert sink.events[0].chat_id == "chat_1" and sink.events[0].turn_id == "turn_1"

    run(scenario)


def test_a_full_queue_merges_and_stops_the_provider() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink)
        sink.block()
        out.text("m", "p", "x" * 1000)
        await turns()
        assert not out.full
        await out.pause_if_full()
        out.text("m", "p", "x" * FLUSH_SIZE)
        assert out.full
        paused = asyncio.create_task(out.pause_if_full())
        await turns(5)
        assert sink.events == [] and not paused.done()

        sink.unblock()
        await paused
        assert texts(sink) == ["x" * (FLUSH_SIZE + 1000)]
        assert not out.full

    run(scenario)


def test_waiting_events_go_when_there_is_room_without_anyone_asking() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink)
        sink.block()
        out.text("m", "p", "a")
        out.emit(TurnNotice, severity="info", message="n")
        out.tool_input("call", "{")
        waiting = out._waiting
        await turns(5)
        assert sink.events == []
        assert waiting is not None and out._waiting is waiting, "it waits, and does not ask again and again"
        sink.unblock()
        await turns(5)
        assert [identity(event)[0] for event in sink.events] == ["text.delta", "notice", "tool.inputDelta"]

    run(scenario)


def test_the_terminal_event_waits_for_nothing_and_ends_it() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink)
        sink.block()
        out.text("m", "p", "a")
        await turns()
        end(out)
        out.text("m", "p", "late")
        end(out)
        out.close()
        sink.unblock()
        await turns(5)
        assert [identity(event)[0] for event in sink.events] == ["text.delta", "turn.completed"]
        assert out._waiting is None or out._waiting.done()

    run(scenario)


def test_half_an_emoji_waits_for_the_other_half() -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink, latency=0)
        out.text("m", "p", "a\ud83d")
        await turns()
        assert texts(sink) == ["a"]
        out.text("m", "p", "\ude00b")
        await turns()
        assert texts(sink) == ["a", "😀b"]
        out.text("m", "p", "\ud83d")
        await turns()
        out.reasoning("m", "p", "c")  # nothing can complete it any more
        await turns()
        assert texts(sink) == ["a", "😀b", "\ud83d", "c"]

    run(scenario)


def test_without_an_outlet_events_are_still_numbered_and_logged() -> None:
    async def scenario() -> None:
        log: list[TurnEventBase] = []
        out = stream(None, log=log)
        out.text("m", "p", "x" * (2 * FLUSH_SIZE))
        assert not out.full
        await out.room()
        await turns()
        end(out)
        assert [event.seq for event in log] == [1, 2]

    run(scenario)


@pytest.mark.parametrize("text", ["", "a"])
def test_empty_deltas_are_nothing(text: str) -> None:
    async def scenario() -> None:
        sink = Sink()
        out = stream(sink)
        out.text("m", "p", text)
        await turns()
        assert texts(sink) == ([text] if text else [])

    run(scenario)
