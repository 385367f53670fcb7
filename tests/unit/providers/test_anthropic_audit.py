"""Anthropic's structured answers: what the schema may hold, who is asked how, and how answers end."""

from contextlib import AbstractAsyncContextManager

import pytest

from maestro.audit.asking.wire import SCHEMA
from maestro.providers.anthropic import audit
from maestro.providers.anthropic.config import INFO
from maestro.providers.anthropic.schema import output_schema
from maestro.providers.schemas import smaller
from maestro.store.credentials import Credential, OAuthCredential
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import ProviderSettings
from tests.simulators import personas
from tests.simulators.fixtures import Personas
from tests.simulators.schema_checks import anthropic_complaint
from tests.unit.providers.audit_support import FAULTS, Asking, asking, describes

pytestmark = pytest.mark.asyncio


def anthropic(
    persona: Personas = (),
    model: str = "claude-sonnet-5-5",
    settings: ProviderSettings | None = None,
    credential: Credential | None = None,
) -> AbstractAsyncContextManager[Asking]:
    return asking(audit, INFO, model, persona, settings=settings, credential=credential)


def form_of(body: JsonObject) -> JsonValue:
    config = body.get("output_config")
    return config.get("format") if isinstance(config, dict) else None


async def test_the_answer_is_held_to_the_schema() -> None:
    async with anthropic() as side:
        side.check(await side.ask())
    [body] = side.bodies
    assert form_of(body) == {"type": "json_schema", "schema": output_schema(SCHEMA)}
    assert (body["max_tokens"], body["stream"]) == (4000, True)
    assert not {"temperature", "tools", "thinking"} & body.keys()


async def test_a_schema_has_only_keywords_that_are_taken() -> None:
    loose: JsonObject = {
        "type": "object",
        "propertyOrdering": ["a"],
        "properties": {
            "a": {"type": "string", "format": "uri", "pattern": "x", "nullable": True},
            "b": {"type": "string", "format": "int32"},
            "c": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"oneOf": [{"type": "integer"}]}},
            "d": {"type": "array", "minItems": 2},
        },
    }
    assert anthropic_complaint(loose) is not None
    assert output_schema(loose) == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "format": "uri"},
            "b": {"type": "string"},
            "c": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "integer"}]}},
            "d": {"type": "array"},
        },
        "additionalProperties": False,
    }
    assert anthropic_complaint(output_schema(loose)) is None
    assert anthropic_complaint(output_schema(smaller(SCHEMA))) is None


async def test_a_refused_schema_is_sent_smaller_and_then_told_in_words() -> None:
    async with anthropic(personas.schema_400()) as side:
        side.check(await side.ask())
    full, small, words = side.bodies
    assert len(set(side.nonces)) == 3
    assert "enum" in str(form_of(full)) and "enum" not in str(form_of(small))
    assert form_of(words) is None and describes(words)


async def test_a_model_without_structured_output_is_asked_in_words() -> None:
    async with anthropic(model="claude-3-5-haiku-20241022") as side:
        side.check(await side.ask())
    assert form_of(side.bodies[-1]) is None


@pytest.mark.parametrize(
    ("model", "version", "temperature"),
    [
        ("claude-sonnet-4-5", None, 0),
        ("claude-opus-4-5", None, 0),
        ("claude-sonnet-4-5", "2026-10-21", None),
        ("claude-opus-4-7", None, None),
        ("claude-sonnet-5-5", None, None),
    ],
)
async def test_only_models_that_take_a_temperature_get_one(
    model: str, version: str | None, temperature: float | None
) -> None:
    async with anthropic(model=model, settings=ProviderSettings(version=version)) as side:
        side.check(await side.ask())
    assert side.bodies[0].get("temperature") == temperature


@pytest.mark.parametrize(
    ("flaw", "reason", "truncated", "filtered"),
    [
        ("truncated", "max_tokens", True, False),
        ("safety", "refusal", False, True),
        ("refusal", "refusal", False, True),
    ],
)
async def test_how_an_answer_ended(flaw: str, reason: str, truncated: bool, filtered: bool) -> None:
    async with anthropic(f"audit-{flaw}") as side:
        reply = await side.ask()
    assert (reply.finish_reason, reply.truncated, reply.filtered) == (reason, truncated, filtered)


@pytest.mark.parametrize(("persona", "kind"), [*FAULTS, ("409", "server"), ("529", "overloaded")])
async def test_faults(persona: str, kind: str) -> None:
    async with anthropic(persona) as side:
        assert (await side.fail()).failure.kind == kind
    assert len(side.bodies) == 1


async def test_a_failure_inside_the_stream_is_one() -> None:
    async with anthropic("error-in-stream") as side:
        assert (await side.fail()).failure.kind == "overloaded"


async def test_a_login_is_signed_as_chats_are() -> None:
    async with anthropic(credential=OAuthCredential("sk-ant-oat01-good")) as side:
        side.check(await side.ask())
    headers = side.sim.requests[0].headers
    assert headers["authorization"] == "Bearer sk-ant-oat01-good"
    assert "oauth-2025-04-20" in headers["anthropic-beta"]
    assert "x-api-key" not in headers
