"""How a test of the simulators asks one question of each service, by hand and without any SDK."""

from dataclasses import dataclass
from typing import Any

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
