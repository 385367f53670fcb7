"""Simulated events have the fields of recorded ones: none is missing, none is made up."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.simulators.asking import QUESTIONS, Question
from tests.simulators.fixtures import simulate
from tests.simulators.replies import Script, Tokens, ToolCall

pytestmark = pytest.mark.asyncio

RECORDINGS = Path(__file__).parents[3] / "shared" / "fixtures" / "streams"
FREE = (".args", ".input", ".tools", ".parameters")
"""Below these the fields are the request's own."""
NEWER = {
    ".response.usage.input_tokens_details.cache_write_tokens",
    ".usage.prompt_tokens_details",
    ".usage.prompt_tokens_details.cached_tokens",
    ".usage.output_tokens_details",
    ".usage.output_tokens_details.thinking_tokens",
    ".usageMetadata.cachedContentTokenCount",
    ".obfuscation",
}
"""Documented, but younger or rarer than the recordings."""

SCRIPT = Script(
    text="Hello there",
    reasoning="think a bit",
    tool_calls=(ToolCall("get_weather", '{"city": "Paris"}'),),
    tokens=Tokens(50, 20, 10, 5),
)
CHAT = Question(
    "/v1/chat/completions",
    QUESTIONS["openai"].headers,
    {"model": "gpt-4o", "messages": [], "stream": True, "stream_options": {"include_usage": True}},
).with_body(messages=[{"role": "user", "content": "x"}])


def _fields(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict) and not path.endswith(FREE):
        for key, inner in value.items():
            yield f"{path}.{key}"
            yield from _fields(inner, f"{path}.{key}")
    elif isinstance(value, list) and not path.endswith(FREE):
        for inner in value:
            yield from _fields(inner, f"{path}[]")


def _events(streams: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
    """(type, fields) of each event."""
    for stream in streams:
        for line in stream.splitlines():
            name, _, data = line.strip().partition(":")
            if name == "data" and data.strip().startswith("{"):
                event = json.loads(data)
                yield event.get("type", event.get("object", "")), set(_fields(event))


@pytest.mark.parametrize(
    ("name", "question", "pattern"),
    [
        ("openai", QUESTIONS["openai"], "openai/responses_*.sse"),
        ("openai", CHAT, "openai/chat_*.sse"),
        ("anthropic", QUESTIONS["anthropic"], "anthropic/*.sse"),
        ("gemini", QUESTIONS["gemini"], "gemini/*.sse"),
    ],
)
async def test_fields(name: str, question: Question, pattern: str) -> None:
    recorded: dict[str, list[set[str]]] = {}
    for kind, fields in _events(file.read_text() for file in RECORDINGS.glob(pattern)):
        recorded.setdefault(kind, []).append(fields)
    if not recorded:
        pytest.skip(f"no recorded streams in {RECORDINGS}")
    async with simulate(name, always=SCRIPT) as sim, httpx.AsyncClient(headers=question.headers) as client:
        reply = await client.post(sim.base_url + question.path, json=question.body)
    simulated: dict[str, set[str]] = {}
    for kind, fields in _events([reply.text]):
        simulated.setdefault(kind, set()).update(fields)
    assert simulated
    for kind, fields in simulated.items():
        known = recorded[kind]
        assert fields - NEWER <= {field for one in known for field in one}, f"{kind}: made up"
        assert set.intersection(*known) <= fields, f"{kind}: missing"
