"""Our server as an editor sees it, for measurements: initialised, with one session per wire."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maestro_protocol.base import JsonObject
from tests.bench.harness import Child, environment

MAESTRO = Path(sys.executable).with_name("maestro")
INITIALIZE: JsonObject = {"processId": None, "rootUri": None, "capabilities": {}}


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire: how our server and a bare client ask for a stream on it."""

    name: str
    service: str
    """The simulator that speaks it."""
    provider: str
    model: str
    base_path: str
    path: str
    headers: JsonObject
    body: JsonObject

    def variables(self, base_url: str) -> dict[str, str]:
        """What points our server to the simulator."""
        return {f"MAESTRO_PROVIDERS__{self.provider.upper()}__BASE_URL": base_url + self.base_path}

    def order(self, base_url: str) -> JsonObject:
        """What a peer needs to ask the same."""
        return {
            "wire": self.name,
            "model": self.model,
            "baseUrl": base_url + self.base_path,
            "url": base_url + self.base_path + self.path,
            "headers": self.headers,
            "body": self.body,
        }


_ASKED: list[JsonObject] = [{"role": "user", "content": "Go"}]
_BEARER: JsonObject = {"authorization": "Bearer sk-simulated"}
WIRES = (
    Wire(
        name="responses",
        service="openai",
        provider="openai",
        model="gpt-5.5",
        base_path="/v1",
        path="/responses",
        headers=_BEARER,
        body={"model": "gpt-5.5", "input": _ASKED, "stream": True, "store": False},
    ),
    Wire(
        name="chat",
        service="compatible",
        provider="vllm",
        model="acme-1",
        base_path="/v1",
        path="/chat/completions",
        headers=_BEARER,
        body={"model": "acme-1", "messages": _ASKED, "stream": True, "stream_options": {"include_usage": True}},
    ),
    Wire(
        name="messages",
        service="anthropic",
        provider="anthropic",
        model="claude-sonnet-5",
        base_path="",
        path="/v1/messages",
        headers={"x-api-key": "sk-simulated", "anthropic-version": "2023-06-01"},
        body={"model": "claude-sonnet-5", "max_tokens": 4096, "messages": _ASKED, "stream": True},
    ),
    Wire(
        name="gemini",
        service="gemini",
        provider="gemini",
        model="gemini-2.5-flash",
        base_path="",
        path="/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        headers={"x-goog-api-key": "sk-simulated"},
        body={"contents": [{"role": "user", "parts": [{"text": "Go"}]}]},
    ),
)
RESPONSES = WIRES[0]


class Maestro(Child):
    """`maestro lsp --stdio`."""

    def __init__(self, home: Path, variables: Mapping[str, str] | None = None) -> None:
        super().__init__([MAESTRO, "lsp", "--stdio"], environment(home, variables))

    def initialize(self) -> None:
        self.request("initialize", INITIALIZE)
        self.notify("initialized", {})

    def sign_in(self, wire: Wire) -> None:
        """A session for the wire's provider."""
        session: JsonObject = {"provider": wire.provider, "authType": "api_key", "name": wire.name}
        self.request("maestro/session/create", {**session, "apiKey": "sk-simulated"})

    def ask(self, wire: Wire, token: str = "stream") -> int:
        """Begin a turn whose events come on `token`; the request's id."""
        params: JsonObject = {"model": f"{wire.provider}/{wire.model}", "messages": _ASKED, "partialResultToken": token}
        return self.start("maestro/chat/complete", {**params, "sessionId": wire.name})


def text_in(message: JsonObject) -> str:
    """The text of a `text.delta`, else nothing."""
    value = message["params"].get("value", {}) if message.get("method") == "$/progress" else {}
    return str(value["text"]) if value.get("type") == "text.delta" else ""
