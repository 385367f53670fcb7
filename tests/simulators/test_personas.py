"""Every persona does to every service what its name says."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.simulators import personas
from tests.simulators.asking import QUESTIONS
from tests.simulators.fixtures import SERVICES, Personas, Simulation, running, simulate
from tests.simulators.replies import Script

pytestmark = pytest.mark.asyncio

ALL = sorted(SERVICES)
_IMPATIENT = httpx.Timeout(30, read=0.05)


@asynccontextmanager
async def _asked(name: str, persona: Personas, **options: object) -> AsyncIterator[tuple[Simulation, httpx.Response]]:
    question = QUESTIONS[name]
    async with simulate(name, persona, **options) as sim, httpx.AsyncClient() as client:  # type: ignore[arg-type]
        request = client.stream("POST", sim.base_url + question.path, headers=question.headers, json=question.body)
        async with request as response:
            yield sim, response


async def _body(name: str, persona: Personas = (), **options: object) -> bytes:
    async with _asked(name, persona, **options) as (_, response):
        assert response.status_code == 200
        return await response.aread()


@pytest.mark.parametrize("name", ALL)
async def test_without_a_persona_the_answer_is_whole(name: str) -> None:
    body = await _body(name)
    assert b" Paris." in body
    end = {"openai": b"response.completed", "anthropic": b"message_stop", "gemini": b"STOP", "compatible": b"[DONE]"}
    assert end[name] in body[-2000:]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("persona", ["drip=0.001", "split-bytes=7", "paced=2000", "until-close"])
async def test_delivery_changes_no_byte_of_the_content(name: str, persona: str) -> None:
    assert b" Paris." in await _body(name, persona)


@pytest.mark.parametrize("name", ALL)
async def test_a_burst_is_built_once_and_whatever_the_cap_complete(name: str) -> None:
    question = QUESTIONS[name]
    async with simulate(name, personas.burst(1500)) as sim, httpx.AsyncClient() as client:
        bodies = [
            (await client.post(sim.base_url + question.path, headers=question.headers, json=question.body)).content
            for _ in range(2)
        ]
    assert bodies[0] == bodies[1]
    assert b"word1499" in bodies[0]
    assert len(sim.prompts) == 1


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("persona", ["cut", "stall", "keepalive", "reset", "hangup"])
async def test_endings_leave_out_the_end(name: str, persona: str) -> None:
    received = b""
    async with _asked(name, persona) as (sim, response):
        try:
            async for part in response.aiter_raw():
                received += part
                if (persona == "stall" and b" capital" in received) or b": keep-alive" in received:
                    break
        except httpx.TransportError:
            assert persona in ("reset", "hangup")
        else:
            assert persona in ("cut", "stall", "keepalive")
        await response.aclose()
        if persona != "cut":  # a clean end leaves the connection to the next request
            await sim.idle()
    assert b" capital" in received
    assert b"Paris" not in received


@pytest.mark.parametrize("name", ALL)
async def test_stall_before_the_headers(name: str) -> None:
    question = QUESTIONS[name]
    async with simulate(name, "stall-headers") as sim, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(
                sim.base_url + question.path, headers=question.headers, json=question.body, timeout=_IMPATIENT
            )
        await sim.closed((await sim.request()).connection)


@pytest.mark.parametrize("name", ALL)
async def test_disconnect_before_the_headers(name: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await _body(name, "disconnect")


@pytest.mark.parametrize("name", ALL)
async def test_truncated_gzip_looks_like_a_good_answer(name: str) -> None:
    async with _asked(name, "truncated-gzip=4") as (_, response):
        assert response.headers["content-encoding"] == "gzip"
        packed = b"".join([part async for part in response.aiter_raw()])
    unpacking = zlib.decompressobj(wbits=31)
    assert b"{" in unpacking.decompress(packed)
    assert not unpacking.eof


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503, 529])
async def test_refusals_have_the_shape_of_the_service(name: str, status: int) -> None:
    async with _asked(name, str(status)) as (_, response):
        error = json.loads(await response.aread())["error"]
        expected = 400 if (name, status) == ("gemini", 401) else status  # a bad key is a 400 there
        assert response.status_code == expected
    assert error["message"]
    if name == "gemini":
        assert error["code"] == expected


@pytest.mark.parametrize("name", ALL)
async def test_a_delay_in_every_spelling(name: str) -> None:
    async with _asked(name, "429-ms=250") as (_, response):
        assert response.headers["retry-after-ms"] == "250"
    async with _asked(name, "429-date=60") as (_, response):
        assert parsedate_to_datetime(response.headers["retry-after"]).tzinfo is not None
    async with _asked(name, "429=7") as (_, response):
        body = await response.aread()
        assert response.headers.get("retry-after") == "7" or b'"retryDelay":"7s"' in body
    async with _asked(name, "429") as (_, response):
        assert not {"retry-after", "retry-after-ms"} & set(response.headers)


@pytest.mark.parametrize("name", ALL)
async def test_the_first_requests_fail_and_the_next_works(name: str) -> None:
    question = QUESTIONS[name]
    script = Script(text="kept for the one that works")
    async with simulate(name, ["503*2", "html*1"], replies=[script]) as sim, httpx.AsyncClient() as client:
        replies = [
            await client.post(sim.base_url + question.path, headers=question.headers, json=question.body)
            for _ in range(3)
        ]
    assert [reply.status_code for reply in replies] == [503, 503, 200]
    assert b"kept" in replies[2].content


@pytest.mark.parametrize("name", ALL)
async def test_html_and_nothing(name: str) -> None:
    async with _asked(name, "html") as (_, response):
        assert (response.status_code, response.headers["content-type"]) == (502, "text/html; charset=UTF-8")
    async with _asked(name, "empty") as (_, response):
        assert (response.status_code, await response.aread()) == (503, b"")


@pytest.mark.parametrize("name", ALL)
async def test_an_error_inside_the_stream(name: str) -> None:
    body = await _body(name, "error-in-stream")
    assert b" capital" in body and b"Paris" not in body
    assert b"error" in body.split(b" capital")[1]
    assert b" capital" not in await _body(name, "error-in-stream=0")


@pytest.mark.parametrize("name", ALL)
async def test_json_and_labels_that_lie(name: str) -> None:
    assert json.loads(await _body(name, "json-in-200"))["error"]
    async with _asked(name, "content-type=text/plain") as (_, response):
        assert response.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("name", ALL)
async def test_content_that_strains_a_parser(name: str) -> None:
    assert (await _body(name, "duplicates")).count(b" capital") > (await _body(name)).count(b" capital")
    assert b"{not json" in await _body(name, "junk-events")
    halves = await _body(name, "split-surrogates")
    assert b"\\ud83c" in halves and b"\\udf89" in halves
    assert b"x" * 100_000 in await _body(name, "huge-event=100000")
    assert b"word99" in await _body(name, personas.essay(100))


@pytest.mark.parametrize("name", personas.names()[:-1])
async def test_every_name_can_be_played(name: str) -> None:
    assert personas.parse(f"{name}*3").times == 3


async def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="known: drip"):
        personas.parse("no-such-persona")


async def test_personas_can_be_aimed() -> None:
    question = QUESTIONS["openai"]
    aimed = personas.status(500).on("/models").after(1)
    async with simulate("openai", aimed) as sim, httpx.AsyncClient(headers=question.headers) as client:
        listed = [(await client.get(f"{sim.base_url}/v1/models")).status_code for _ in range(2)]
        assert (await client.post(sim.base_url + question.path, json=question.body)).status_code == 200
    assert listed == [200, 500]


async def test_scripts_are_cut_by_the_cap_of_the_request() -> None:
    question = QUESTIONS["anthropic"].with_body(max_tokens=2)
    async with simulate("anthropic") as sim, httpx.AsyncClient(headers=question.headers) as client:
        reply = await client.post(sim.base_url + question.path, json=question.body)
    assert b'"max_tokens"' in reply.content and b"Paris" not in reply.content


def _outside() -> None:
    question = QUESTIONS["gemini"]
    with running("gemini", replies=[Script(text="from a thread")]) as sim:
        with httpx.Client(headers=question.headers) as client:
            assert b"from" in client.post(sim.base_url + question.path, json=question.body).content
            assert sim.request().path.endswith(":streamGenerateContent")
            assert len(sim.open_connections) == 1
        sim.idle()
        assert sim.environment["GOOGLE_GEMINI_BASE_URL"] == sim.base_url


async def test_from_outside_a_loop() -> None:
    await asyncio.to_thread(_outside)
