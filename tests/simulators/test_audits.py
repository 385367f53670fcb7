"""The default audit answer is honest, and each flaw spoils it in its own way."""

import json
from typing import Any

import httpx
import pytest

from tests.simulators import audits
from tests.simulators.asking import GEMINI
from tests.simulators.fixtures import simulate
from tests.simulators.personas import audit, schema_400
from tests.simulators.wire import Json

pytestmark = pytest.mark.asyncio

CODE = """\
def load(text, seen=[]):
    try:
        return eval(text)
    except:
        return text == None"""
NONCE = "c0ffee" * 5


def _request(code: str = CODE) -> Json:
    numbered = "\n".join(f"{number}| {line}" for number, line in enumerate(code.split("\n"), 10))
    chunk = {"id": "c1", "symbol": "load", "start_line": 10, "code": numbered}
    data = {"audit_id": NONCE, "file": "a.py", "language": "python", "skeleton": "", "chunks": [chunk]}
    text = f"MARK {NONCE} begin\n{json.dumps(data)}\nMARK {NONCE} end"
    config = {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}}
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": config}


async def _reply(flaw: str | None = None, code: str = CODE) -> Any:
    """The candidate and its text."""
    path = "/v1/models/gemini-3.8-flash:generateContent"
    async with simulate("gemini", [audit(flaw)] if flaw else []) as sim, httpx.AsyncClient(headers=GEMINI) as client:
        return (await client.post(sim.base_url + path, json=_request(code))).json()


def _text(reply: Any) -> str:
    return "".join(part["text"] for part in reply["candidates"][0]["content"]["parts"])


async def test_the_answer_echoes_and_quotes() -> None:
    answer = json.loads(_text(await _reply()))
    assert (answer["audit_id"], answer["reviewed"]) == (NONCE, ["c1"])
    lines = CODE.split("\n")
    found = {finding["rule"]: finding for finding in answer["findings"]}
    assert list(found) == ["mutable-default", "code-injection", "swallowed-error", "wrong-comparison"]
    assert all(finding["quote"] == lines[finding["line"] - 10] for finding in answer["findings"])
    assert found["swallowed-error"]["fix"] == "    except Exception:"
    assert found["wrong-comparison"]["fix"] == "        return text is None"


async def test_clean_code_is_clean() -> None:
    assert json.loads(_text(await _reply(code="x = 1\n\n# eval(this) is only a comment")))["findings"] == []


@pytest.mark.parametrize("code", ["a = eval(b)", "  1\ta = eval(b)", "1 a = eval(b)", "1:a = eval(b)"])
async def test_line_numbers_are_read_in_any_spelling(code: str) -> None:
    assert audits.code_lines(code, 1) == [(1, "a = eval(b)")]


@pytest.mark.parametrize("flaw", sorted(audits.FLAWS))
async def test_flaws(flaw: str) -> None:
    honest, reply = await _reply(), await _reply(flaw)
    assert reply.get("candidates") != honest["candidates"]
    match flaw:
        case "empty-candidates" | "refusal":
            assert "candidates" not in reply
            assert reply.get("promptFeedback", {}).get("blockReason") == ("SAFETY" if flaw == "refusal" else None)
        case "safety":
            assert reply["candidates"][0]["finishReason"] == "SAFETY"
        case "truncated":
            assert reply["candidates"][0]["finishReason"] == "MAX_TOKENS"
            assert _text(honest).startswith(_text(reply))
        case "prose" | "fences" | "think" | "two-objects":
            assert _text(honest) in _text(reply)
        case "flood":
            assert len(json.loads(_text(reply))["findings"]) == 500
        case "missing-nonce":
            assert "audit_id" not in json.loads(_text(reply))
        case _:
            assert json.loads(_text(reply)) != json.loads(_text(honest))


async def test_a_refused_schema_works_without_one() -> None:
    path = "/v1/models/gemini-3.8-flash:generateContent"
    body = _request()
    async with simulate("gemini", schema_400()) as sim, httpx.AsyncClient(headers=GEMINI) as client:
        refused = await client.post(sim.base_url + path, json=body)
        body["generationConfig"].pop("responseJsonSchema")
        taken = await client.post(sim.base_url + path, json=body)
    assert (refused.status_code, taken.status_code) == (400, 200)


async def test_text_that_is_no_request_is_none() -> None:
    assert audits.request_in('{"audit_id": ') is None
    assert audits.request_in('"audit_id" {]}') is None
