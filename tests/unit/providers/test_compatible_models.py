"""The lists of compatible services: their shapes, and what they say of a model beside its name."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.failures import UpstreamError
from maestro.providers.openai_compatible import models
from maestro.providers.openai_compatible.config import ROWS
from maestro.providers.openai_compatible.entry import Entry, model
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.models import Model
from maestro_protocol.settings import ProviderSettings
from tests.unit.providers.support import connect, loopback


async def listed(
    answer: JsonValue, status: int = 200, settings: ProviderSettings | None = None, default: str | None = None
) -> list[JsonObject]:
    async with loopback((status, answer)) as (server, http):
        info = replace(ROWS["groq"], default_model=default)
        found = await models.list_models(connect(info, settings, base_url=f"{server.base_url}/v1", http=http))
    assert (server.received[0].method, server.received[0].target) == ("GET", "/v1/models")
    return [model.to_wire() for model in found]


def named(name: str, **more: JsonValue) -> JsonObject:
    return {"id": f"groq/{name}", "provider": "groq", "name": name, **more}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        {"object": "list", "data": [{"id": "llama"}]},
        [{"id": "llama", "display_name": "llama"}],
        {"models": [{"name": "llama", "model": "llama", "details": {}}]},
    ],
)
async def test_lists_in_every_shape(answer: JsonValue) -> None:
    assert await listed(answer) == [named("llama")]


@pytest.mark.asyncio
async def test_what_openrouter_tells_of_a_model() -> None:
    entry: JsonObject = {
        "id": "anthropic/opus",
        "name": "Anthropic: Opus",
        "context_length": 200_000,
        "architecture": {"input_modalities": ["text", "image"]},
        "pricing": {"prompt": "0.000003", "completion": "0.000015"},
        "top_provider": {"max_completion_tokens": 64_000},
        "supported_parameters": ["tools", "reasoning", "temperature"],
    }
    auto: JsonObject = {
        "id": "auto",
        "context_length": "unknown",
        "architecture": {},
        "pricing": {"prompt": "-1", "completion": "-1"},
        "supported_parameters": [],
    }
    odd: JsonObject = {"id": "odd", "pricing": {"prompt": "free", "completion": 0}, "max_completion_tokens": None}
    assert await listed({"data": [entry, auto, odd]}) == [
        named(
            "anthropic/opus",
            label="Anthropic: Opus",
            contextWindow=200_000,
            maxOutput=64_000,
            features=["tools", "reasoning", "vision"],
            prices={"input": "3", "output": "15"},
        ),
        named("auto", features=[]),
        named("odd"),
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("field", ["context_length", "context_window", "max_context_length", "max_model_len"])
async def test_every_name_of_the_context_window(field: str) -> None:
    assert await listed([{"id": "llama", field: 4096}]) == [named("llama", contextWindow=4096)]


@pytest.mark.asyncio
async def test_a_service_without_a_list_has_its_default_model_or_none() -> None:
    missing: JsonObject = {"error": "not found"}
    assert await listed(missing, 404) == []
    assert await listed(missing, 404, default="llama") == [named("llama")]
    assert await listed(missing, 404, ProviderSettings(default_model="qwen"), "llama") == [named("qwen")]


@pytest.mark.asyncio
async def test_a_row_that_does_not_fit_hides_no_other() -> None:
    assert await listed([{"id": 7}, "llama", {"id": "llama"}]) == [named("llama")]
    with pytest.raises(UpstreamError) as caught:
        await listed([{"id": 7}])
    assert caught.value.failure.kind == "malformed"


@pytest.mark.asyncio
async def test_other_refusals_are_told() -> None:
    with pytest.raises(UpstreamError) as caught:
        await listed({"error": "no"}, 401)
    assert caught.value.http_status == 401


def said(**fields: JsonValue) -> Model:
    return model("groq", Entry.model_validate({"id": "llama", **fields}))


@pytest.mark.parametrize(
    ("fields", "prices"),
    [
        ({"pricing": {"prompt": "0", "completion": "0"}}, {"input": "0", "output": "0"}),
        ({"pricing": {"input": 0, "output": 0}}, None),
        (
            {"pricing": {"input": 0.3, "output": 1.25, "cached_input": 0.03}},
            {"input": "0.3", "output": "1.25", "cacheRead": "0.03"},
        ),
        (
            {"prompt_text_token_price": 30_000, "completion_text_token_price": 150_000},
            {"input": "3", "output": "15"},
        ),
        (
            {"pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0"}},
            {"input": "3", "output": "15"},
        ),
        ({"pricing": {"prompt": "1e999999", "completion": "1e-999999"}}, None),
        ({"pricing": {"prompt": "NaN", "completion": "1"}}, None),
        ({"pricing": {"prompt": True, "completion": []}}, None),
        ({"pricing": "free"}, None),
    ],
)
def test_prices_in_every_unit(fields: JsonObject, prices: JsonObject | None) -> None:
    assert said(**fields).to_wire().get("prices") == prices


@pytest.mark.parametrize(
    ("fields", "deprecated", "day"),
    [
        ({"deprecation": "2027-03-01T12:00:00Z"}, True, "2027-03-01"),
        ({"deprecation": None, "expiration_date": "2027-03-01"}, True, "2027-03-01"),
        ({"shutdown_date": None}, None, None),
        ({"deprecated": True}, True, None),
        ({"deprecated": False}, None, None),
        ({"deprecated": "2027-03-01"}, True, "2027-03-01"),
        ({"deprecation": "soon"}, None, None),
    ],
)
def test_the_end_of_a_model(fields: JsonObject, deprecated: bool | None, day: str | None) -> None:
    told = said(**fields)
    assert (told.deprecated, told.retires_on) == (deprecated, day)


@pytest.mark.parametrize(
    ("fields", "features"),
    [
        ({"supports_tools": True, "supports_image_input": False}, ["tools"]),
        ({"capabilities": ["streaming", "tool-calling", 7]}, ["tools"]),
        ({"capabilities": {"function_calling": True, "vision": True, "reasoning": False}}, ["tools", "vision"]),
        ({"supports_reasoning": True, "supports_image_in": True}, ["reasoning", "vision"]),
        ({"input_modalities": ["text"]}, None),
        ({"supported_parameters": ["temperature"]}, []),
    ],
)
def test_features_in_every_spelling(fields: JsonObject, features: list[str] | None) -> None:
    assert said(**fields).features == features


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "other",
    [{"type": "image"}, {"active": False}, {"supports_chat": False}, {"capabilities": {"completion_chat": False}}],
)
async def test_what_does_not_chat_is_left_out(other: JsonObject) -> None:
    assert await listed([{"id": "flux", **other}, {"id": "llama", "type": "chat"}]) == [named("llama")]


WORDS = "id name model context_length pricing prompt input capabilities supports_tools deprecation limits type".split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("1e-.2027", max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*WORDS, "supported_parameters", "architecture", "top_provider"]), JSON))
def test_nothing_a_list_says_beside_a_name_is_an_error(fields: JsonObject) -> None:
    entry = Entry.model_validate({**fields, "id": "llama"})
    assert model("groq", entry).id == "groq/llama"
    assert entry.chats in (True, False)
