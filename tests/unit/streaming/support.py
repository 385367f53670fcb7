"""Recorded streams, what they must decode to, and the ways their bytes can be mangled without changing that."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from maestro.streaming.messages import (
    Content,
    Done,
    FunctionCall,
    FunctionCallDelta,
    Message,
    Reasoning,
    StreamError,
    UsageReport,
    Wire,
)
from maestro.streaming.parser import StreamOptions, StreamParser
from maestro_protocol.base import JsonObject

ROOT = Path(__file__).parents[3]
OWN = ROOT / "tests" / "fixtures" / "streams"
SHARED = ROOT.parent / "shared" / "fixtures" / "streams"


@dataclass(frozen=True)
class Recording:
    name: str
    wire: Wire
    path: Path
    expected: dict[str, JsonValue] = field(repr=False)

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


def recordings(folder: Path) -> list[Recording]:
    """Every stream of a folder that has an expected result."""
    found = []
    for expected in sorted(folder.glob("*/*.expected.json")):
        stem = expected.name.removesuffix(".expected.json")
        path = expected.with_name(f"{stem}.sse")
        wire = _wire(expected.parent.name, stem)
        if not path.exists():
            path, wire = expected.with_name(f"{stem}.json"), "geminiArray"
        if stem != "models_list":
            name = f"{expected.parent.name}/{stem}"
            found.append(Recording(name, wire, path, json.loads(expected.read_text("utf-8"))))
    return found


def _wire(folder: str, stem: str) -> Wire:
    wires: dict[str, Wire] = {
        "messages": "messages",
        "anthropic": "messages",
        "gemini": "gemini",
        "geminiArray": "geminiArray",
        "responses": "responses",
    }
    return "responses" if stem.startswith(("responses_", "openrouter_responses")) else wires.get(folder, "chat")


def parse(chunks: list[bytes], wire: Wire) -> list[Message]:
    """All messages of one stream."""
    return run(chunks, wire)[0]


def run(chunks: list[bytes], wire: Wire) -> tuple[list[Message], StreamParser]:
    parser = StreamParser("any", StreamOptions(wire))
    messages = [message for chunk in chunks for message in parser.feed(chunk)]
    return messages + parser.close(), parser


@dataclass
class Folded:
    """What a reader has in the end."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    announced: list[str] = field(default_factory=list)
    calls: list[FunctionCall] = field(default_factory=list)
    usage: UsageReport | None = None
    errors: list[StreamError] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)

    @property
    def shown(self) -> bool:
        return bool(self.text or self.reasoning or self.refusal or self.announced)


def fold(messages: list[Message]) -> Folded:
    """Adds the messages up, and checks what holds for every stream."""
    folded = Folded()
    for message in messages:
        match message:
            case Content(text, refusal):
                assert text
                if refusal:
                    folded.refusal += text
                else:
                    folded.text += text
            case Reasoning(text):
                folded.reasoning += text
            case FunctionCallDelta(id=id):
                folded.announced.append(id)
            case FunctionCall():
                assert message.id in folded.announced, "a call is announced before it is closed"
                assert message.complete == (message.arguments is not None)
                folded.calls.append(message)
            case UsageReport():
                folded.usage = message
            case StreamError():
                folded.errors.append(message)
            case Done():
                folded.done.append(message)
    (folded.text + folded.reasoning + folded.refusal).encode()  # no lone surrogates
    assert len(folded.errors) <= 1
    assert messages and isinstance(messages[-1], Done | StreamError)
    return folded


def random_splits(data: bytes, seed: int) -> list[bytes]:
    source = random.Random(seed)
    cuts = sorted(source.sample(range(len(data) + 1), min(len(data) // 7 + 1, 40)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def single_bytes(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def with_comments(data: bytes) -> bytes:
    data = re.sub(rb"(\r?\n)\r?\n", rb"\g<0>: keep-alive\1\1", data)
    return b": first\n\n" + re.sub(rb"\n(data|event):", rb"\n:\n\1:", data)


def boundaries(data: bytes) -> Iterator[int]:
    """Ends of events, but for the last."""
    ends = [found.end() for found in re.finditer(rb"\r?\n\r?\n", data)]
    yield from (end for end in ends if data[end:].strip())


_TERMINAL: dict[Wire, bytes] = {
    "chat": rb'"finish_reason": ?"|\[DONE\]',
    "responses": rb'"type": ?"response\.(completed|incomplete|failed|cancelled)"',
    "messages": rb'"type": ?"message_stop"',
    "gemini": rb'"(finish|block)Reason": ?"',
    "geminiArray": rb'"(finish|block)Reason": ?"',
}


def has_terminal(data: bytes, wire: Wire) -> bool:
    """Whether these bytes hold what ends an answer of this wire."""
    return re.search(_TERMINAL[wire], data) is not None


def usage_fields(report: UsageReport | None) -> JsonObject | None:
    if report is None:
        return None
    names = ("inputTokens", "cacheReadTokens", "cacheWriteTokens", "outputTokens", "reasoningTokens", "totalTokens")
    wire = report.usage.to_wire()
    return {name: wire[name] for name in names}
