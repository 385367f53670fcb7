"""Turns and calls of tools are spans where the user wants them, without what was said."""

from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from maestro.telemetry import Telemetry
from tests.simulators.replies import Script
from tests.unit.services.test_agent import call, scene

pytestmark = pytest.mark.asyncio


async def test_a_turn_and_its_calls_are_spans_without_content(tmp_path: Path) -> None:
    async with scene(tmp_path, telemetry={"openTelemetry": True}) as agent:
        exporter = InMemorySpanExporter()
        telemetry = Telemetry(lambda: agent.services.runtime.settings, agent.editor.show, lambda: exporter)
        agent.services.chats._telemetry = telemetry
        await agent.send(
            "Canary question", Script(tool_calls=(call("read_file", path="notes.md"),)), Script(text="Canary answer")
        )
        await telemetry.aclose(30)
        spans = {span.name: span for span in exporter.get_finished_spans()}
        assert set(spans) == {"chat gpt-5.5", "execute_tool read_file"}
        attributes = dict(spans["chat gpt-5.5"].attributes or {})
        assert attributes["gen_ai.conversation.id"] == agent.chat_id
        assert attributes["gen_ai.usage.output_tokens"]
        assert "anary" not in str([span.to_json() for span in spans.values()])
