"""The services refuse what the real ones refuse, and keep what they promise."""

import json
from typing import Any

import httpx
import pytest

from tests.simulators.asking import ANTHROPIC, FRANCE, GEMINI, QUESTIONS
from tests.simulators.fixtures import Simulation, simulate
from tests.simulators.personas import status as refusing
from tests.simulators.replies import Script, Tokens, ToolCall
from tests.simulators.wire import Json

pytestmark = pytest.mark.asyncio


async def _post(name: str, headers: dict[str, str] | None = None, path: str = "", **body: Any) -> tuple[int, Json]:
    """Status and body of the usual question, whole, with changes; a value of None leaves a field out."""
    question = QUESTIONS[name]
    changed = {key: value for key, value in {**question.body, "stream": False, **body}.items() if value is not None}
    if name == "gemini":
        changed.pop("stream", None)
        path = path or "/v1/models/gemini-3.8-flash:generateContent"
    async with simulate(name) as sim, httpx.AsyncClient(headers=headers or question.headers) as client:
        reply = await client.post(sim.base_url + (path or question.path), json=changed)
    return reply.status_code, reply.json()


async def _message(name: str, **body: Any) -> str:
    """The message of a refusal."""
    status, reply = await _post(name, **body)
    assert status == 400, reply
    return str(reply["error"]["message"])


async def test_openai_wants_a_bearer() -> None:
    assert (await _post("openai", {"authorization": "Basic x"}))[0] == 401
    status, reply = await _post("openai", {"authorization": "Bearer sk-revoked"})
    assert (status, reply["error"]["code"]) == (401, "invalid_api_key")


async def test_openai_checks_input_and_tools() -> None:
    assistant = {"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}
    assert "Supported values are: 'output_text'" in await _message("openai", input=[assistant])
    assert "'tools[0].name'" in await _message("openai", tools=[{"type": "function", "function": {"name": "x"}}])
    loose = {"type": "function", "name": "x", "strict": True, "parameters": {"type": "object"}}
    assert "'additionalProperties'" in await _message("openai", tools=[loose])
    output = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
    assert "No tool call found" in await _message("openai", input=[output])
    call = {"type": "function_call", "call_id": "call_1", "name": "x", "arguments": "{}"}
    assert "No tool output found" in await _message("openai", input=[call])
    assert (await _post("openai", input=[call, output]))[0] == 200
    assert "'stream' is enabled" in await _message("openai", stream_options={"include_obfuscation": False})
    assert "does not exist" in await _message("openai", model="no-such-model")


async def _events(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> list[Json]:
    async with client.stream(method, url, **more) as response:
        received = b""
        try:
            async for part in response.aiter_raw():
                received += part
        except httpx.TransportError:
            pass
    frames = received.decode().split("\n\n")[:-1]
    return [json.loads(frame.partition("data: ")[2]) for frame in frames]


async def test_openai_takes_a_broken_background_stream_up_again() -> None:
    question = QUESTIONS["openai"].with_body(background=True)
    async with simulate("openai", "reset=3*1") as sim, httpx.AsyncClient(headers=question.headers) as client:
        first = await _events(client, "POST", sim.base_url + question.path, json=question.body)
        name, last = first[0]["response"]["id"], first[-1]["sequence_number"]
        address = f"{sim.base_url}/v1/responses/{name}?stream=true"
        rest = await _events(client, "GET", f"{address}&starting_after={last}")
        whole = await _events(client, "GET", address)
    assert [event["sequence_number"] for event in first + rest] == list(range(len(whole)))
    assert "".join(event.get("delta", "") for event in first + rest) == "The capital of France is Paris."
    assert whole[1]["type"] == "response.queued" and whole[-1]["type"] == "response.completed"


async def test_openai_resumes_only_background_responses() -> None:
    question = QUESTIONS["openai"]
    async with simulate("openai") as sim, httpx.AsyncClient(headers=question.headers) as client:
        events = await _events(client, "POST", sim.base_url + question.path, json=question.body)
        address = f"{sim.base_url}/v1/responses/{events[0]['response']['id']}"
        assert (await client.get(f"{address}?stream=true")).status_code == 400
        assert (await client.get(address)).json()["status"] == "completed"
        assert (await client.get(f"{address}0")).status_code == 404


async def test_openai_cancels_a_background_response() -> None:
    question = QUESTIONS["openai"].with_body(background=True)
    async with simulate("openai", "stall") as sim, httpx.AsyncClient(headers=question.headers) as client:
        async with client.stream("POST", sim.base_url + question.path, json=question.body) as response:
            parts = response.aiter_text()
            name = json.loads((await anext(parts)).partition("data: ")[2].split("\n")[0])["response"]["id"]
            cancelled = await client.post(f"{sim.base_url}/v1/responses/{name}/cancel")
            rest = "".join([part async for part in parts])
    assert cancelled.json()["status"] == "cancelled"
    assert "Paris" not in rest


async def test_openai_pads_deltas_unless_told_not_to() -> None:
    question = QUESTIONS["openai"]
    plain = question.with_body(stream_options={"include_obfuscation": False})
    async with simulate("openai") as sim, httpx.AsyncClient(headers=question.headers) as client:
        for one, padded in ((question, True), (plain, False)):
            events = await _events(client, "POST", sim.base_url + one.path, json=one.body)
            deltas = [event for event in events if event["type"].endswith(".delta")]
            assert all(("obfuscation" in event) is padded for event in deltas)


async def test_openai_refuses_and_falls_short() -> None:
    question = QUESTIONS["openai"]
    scripts = [Script(refusal="I cannot."), Script(text="a b", finish="length")]
    async with simulate("openai", replies=scripts) as sim, httpx.AsyncClient(headers=question.headers) as client:
        refused = await _events(client, "POST", sim.base_url + question.path, json=question.body)
        short = await _events(client, "POST", sim.base_url + question.path, json=question.body)
    assert "response.refusal.delta" in [event["type"] for event in refused]
    assert short[-1]["type"] == "response.incomplete"
    assert short[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_anthropic_checks_credentials_and_version() -> None:
    assert (await _post("anthropic", {"anthropic-version": "2023-06-01"}))[0] == 401
    assert (await _post("anthropic", {"x-api-key": "k"}))[0] == 400
    assert (await _post("anthropic", {"x-api-key": "k", "anthropic-version": "2024-01-01"}))[0] == 400
    bearer = {"authorization": "Bearer sk-ant-oat01-x", "anthropic-version": "2023-06-01"}
    assert (await _post("anthropic", bearer))[0] == 401
    assert (await _post("anthropic", {**bearer, "anthropic-beta": "a, oauth-2025-04-20"}))[0] == 200


async def test_anthropic_drops_sampling_with_the_new_version() -> None:
    new = {**ANTHROPIC, "anthropic-version": "2026-10-21"}
    for name in ("temperature", "top_p", "top_k"):
        sampled: dict[str, Any] = {name: 1}
        assert (await _post("anthropic", **sampled))[0] == 200
        assert (await _post("anthropic", new, **sampled))[0] == 400
    document = [{"type": "document", "source": {}}]
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": document},
        {"role": "user", "content": "x"},
    ]
    assert (await _post("anthropic", messages=turns))[0] == 200
    assert (await _post("anthropic", new, messages=turns))[0] == 400


async def test_anthropic_checks_messages() -> None:
    assert await _message("anthropic", max_tokens=None) == "max_tokens: Field required"
    assert await _message("anthropic", shiny=1) == "shiny: Extra inputs are not permitted"
    assert "at least one" in await _message("anthropic", messages=[])
    assert "first message" in await _message("anthropic", messages=[{"role": "assistant", "content": "x"}])
    assert "non-empty" in await _message(
        "anthropic", messages=[{"role": "user", "content": [{"type": "text", "text": ""}]}]
    )
    asked: Json = {"role": "user", "content": "x"}
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "x", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}
    assert "without `tool_result`" in await _message("anthropic", messages=[asked, call, asked])
    assert "unexpected `tool_use_id`" in await _message("anthropic", messages=[{"role": "user", "content": [result]}])
    late = {"role": "user", "content": [{"type": "text", "text": "x"}, result]}
    assert "must come first" in await _message("anthropic", messages=[asked, call, late])
    assert (await _post("anthropic", messages=[asked, call, {"role": "user", "content": [result]}]))[0] == 200
    assert "budget_tokens" in await _message("anthropic", thinking={"type": "enabled", "budget_tokens": 5000})
    assert "input_schema" in await _message("anthropic", tools=[{"name": "x"}])


async def test_anthropic_lists_in_pages() -> None:
    async with simulate("anthropic") as sim, httpx.AsyncClient(headers=ANTHROPIC) as client:
        first = (await client.get(f"{sim.base_url}/v1/models")).json()
        rest = (await client.get(f"{sim.base_url}/v1/models?after_id={first['last_id']}")).json()
    assert (len(first["data"]), first["has_more"], rest["has_more"]) == (20, True, False)
    assert {model["lifecycle"] for model in first["data"] + rest["data"]} == {"active", "deprecated", "retired"}


async def test_gemini_checks_the_key() -> None:
    assert (await _post("gemini", {"x": "y"}))[0] == 403
    status, reply = await _post("gemini", {"x-goog-api-key": "invalid"})
    assert (status, reply["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    path = "/v1/models/gemini-3.8-flash:generateContent?key=AIza"
    assert (await _post("gemini", path=path))[0] == 400
    assert (await _post("gemini", {"authorization": "Bearer x"}))[0] == 403
    assert (await _post("gemini", {"authorization": "Bearer x", "x-goog-user-project": "p"}))[0] == 200


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "OBJECT", "additionalProperties": False}, 'Unknown name "additionalProperties"'),
        ({"$ref": "#/$defs/x"}, 'Unknown name "$ref"'),
        ({"type": ["STRING", "NULL"]}, "not repeating"),
        ({"type": "object"}, "Invalid value"),
        ({"type": "OBJECT", "properties": {"a": {"type": "STRING", "const": 1}}}, "properties['a']"),
        ({"type": "OBJECT", "properties": {}, "required": ["a"]}, "property is not defined"),
        ({"type": "ARRAY"}, "items: missing field"),
    ],
)
async def test_gemini_takes_only_its_subset_of_schemas(schema: Json, message: str) -> None:
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    assert message in await _message("gemini", generationConfig=config)


async def test_gemini_takes_json_schema_by_its_other_name() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"enum": ["one"]}}}
    config = {"response_mime_type": "application/json", "response_json_schema": schema}
    status, reply = await _post("gemini", generation_config=config)
    assert (status, reply["candidates"][0]["content"]["parts"][0]["text"]) == (200, '{"a": "one"}')
    beside = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x", "title": "A"}}}
    config["response_json_schema"] = beside
    assert "beside $ref" in await _message("gemini", generationConfig=config)
    assert "mime type" in await _message("gemini", generationConfig={"responseJsonSchema": {}})


async def test_gemini_knows_its_fields_and_roles() -> None:
    assert 'Unknown name "shiny"' in await _message("gemini", shiny=1)
    assert 'Unknown name "max_tokens"' in await _message("gemini", generationConfig={"max_tokens": 1})
    assert "valid role" in await _message("gemini", contents=[{"role": "assistant", "parts": [{"text": "x"}]}])
    assert "not specified" in await _message("gemini", contents=[])


async def test_gemini_counts_function_responses() -> None:
    asked = {"role": "user", "parts": [{"text": "x"}]}
    call: Json = {"role": "model", "parts": [{"functionCall": {"name": "x"}}]}
    result = {"role": "user", "parts": [{"functionResponse": {"name": "x", "response": {}}}]}
    assert "number of function response parts" in await _message("gemini", contents=[asked, call, asked])
    assert "thought_signature" in await _message("gemini", contents=[asked, call, result])
    call["parts"][0]["thoughtSignature"] = "skip_thought_signature_validator"
    assert (await _post("gemini", contents=[asked, call, result]))[0] == 200


async def test_gemini_streams_an_array_without_alt() -> None:
    question = QUESTIONS["gemini"]
    async with simulate("gemini") as sim, httpx.AsyncClient(headers=GEMINI) as client:
        reply = await client.post(sim.base_url + question.path.partition("?")[0], json=question.body)
    chunks = reply.json()
    assert "".join(chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks).endswith("Paris.")
    assert b"\n,\r\n" in reply.content


async def test_gemini_lists_in_pages() -> None:
    async with simulate("gemini") as sim, httpx.AsyncClient(headers=GEMINI) as client:
        first = (await client.get(f"{sim.base_url}/v1/models")).json()
        rest = (await client.get(f"{sim.base_url}/v1/models?pageToken={first['nextPageToken']}")).json()
        beta = (await client.get(f"{sim.base_url}/v1beta/models?pageSize=1000")).json()
    assert len(first["models"]) == 50 and "nextPageToken" not in rest
    assert len(beta["models"]) == len(first["models"] + rest["models"]) + 2


async def test_gemini_shows_a_day_quota_and_a_block() -> None:
    question = QUESTIONS["gemini"]

    async def ask(sim: Simulation) -> bytes:
        async with httpx.AsyncClient(headers=GEMINI) as client:
            return (await client.post(sim.base_url + question.path, json=question.body)).content

    async with simulate("gemini", refusing(429, kind="day")) as sim:
        assert b"PerDay" in await ask(sim)
        sim.play()
        sim.say(Script(refusal="no"), Script(text="x", finish="filter"), Script(finish="nothing"))
        assert b"blockReason" in await ask(sim)
        assert b"SAFETY" in await ask(sim)
        assert b"candidates" not in (await ask(sim)).replace(b"candidatesTokenCount", b"")


async def test_tokens_and_calls_are_told_as_scripted() -> None:
    script = Script(tool_calls=(ToolCall("x", '{"a": 1}', "call_7"),), tokens=Tokens(10, 5, 4, 2))
    told: dict[str, str] = {}
    for name, question in QUESTIONS.items():
        async with simulate(name, always=script) as sim, httpx.AsyncClient(headers=question.headers) as client:
            body = (
                {**question.body, "stream_options": {"include_usage": True}} if name == "compatible" else question.body
            )
            told[name] = (await client.post(sim.base_url + question.path, json=body)).text
    assert all("call_7" in text for text in told.values())
    assert '"input_tokens":10' in told["openai"] and '"cached_tokens":4' in told["openai"]
    assert '"input_tokens":6' in told["anthropic"] and '"cache_read_input_tokens":4' in told["anthropic"]
    assert '"thoughtsTokenCount":2' in told["gemini"] and '"candidatesTokenCount":3' in told["gemini"]
    assert '"prompt_tokens":10' in told["compatible"]


async def test_the_essay_names_what_was_asked() -> None:
    status, reply = await _post("openai", input="Explain FastAPI with Stripe")
    text = reply["output"][0]["content"][0]["text"]
    assert status == 200 and "FastAPI" in text and "webhook" in text and len(text) > 1000
    assert FRANCE not in text
