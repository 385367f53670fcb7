"""How a test of the simulators asks one question of each service, by hand and without any SDK."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.simulators.gateways import GATEWAYS, Quirks
from tests.simulators.wire import Json

FRANCE = "What is the capital of France?"


@dataclass(frozen=True)
class Question:
    """A streamed generation request."""

    path: str
    headers: dict[str, str]
    body: Json

    def with_body(self, **changes: Any) -> "Question":
        return Question(self.path, self.headers, {**self.body, **changes})


_BEARER = {"authorization": "Bearer sk-simulated"}
_MESSAGES = [{"role": "user", "content": FRANCE}]
ANTHROPIC = {"x-api-key": "sk-ant-api03-simulated", "anthropic-version": "2023-06-01"}
GEMINI = {"x-goog-api-key": "AIzaSimulated"}
_CONTENTS = {"contents": [{"role": "user", "parts": [{"text": FRANCE}]}]}

QUESTIONS: dict[str, Question] = {
    "openai": Question("/v1/responses", _BEARER, {"model": "gpt-5.5", "input": FRANCE, "stream": True}),
    "anthropic": Question(
        "/v1/messages",
        ANTHROPIC,
        {"model": "claude-opus-5-5", "max_tokens": 1000, "messages": _MESSAGES, "stream": True},
    ),
    "gemini": Question("/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse", GEMINI, _CONTENTS),
    "compatible": Question(
        "/v1/chat/completions", _BEARER, {"model": "acme/large-1", "messages": _MESSAGES, "stream": True}
    ),
}


def ask_gateway(name: str) -> Question:
    """The question as this gateway takes it."""
    quirks, question = GATEWAYS[name], QUESTIONS["compatible"]
    path = quirks.base + quirks.chat_path.format(model=quote(quirks.names[0], safe=""))
    headers = question.headers if quirks.key_header == "authorization" else {quirks.key_header: "sk-simulated"}
    usage: Json = {"stream_options": {"include_usage": True}} if _reports_on_demand(quirks) else {}
    query = "?api-version=2025-04-01-preview" if quirks.api_version else ""
    return Question(path + query, headers, {**question.body, "model": quirks.names[0], **usage})


def _reports_on_demand(quirks: Quirks) -> bool:
    return quirks.stream_options and (quirks.fields is None or "stream_options" in quirks.fields)
