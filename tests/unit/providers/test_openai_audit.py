"""OpenAI's structured answers: strict schemas, both modes, what is refused, and how answers end."""

from contextlib import AbstractAsyncContextManager

import pytest

from maestro.audit.asking.wire import SCHEMA
from maestro.providers.openai import audit
from maestro.providers.openai.config import INFO
from maestro.providers.schemas import smaller, strict
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import ProviderSettings, TransportSettings
from tests.simulators import chatgpt, personas
from tests.simulators.fixtures import Personas
from tests.simulators.schema_checks import openai_complaint
from tests.unit.providers.audit_support import FAULTS, Asking, asking, describes
from tests.unit.providers.oauth_support import jwt

pytestmark = pytest.mark.asyncio


def openai(
    persona: Personas = (), model: str = "gpt-5.5", settings: ProviderSettings | None = None
) -> AbstractAsyncContextManager[Asking]:
    return asking(audit, INFO, model, persona, path="/v1", settings=settings)


def form_of(body: JsonObject) -> JsonValue:
    text = body.get("text")
    return text.get("format") if isinstance(text, dict) else None


async def test_the_answer_is_held_to_the_schema_in_strict_mode() -> None:
    async with openai() as side:
        side.check(await side.ask())
    [body] = side.bodies
    assert form_of(body) == {"type": "json_schema", "name": "answer", "schema": strict(SCHEMA), "strict": True}
    assert (body["max_output_tokens"], body["store"], body["stream"]) == (4000 + 24_576, False, True)
    assert not {"temperature", "tools", "background"} & body.keys()
    assert not describes(body)


async def test_a_strict_schema_is_closed_requires_all_and_has_nothing_else() -> None:
    loose: JsonObject = {
        "$defs": {"Inner": {"properties": {"required": {"type": "string", "minLength": 3}}}},
        "title": "Loose",
        "type": "object",
        "properties": {
            "one": {"$ref": "#/$defs/Inner", "description": "beside a reference"},
            "many": {"type": "array", "items": {"oneOf": [{"type": "integer"}, {"type": "null"}]}, "maxItems": 3},
        },
        "propertyOrdering": ["one", "many"],
    }
    assert openai_complaint(loose) is not None
    assert strict(loose) == {
        "$defs": {
            "Inner": {
                "type": "object",
                "properties": {"required": {"type": "string"}},
                "required": ["required"],
                "additionalProperties": False,
            }
        },
        "type": "object",
        "properties": {
            "one": {"$ref": "#/$defs/Inner"},
            "many": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        },
        "required": ["one", "many"],
        "additionalProperties": False,
    }
    assert openai_complaint(strict(loose)) is None
    assert openai_complaint(strict(smaller(SCHEMA))) is None


async def test_a_refused_schema_is_sent_smaller_and_then_told_in_words() -> None:
    async with openai(personas.schema_400()) as side:
        side.check(await side.ask())
    full, small, words = side.bodies
    assert len(set(side.nonces)) == 3
    assert "enum" in str(form_of(full)) and "enum" not in str(form_of(small))
    assert form_of(words) is None
    assert [describes(body) for body in side.bodies] == [False, False, True]


async def test_what_is_not_about_the_schema_is_asked_once() -> None:
    async with openai(model="gpt-no-such") as side:
        assert (await side.fail()).failure.code == "model_not_found"
    assert len(side.bodies) == 1


@pytest.mark.parametrize(("model", "temperature"), [("gpt-4o", 0), ("gpt-5.5", None), ("o4-mini", None)])
async def test_only_models_that_take_a_temperature_get_one(model: str, temperature: float | None) -> None:
    async with openai(model=model) as side:
        side.check(await side.ask())
    assert side.bodies[0].get("temperature") == temperature


async def test_a_refused_temperature_costs_no_schema() -> None:
    refused = personas.status(400, message="Unsupported parameter: 'temperature' is not supported.").first(1)
    async with openai(refused, model="gpt-4o-mini") as side:
        side.check(await side.ask())
    assert ["temperature" in body for body in side.bodies] == [True, False]
    assert form_of(side.bodies[0]) == form_of(side.bodies[1])


async def test_no_audit_goes_on_in_the_background() -> None:
    async with openai(settings=ProviderSettings(background=True)) as side:
        side.check(await side.ask())
    assert side.bodies[0]["store"] is False


@pytest.mark.parametrize(
    ("flaw", "reason", "truncated", "filtered"),
    [
        ("truncated", "max_output_tokens", True, False),
        ("safety", "content_filter", False, True),
        ("refusal", "completed", False, True),
    ],
)
async def test_how_an_answer_ended(flaw: str, reason: str, truncated: bool, filtered: bool) -> None:
    async with openai(f"audit-{flaw}") as side:
        reply = await side.ask()
    assert (reply.finish_reason, reply.truncated, reply.filtered) == (reason, truncated, filtered)
    assert "cannot help" not in reply.text


@pytest.mark.parametrize(("persona", "kind"), FAULTS)
async def test_faults(persona: str, kind: str) -> None:
    async with openai(persona) as side:
        assert (await side.fail()).failure.kind == kind
    assert len(side.bodies) == 1


async def test_a_slow_answer_is_waited_for_as_long_as_it_says_something() -> None:
    patient = TransportSettings(idle_timeout_ms=500)
    async with asking(audit, INFO, "gpt-5.5", "drip=0.012", path="/v1", transport=patient) as side:
        side.check(await side.ask())


@pytest.mark.parametrize("persona", ["keepalive", "stall=0"])
async def test_a_silent_answer_is_not_waited_for(persona: str) -> None:
    impatient = TransportSettings(idle_timeout_ms=50)
    async with asking(audit, INFO, "gpt-5.5", persona, path="/v1", transport=impatient) as side:
        error = await side.fail()
        await side.sim.idle()
    assert (error.failure.kind, "idleTimeoutMs" in error.failure.message) == ("network", True)


LOGIN = OAuthCredential(
    jwt(**{"exp": 4_000_000_000, chatgpt.CLAIMS: {"chatgpt_account_id": "acc-1"}}), account_id="acc-1"
)


async def test_chatgpt_mode_sends_only_what_its_service_takes() -> None:
    async with asking(audit, INFO, "gpt-5.5", path=chatgpt.BASE, credential=LOGIN) as side:
        side.check(await side.ask())
    [body] = side.bodies
    assert form_of(body) == {"type": "json_schema", "name": "answer", "schema": strict(SCHEMA), "strict": True}
    assert not {"max_output_tokens", "temperature"} & body.keys()


async def test_a_spent_plan_is_told_as_such() -> None:
    async with asking(audit, INFO, "gpt-5.5", "usage-limit", path=chatgpt.BASE, credential=LOGIN) as side:
        assert (await side.fail()).failure.kind == "billing_quota"
