"""Structured answers of services that speak Chat Completions: what each takes, and what is tried where it refuses."""

from contextlib import AbstractAsyncContextManager

import pytest

from maestro.audit.asking.wire import SCHEMA
from maestro.providers.openai_compatible import audit
from maestro.providers.openai_compatible.config import INFO, ROWS
from maestro.providers.schemas import strict
from maestro_protocol.base import JsonValue
from tests.simulators.fixtures import Personas
from tests.simulators.gateways import GATEWAYS
from tests.unit.providers.audit_support import FAULTS, Asking, asking, describes

pytestmark = pytest.mark.asyncio

FULL = {"type": "json_schema", "json_schema": {"name": "answer", "schema": strict(SCHEMA), "strict": True}}
OBJECT = {"type": "json_object"}


def gateway(name: str = "plain", persona: Personas = ()) -> AbstractAsyncContextManager[Asking]:
    info, quirks = ROWS.get(name, INFO), GATEWAYS[name]
    return asking(audit, info, quirks.names[0], persona, path=quirks.base, service="compatible", gateway=name)


def forms(side: Asking) -> list[JsonValue]:
    return [body.get("response_format") for body in side.bodies]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("plain", [FULL]),
        ("deepseek", [OBJECT]),  # its row says so
        ("lmstudio", [FULL]),
        ("loose", [FULL, OBJECT]),
        ("wordy", [FULL, OBJECT, None]),
    ],
)
async def test_the_strictest_form_that_is_taken(name: str, asked: list[JsonValue]) -> None:
    async with gateway(name) as side:
        side.check(await side.ask())
    assert forms(side) == asked
    assert [describes(body) for body in side.bodies] == [form != FULL for form in asked]
    assert len(set(side.nonces)) == len(asked)


@pytest.mark.parametrize("name", sorted(GATEWAYS.keys() - {"acme"}))
async def test_every_service_audits(name: str) -> None:
    async with gateway(name) as side:
        side.check(await side.ask())
    assert {body["model"] for body in side.bodies} == {GATEWAYS[name].names[0]}
    assert side.bodies[0]["temperature"] == 0


async def test_a_service_that_takes_no_temperature_keeps_its_schema() -> None:
    async with gateway("azure") as side:
        side.check(await side.ask())
    assert forms(side) == [FULL, FULL]
    assert ["temperature" in body for body in side.bodies] == [True, False]


async def test_the_cap_has_the_name_the_service_knows() -> None:
    async with gateway("groq") as side:
        await side.ask()
    assert side.bodies[0]["max_completion_tokens"] == 4000
    assert "max_tokens" not in side.bodies[0]


@pytest.mark.parametrize(
    ("flaw", "reason", "truncated", "filtered"),
    [
        ("truncated", "length", True, False),
        ("safety", "content_filter", False, True),
        ("refusal", "stop", False, True),
    ],
)
async def test_how_an_answer_ended(flaw: str, reason: str, truncated: bool, filtered: bool) -> None:
    async with gateway("plain", f"audit-{flaw}") as side:
        reply = await side.ask()
    assert (reply.finish_reason, reply.truncated, reply.filtered) == (reason, truncated, filtered)


@pytest.mark.parametrize(("persona", "kind"), [*FAULTS, ("404", "invalid_request")])
async def test_faults(persona: str, kind: str) -> None:
    async with gateway("plain", persona) as side:
        assert (await side.fail()).failure.kind == kind
    assert len(side.bodies) == 1
