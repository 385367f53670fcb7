"""What is told to OpenTelemetry, and what never is."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes
from opentelemetry.trace import SpanKind, StatusCode

from maestro.errors import MaestroError
from maestro.telemetry import Telemetry
from maestro_protocol.chat import Usage
from maestro_protocol.settings import Settings
from tests.unit.loopback import Peer, loopback

CANARY = "canary-0123456789"
USAGE = Usage(input_tokens=10, cache_read_tokens=4, cache_write_tokens=2, output_tokens=7, total_tokens=23)
NAMES = {
    value
    for module in (gen_ai_attributes, error_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
}
pytestmark = pytest.mark.asyncio


def settings(*, capture: bool = False, on: bool = True) -> Settings:
    return Settings.from_wire({"telemetry": {"openTelemetry": on, "captureContent": capture}})


class Memory:
    """Telemetry into memory, and what it warned of."""

    def __init__(self, used: Callable[[], Settings], exporter: Callable[[], SpanExporter] | None = None) -> None:
        self.spans = InMemorySpanExporter()
        self.warnings: list[str] = []
        self.telemetry = Telemetry(used, self.warnings.append, exporter or (lambda: self.spans))

    async def finished(self) -> Sequence[ReadableSpan]:
        await self.telemetry.aclose(20)
        return self.spans.get_finished_spans()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def one_turn(telemetry: Telemetry) -> None:
    with telemetry.turn("gemini", "gemini-x", "chat_1") as turn:
        turn.asked(f"question {CANARY}")
        with telemetry.tool("read_file", "call_1") as tool:
            tool.asked({"path": CANARY})
            tool.ended(f"content {CANARY}", failed=True)
        turn.answered(f"answer {CANARY}")
        turn.ended("endTurn", USAGE)


async def test_a_turn_and_its_tools_are_spans_by_the_conventions() -> None:
    memory = Memory(settings)
    one_turn(memory.telemetry)
    tool, turn = await memory.finished()
    assert (turn.name, turn.kind, turn.status.status_code) == ("chat gemini-x", SpanKind.CLIENT, StatusCode.UNSET)
    assert attributes(turn) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-x",
        "gen_ai.conversation.id": "chat_1",
        "gen_ai.response.finish_reasons": ("endTurn",),
        "gen_ai.usage.input_tokens": 16,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_creation.input_tokens": 2,
    }
    assert (tool.name, tool.kind, tool.status.status_code) == (
        "execute_tool read_file",
        SpanKind.INTERNAL,
        StatusCode.ERROR,
    )
    assert attributes(tool) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "read_file",
        "gen_ai.tool.call.id": "call_1",
        "error.type": "toolFailed",
    }
    assert turn.context
    assert tool.parent
    assert (tool.parent.span_id, turn.parent) == (turn.context.span_id, None)
    assert turn.start_time <= tool.start_time <= tool.end_time <= turn.end_time  # type: ignore[operator]
    assert {*attributes(turn), *attributes(tool)} <= NAMES
    assert turn.resource.attributes["service.name"] == "maestro"


async def test_content_is_captured_only_when_asked_for_and_without_secrets() -> None:
    memory = Memory(lambda: settings(capture=True))
    with memory.telemetry.turn("openai", "m") as turn:
        turn.asked("my key is sk-ant-api03-abcdefghijkl")
        with memory.telemetry.tool("t") as tool:
            tool.asked({"path": "a.py"})
            tool.ended("found")
        turn.answered("thanks")
    tool_span, turn_span = await memory.finished()
    said = attributes(turn_span)
    assert json.loads(said["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "my key is [redacted]"}]}
    ]
    assert json.loads(said["gen_ai.output.messages"])[0]["parts"][0]["content"] == "thanks"
    assert attributes(tool_span)["gen_ai.tool.call.arguments"] == '{"path": "a.py"}'
    assert attributes(tool_span)["gen_ai.tool.call.result"] == "found"
    assert {*said, *attributes(tool_span)} <= NAMES


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MaestroError("rateLimited", f"Too many requests, {CANARY}."), "rateLimited"),
        (asyncio.CancelledError(CANARY), "cancelled"),
        (ValueError(CANARY), "ValueError"),
    ],
)
async def test_a_failure_is_a_word(error: BaseException, expected: str) -> None:
    memory = Memory(settings)
    with pytest.raises(type(error)), memory.telemetry.turn("openai", "m"):
        raise error
    (span,) = await memory.finished()
    assert (attributes(span)["error.type"], span.status.status_code) == (expected, StatusCode.ERROR)
    assert CANARY not in span.to_json()


async def test_turns_at_the_same_time_keep_their_tools() -> None:
    memory = Memory(settings)
    begun = asyncio.Barrier(3)

    async def turn(name: str) -> None:
        with memory.telemetry.turn("openai", name):
            await begun.wait()
            await asyncio.create_task(call(name))

    async def call(name: str) -> None:
        with memory.telemetry.tool(name):
            await begun.wait()

    await asyncio.gather(*(turn(name) for name in "abc"))
    spans = await memory.finished()
    turns = {span.context.span_id: span.name[-1] for span in spans if span.parent is None and span.context}
    tools = {span.name[-1]: turns[span.parent.span_id] for span in spans if span.parent}
    assert tools == {"a": "a", "b": "b", "c": "c"}


async def test_a_tool_that_outlives_its_turn_stands_alone() -> None:
    memory = Memory(settings)
    with memory.telemetry.turn("openai", "m"):
        tool = memory.telemetry.tool("late")
    with tool, memory.telemetry.tool("outside"):
        pass
    assert sorted(span.name for span in await memory.finished() if span.parent is None) == [
        "chat m",
        "execute_tool late",
        "execute_tool outside",
    ]


async def test_turned_off_nothing_is_made() -> None:
    memory = Memory(lambda: settings(on=False))
    before = threading.active_count()
    assert memory.telemetry.turn("openai", "a") is memory.telemetry.turn("openai", "b")
    one_turn(memory.telemetry)
    assert threading.active_count() == before
    assert await memory.finished() == ()


async def test_opentelemetry_is_imported_only_when_turned_on() -> None:
    script = (
        "import asyncio, sys\n"
        "from maestro.telemetry import Telemetry\n"
        "from maestro_protocol.settings import Settings\n"
        "async def main():\n"
        "    telemetry = Telemetry(lambda: Settings(), print)\n"
        "    with telemetry.turn('openai', 'm'), telemetry.tool('t'):\n"
        "        pass\n"
        "    await telemetry.aclose()\n"
        "asyncio.run(main())\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('opentelemetry', 'requests')])\n"
    )
    command = [sys.executable, "-c", script]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_turning_it_on_and_off_is_followed() -> None:
    used = [settings(on=False)]
    memory = Memory(lambda: used[0])
    for on in (False, True, False):
        used[0] = settings(on=on)
        with memory.telemetry.turn("openai", f"m-{on}"):
            pass
    assert [span.name for span in await memory.finished()] == ["chat m-True"]


async def test_without_the_extra_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    memory = Memory(settings)
    for _ in range(3):
        one_turn(memory.telemetry)
    await memory.telemetry.aclose(20)
    one_turn(memory.telemetry)
    (warning,) = memory.warnings
    assert "pip install 'the-maestro[otel]'" in warning


async def test_an_exporter_that_cannot_be_made_is_told_once() -> None:
    def exporter() -> SpanExporter:
        raise ValueError(CANARY)

    memory = Memory(settings, exporter)
    one_turn(memory.telemetry)
    await memory.telemetry.aclose(20)
    (warning,) = memory.warnings
    assert "OTEL_ variables" in warning
    assert CANARY not in warning


async def test_an_exporter_that_fails_or_hangs_disturbs_nobody() -> None:
    asked, release = threading.Event(), threading.Event()

    class Stuck(InMemorySpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            asked.set()
            release.wait(20)
            raise ConnectionError(CANARY)

    memory = Memory(settings, Stuck)
    for _ in range(600):  # more than a batch
        one_turn(memory.telemetry)
    await asyncio.to_thread(asked.wait, 20)
    loop = asyncio.get_running_loop()
    before = loop.time()
    await memory.telemetry.aclose(0.05)
    assert loop.time() - before < 5
    release.set()
    assert memory.warnings == []


@asynccontextmanager
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[bytes]]:
    """A collector on this machine, and what it was sent."""
    bodies: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            request = await peer.receive()
            assert (request.method, request.path) == ("POST", "/v1/traces")
            bodies.append(request.body)
            await peer.reply(200, b"", content_type="application/x-protobuf")

    async with loopback(script) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        yield bodies


@pytest.mark.parametrize("capture", [False, True])
async def test_a_collector_gets_the_spans_and_no_content_unless_captured(
    monkeypatch: pytest.MonkeyPatch, capture: bool
) -> None:
    async with receiver(monkeypatch) as bodies:
        telemetry = Telemetry(lambda: settings(capture=capture), lambda warning: pytest.fail(warning))
        one_turn(telemetry)
        await telemetry.aclose(20)
    (body,) = bodies
    spans = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    assert sorted(span.name for span in spans) == ["chat gemini-x", "execute_tool read_file"]
    assert (CANARY.encode() in body) is capture
