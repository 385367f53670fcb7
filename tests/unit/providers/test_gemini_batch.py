"""Gemini's batches: handed in, asked for, given up; which answer belongs to which request, and what of none."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.providers.base import BatchState, RawReply, StructuredRequest
from maestro.providers.gemini import audit, batch
from maestro.providers.gemini.config import INFO
from maestro.providers.gemini.schema import response_schema
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import ProviderSettings
from tests.simulators import personas
from tests.simulators.fixtures import Personas
from tests.simulators.gemini import Gemini
from tests.unit.providers.audit_support import Asking, asking
from tests.unit.providers.support import connect

MODEL = "gemini-3.8-flash"


@asynccontextmanager
async def gemini(persona: Personas = (), polls: int = 0) -> AsyncIterator[Asking]:
    """A service that is done with a batch after so many polls."""
    async with asking(audit, INFO, MODEL, persona) as side:
        cast("Gemini", side.sim.service).batches.polls = polls
        yield side


async def submit(side: Asking, count: int = 3) -> str:
    return await batch.submit_batch(side.connection, [side.compose() for _ in range(count)])


async def poll(side: Asking, name: str) -> BatchState:
    return await batch.poll_batch(side.connection, name)


def answered(state: BatchState) -> list[str]:
    """The nonces in the replies, in their order; `-` for a failure."""
    return [json.loads(r.text)["audit_id"] if isinstance(r, RawReply) else "-" for r in state.replies]


@pytest.mark.asyncio
async def test_a_batch_from_its_beginning_to_its_end() -> None:
    async with gemini("batch-pending=1", polls=2) as side:
        name = await submit(side)
        states = [await poll(side, name) for _ in range(3)]
    assert [(state.state, state.done) for state in states] == [
        ("pending", False),
        ("running", False),
        ("succeeded", True),
    ]
    assert [state.replies for state in states[:2]] == [(), ()]
    assert answered(states[2]) == side.nonces
    assert states[2].failure is None
    reply = states[2].replies[0]
    assert isinstance(reply, RawReply) and reply.usage is not None


@pytest.mark.asyncio
async def test_what_is_handed_in() -> None:
    async with gemini() as side:
        await submit(side, 2)
    [request] = side.sim.requests
    assert request.path == f"/v1beta/models/{MODEL}:batchGenerateContent"
    rows = request.json["batch"]["inputConfig"]["requests"]["requests"]
    assert [row["metadata"] for row in rows] == [{"key": "0"}, {"key": "1"}]
    assert all(nonce in json.dumps(row) for nonce, row in zip(side.nonces, rows, strict=True))
    config = rows[0]["request"]["generationConfig"]
    assert config["responseSchema"] == response_schema(side.compose().schema)


@pytest.mark.asyncio
async def test_a_refused_schema_is_handed_in_smaller_and_then_in_words() -> None:
    async with gemini(personas.schema_400()) as side:
        name = await submit(side, 1)
        assert answered(await poll(side, name)) == side.nonces[:1]
    sent = [request.json["batch"] for request in side.sim.requests if request.method == "POST"]
    assert ["enum" in json.dumps(one) for one in sent] == [True, False, True]
    assert ["responseSchema" in json.dumps(one) for one in sent] == [True, True, False]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("persona", "expected"),
    [("batch-shuffled", [0, 1, 2]), ("batch-partial", [None, 1, None]), ("batch-lossy", [0, 1, None])],
)
async def test_every_request_has_its_own_answer(persona: str, expected: list[int | None]) -> None:
    async with gemini(persona) as side:
        state = await poll(side, await submit(side))
    assert answered(state) == ["-" if place is None else side.nonces[place] for place in expected]
    assert state.state == "succeeded"


@pytest.mark.asyncio
async def test_what_failed_says_why() -> None:
    async with gemini("batch-partial") as side:
        state = await poll(side, await submit(side, 1))
    [failure] = state.replies
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message) == ("overloaded", "The model is overloaded. Please try again later.")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("persona", "state", "kind"),
    [
        ("batch-expired", "expired", "overloaded"),
        ("batch-failed", "failed", "server"),
        ("batch-cancelled", "cancelled", "invalid_request"),
    ],
)
async def test_a_batch_without_results_is_a_failure_of_each_request(persona: str, state: str, kind: str) -> None:
    async with gemini(persona) as side:
        found = await poll(side, await submit(side))
    assert (found.state, found.done, len(found.replies)) == (state, True, 3)
    assert found.failure is not None and found.failure.kind == kind
    assert set(found.replies) == {found.failure}


@pytest.mark.asyncio
async def test_a_batch_expires_after_48_hours() -> None:
    async with gemini(polls=99) as side:
        name = await submit(side)
        batches = cast("Gemini", side.sim.service).batches
        batches.age = timedelta(hours=47)
        assert (await poll(side, name)).state == "running"
        batches.age = timedelta(hours=48)
        assert (await poll(side, name)).state == "expired"


@pytest.mark.asyncio
async def test_a_cancelled_batch_is_over() -> None:
    async with gemini(polls=99) as side:
        name = await submit(side)
        await batch.cancel_batch(side.connection, name)
        assert (await poll(side, name)).state == "cancelled"
        with pytest.raises(UpstreamError) as caught:
            await batch.cancel_batch(side.connection, name)
    assert caught.value.http_status == 400


@pytest.mark.asyncio
@pytest.mark.parametrize(("flaw", "truncated", "filtered"), [("truncated", True, False), ("refusal", False, True)])
async def test_how_single_answers_ended(flaw: str, truncated: bool, filtered: bool) -> None:
    async with gemini(f"audit-{flaw}") as side:
        [reply] = (await poll(side, await submit(side, 1))).replies
    assert isinstance(reply, RawReply)
    assert (reply.truncated, reply.filtered) == (truncated, filtered)


@pytest.mark.asyncio
@pytest.mark.parametrize(("persona", "kind"), [("html", "server"), ("429", "rate_limited"), ("disconnect", "network")])
async def test_faults_of_handing_in(persona: str, kind: str) -> None:
    async with gemini(persona) as side:
        with pytest.raises(UpstreamError) as caught:
            await submit(side)
    assert caught.value.failure.kind == kind


@pytest.mark.asyncio
async def test_an_unknown_batch_is_told_by_the_service() -> None:
    async with gemini() as side:
        with pytest.raises(UpstreamError) as caught:
            await poll(side, "batches/no-such")
    assert caught.value.http_status == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["", "batches/", "models/x", "batches/a/b", "batches/../models", "batches/a?b=1"])
async def test_what_is_no_name_is_never_sent(name: str) -> None:
    for call in (batch.poll_batch, batch.cancel_batch):
        with pytest.raises(MaestroError) as caught:
            await call(connect(INFO), name)
        assert caught.value.code == -32602


@pytest.mark.asyncio
async def test_requests_that_are_no_batch_are_never_sent() -> None:
    asked = StructuredRequest(MODEL, "s", "u", {"type": "object"}, 10)
    for requests in ([], [asked, replace(asked, model="gemini-3-pro")]):
        with pytest.raises(MaestroError) as caught:
            await batch.submit_batch(connect(INFO), requests)
        assert caught.value.code == -32602
    login = OAuthCredential("at", details={"service": "code-assist"})
    with pytest.raises(MaestroError) as caught:
        await batch.submit_batch(connect(INFO, credential=login), [asked])
    assert caught.value.code == 4104


def test_the_version_can_be_set() -> None:
    asked = StructuredRequest(MODEL, "s", "u", {"type": "object"}, 10)
    built = batch.build_batch(connect(INFO, ProviderSettings(api_version="v1")), [asked], batch.Manner("object"))
    assert built.url.endswith(f"/v1/models/{MODEL}:batchGenerateContent")


def operation(state: str, **more: JsonValue) -> JsonObject:
    return {"name": "batches/1", "metadata": {"state": state}, **more}


@pytest.mark.parametrize("prefix", ["BATCH_STATE_", "JOB_STATE_", ""])
@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("UNSPECIFIED", "pending"),
        ("QUEUED", "pending"),
        ("PAUSED", "running"),
        ("CANCELLING", "running"),
        ("NEW", "running"),
        ("PARTIALLY_SUCCEEDED", "succeeded"),
        ("EXPIRED", "expired"),
    ],
)
def test_the_words_for_states(prefix: str, word: str, state: str) -> None:
    assert batch.read_state(operation(prefix + word)).state == state


def test_an_operation_that_is_over_is_over_whatever_its_state_says() -> None:
    assert batch.read_state({"done": True, "response": {}}).state == "succeeded"
    assert batch.read_state(operation("BATCH_STATE_RUNNING", done=True, error={"code": 13})).state == "failed"


@pytest.mark.parametrize("answer", [None, [], {}, {"name": "batches/1"}, {"metadata": {"state": 3}}])
def test_what_is_no_operation_is_malformed(answer: JsonValue) -> None:
    with pytest.raises(UpstreamError) as caught:
        batch.read_state(answer)
    assert caught.value.failure.kind == "malformed"


def row(text: str, key: JsonValue) -> JsonObject:
    candidate: JsonObject = {"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}
    return {"response": {"candidates": [candidate]}, "metadata": {"key": key}}


def texts(state: BatchState) -> list[str | None]:
    return [reply.text if isinstance(reply, RawReply) else None for reply in state.replies]


def test_results_are_found_where_either_document_has_them() -> None:
    rows: list[JsonValue] = [row("a", "0"), row("b", "1")]
    nested: JsonObject = {"inlinedResponses": {"inlinedResponses": rows}}
    in_metadata: JsonObject = {"metadata": {"state": "BATCH_STATE_SUCCEEDED", "output": nested}}
    in_response: JsonObject = {"done": True, "response": nested}
    flat: JsonObject = {"done": True, "response": {"inlinedResponses": rows}}
    for answer in (in_metadata, in_response, flat):
        assert texts(batch.read_state(answer)) == ["a", "b"]


@given(order=st.permutations(range(6)), lost=st.sets(st.integers(0, 5)))
def test_any_order_and_any_loss(order: list[int], lost: set[int]) -> None:
    rows: list[JsonValue] = [row(str(place), str(place)) for place in order if place not in lost]
    stats: JsonObject = {"state": "BATCH_STATE_SUCCEEDED", "batchStats": {"requestCount": "6"}}
    state = batch.read_state({"metadata": stats, "response": {"inlinedResponses": {"inlinedResponses": rows}}})
    assert texts(state) == [None if place in lost else str(place) for place in range(6)]


@given(st.lists(st.one_of(st.text(), st.integers(), st.none(), st.sampled_from(["0", "7", "9" * 30])), max_size=4))
def test_odd_keys_and_counts_do_no_harm(keys: list[JsonValue]) -> None:
    rows: list[JsonValue] = [row("x", key) for key in keys]
    metadata: JsonObject = {"state": "BATCH_STATE_SUCCEEDED", "batchStats": {"requestCount": "9" * 40}}
    state = batch.read_state({"metadata": metadata, "response": {"inlinedResponses": rows}})
    assert len(rows) <= len(state.replies) <= 10_000
