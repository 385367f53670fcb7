"""All four wires, end to end: pointing a base URL at a server that speaks the real protocol is all it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.environment import environment
from tests.e2e.simulated import Simulated
from tests.e2e.turns import check_turn, complete, new_token, text_of
from tests.simulators import personas
from tests.simulators.anthropic import Anthropic
from tests.simulators.gemini import Gemini
from tests.simulators.openai import OpenAI
from tests.simulators.replies import Script, ToolCall
from tests.simulators.service import Persona

KEY = "sk-simulated-key-0000"
ANSWER = "The capital of France is Paris."


@dataclass
class Wire:
    """A provider, the simulator that plays it, and a model of it."""

    provider: str
    model: str
    simulated: Simulated
    path: str
    """What a generation's path ends with."""

    @property
    def base_url(self) -> str:
        """As `providers.<id>.baseUrl` wants it."""
        return self.simulated.url + ("/v1" if self.provider in ("openai", "groq") else "")


@pytest.fixture(scope="module")
def wires() -> Iterator[dict[str, Wire]]:
    with (
        Simulated(OpenAI()) as openai,
        Simulated(OpenAI()) as chat,
        Simulated(Anthropic()) as anthropic,
        Simulated(Gemini()) as gemini,
    ):
        yield {
            "responses": Wire("openai", "openai/gpt-5.5", openai, "/v1/responses"),
            "chat": Wire("groq", "groq/gpt-5.5", chat, "/v1/chat/completions"),
            "messages": Wire("anthropic", "anthropic/", anthropic, "/v1/messages"),
            "gemini": Wire("gemini", "gemini/", gemini, ":streamGenerateContent"),
        }


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, wires: dict[str, Wire]) -> Iterator[Client]:
    """Three providers by their vendors' variables, one by a setting."""
    variables = environment(tmp_path_factory.mktemp("home"))
    for name in ("responses", "messages", "gemini"):
        variables |= wires[name].simulated.base_urls()
    with Client(variables) as client:
        client.initialize({"settings": {"providers": {"groq": {"baseUrl": wires["chat"].base_url}}}})
        for name, wire in wires.items():
            params = {"provider": wire.provider, "authType": "api_key", "name": name, "apiKey": KEY, "validate": True}
            assert client.request("maestro/session/create", params)["type"] == "done"
            wire.model = first_model(client, wire)
        yield client
        client.end()


def first_model(client: Client, wire: Wire) -> str:
    """The wire's own model if it is listed, else the first one that is."""
    models = [m["id"] for m in client.request("maestro/model/list", {"provider": wire.provider})["models"]]
    assert models
    return wire.model if wire.model in models else models[0]


@pytest.fixture(params=["responses", "chat", "messages", "gemini"])
def wire(request: pytest.FixtureRequest, wires: dict[str, Wire], client: Client) -> Iterator[Wire]:
    wire = wires[request.param]
    yield wire
    wire.simulated.service.personas.clear()
    wire.simulated.service._seen.clear()
    wire.simulated.service.scripts.queue.clear()


def play(wire: Wire, *active: Persona) -> None:
    wire.simulated.service.personas.extend(active)


def ask(client: Client, wire: Wire, text: str = "What is the capital of France?", **more: object) -> JsonObject:
    session = next(s for s in client.request("maestro/session/list")["sessions"] if s["provider"] == wire.provider)
    return complete(text, model=wire.model, sessionId=session["id"], **more)


def test_streamed(client: Client, wire: Wire) -> None:
    token = new_token()
    request_id = client.start("maestro/chat/complete", ask(client, wire, partialResultToken=token))
    result = client.response(request_id)

    events = check_turn(client, request_id, token)
    assert text_of(events) == ANSWER
    assert result["stopReason"] == "endTurn"
    assert result["model"] == wire.model
    usage = result["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 0
    assert any(request.path.endswith(wire.path) for request in wire.simulated.server.requests)


def test_whole(client: Client, wire: Wire) -> None:
    message = client.request("maestro/chat/complete", ask(client, wire))["message"]

    content = message["content"]
    assert ANSWER in (content if isinstance(content, str) else "".join(p.get("text", "") for p in content))


def test_chat_of_two_turns(client: Client, wire: Wire) -> None:
    base = ask(client, wire)
    params = {"input": "first", "model": wire.model, "sessionId": base["sessionId"]}
    first = client.request("maestro/chat/send", params)

    second = client.request("maestro/chat/send", {**params, "input": "2 + 2?", "chatId": first["chatId"]})

    assert second["stopReason"] == "endTurn"
    assert "4" in str(second["message"]["content"])
    assert any(b"You said: first" in request.body for request in wire.simulated.server.requests)


def test_tool_call(client: Client, wire: Wire) -> None:
    wire.simulated.service.scripts.queue.append(Script(tool_calls=(ToolCall("get_weather", '{"city": "Paris"}'),)))
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"name": "get_weather", "description": "Weather.", "inputSchema": schema}

    result = client.request("maestro/chat/complete", ask(client, wire, "weather?", tools=[tool]))

    assert result["stopReason"] == "toolUse"
    assert [(c["name"], c["input"], c["complete"]) for c in result["toolCalls"]] == [
        ("get_weather", {"city": "Paris"}, True)
    ]


def test_audit(client: Client, wire: Wire) -> None:
    uri = f"untitled:{wire.provider}.py"
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "def f(x):\n    return eval(x)\n"}
    client.notify("textDocument/didOpen", {"textDocument": item})
    session = ask(client, wire)["sessionId"]

    result = client.request("maestro/audit/run", {"target": {"uri": uri}, "model": wire.model, "sessionId": session})

    assert (result["status"], result.get("error")) == ("complete", None)
    [finding] = result["findings"]
    assert (finding["rule"], finding["provenance"]["provider"]) == ("code-injection", wire.provider)


def test_split_surrogates(client: Client, wire: Wire) -> None:
    play(wire, personas.split_surrogates())
    token = new_token()
    request_id = client.start("maestro/chat/complete", ask(client, wire, partialResultToken=token))
    client.response(request_id)

    assert text_of(check_turn(client, request_id, token)) == "Grüße 🎉🚀 done"


def test_one_byte_at_a_time(client: Client, wire: Wire) -> None:
    play(wire, personas.split_bytes())

    assert ANSWER in str(client.request("maestro/chat/complete", ask(client, wire))["message"]["content"])


def test_rate_limit_then_success(client: Client, wire: Wire) -> None:
    play(wire, personas.status(429).first(1))
    token = new_token()
    request_id = client.start("maestro/chat/complete", ask(client, wire, partialResultToken=token))
    result = client.response(request_id)

    events = check_turn(client, request_id, token)
    assert result["stopReason"] == "endTurn"
    assert [e["error"]["code"] for e in events if e["type"] == "retrying"] == [4201]
    assert text_of(events) == ANSWER


def test_error_in_the_stream(client: Client, wire: Wire) -> None:
    play(wire, personas.error_in_stream())
    token = new_token()
    request_id = client.start("maestro/chat/complete", ask(client, wire, partialResultToken=token))
    error = client.refusal(request_id)

    events = check_turn(client, request_id, token)
    assert events[-1]["stopReason"] == "error"
    assert events[-1]["error"]["code"] == error.code
    assert error.data["turnId"] == events[-1]["turnId"]
    assert ANSWER.startswith(text_of(events))


@pytest.mark.parametrize("persona", [personas.cut_off(), personas.reset(), personas.hangup()], ids=lambda p: p.name)
def test_stream_that_breaks(client: Client, wire: Wire, persona: Persona) -> None:
    play(wire, persona)
    token = new_token()
    request_id = client.start("maestro/chat/complete", ask(client, wire, partialResultToken=token))

    assert client.refusal(request_id).code == 4205
    events = check_turn(client, request_id, token)
    assert text_of(events) != ANSWER
    assert ANSWER.startswith(text_of(events))


def test_refused_key(client: Client, wire: Wire) -> None:
    params = {"provider": wire.provider, "authType": "api_key", "name": f"bad-{wire.provider}", "apiKey": "sk-invalid"}
    client.request("maestro/session/create", params)
    asked = {**ask(client, wire), "sessionId": params["name"]}

    error = client.refused("maestro/chat/complete", asked)

    assert error.code == 4002
    assert error.data["provider"] == wire.provider
    client.request("maestro/session/delete", {"sessionId": params["name"]})


def test_cancel_closes_the_socket(client: Client, wire: Wire) -> None:
    play(wire, personas.stall())
    token = new_token()
    request_id = client.start("maestro/chat/complete", ask(client, wire, partialResultToken=token))
    client.event(token, lambda e: e["type"].endswith(".delta"))

    client.cancel(request_id)

    assert client.response(request_id)["stopReason"] == "cancelled"
    assert wire.simulated.wait_closed().closed_by == "client"
    check_turn(client, request_id, token)


def test_model_list_with_one_provider_down(client: Client, wire: Wire) -> None:
    play(wire, personas.status(500).on("/models"))

    result = client.request("maestro/model/list", {"refresh": True})

    failed = {s["provider"]: s["status"] for s in result["sources"]}
    assert failed[wire.provider] in ("error", "stale")
    others = {"openai", "groq", "anthropic", "gemini"} - {wire.provider}
    assert all(failed[other] == "ok" for other in others)


def test_audit_on_the_gemini_simulator(client: Client, wires: dict[str, Wire], tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    source = "def same(a):\n    return a == None\n"
    path.write_text(source)
    item = {"uri": path.as_uri(), "languageId": "python", "version": 7, "text": source}
    client.notify("textDocument/didOpen", {"textDocument": item})
    session = next(s for s in client.request("maestro/session/list")["sessions"] if s["provider"] == "gemini")
    params = {"target": {"uri": path.as_uri()}, "model": wires["gemini"].model, "sessionId": session["id"]}

    result = client.request("maestro/audit/run", params)

    assert result["status"] == "complete"
    assert [f["range"]["start"]["line"] for f in result["findings"]] == [1]
    published = [p for p in client.notifications("textDocument/publishDiagnostics") if p["uri"] == path.as_uri()]
    assert published[-1]["version"] == 7
    assert [d["code"] for d in published[-1]["diagnostics"]] == ["wrong-comparison"]
