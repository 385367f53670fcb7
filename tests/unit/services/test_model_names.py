"""Aliases, defaults, efforts and short names: a string means one model everywhere, and nothing is chosen silently."""

from pathlib import Path

import pytest

from maestro import provider
from maestro.audit.options import Shared
from maestro.audit.source import AuditSource
from maestro.errors import MaestroError
from maestro.services.models import Before
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatCompleteParams, ChatMessage, ChatParams, ChatSendParams
from maestro_protocol.conversations import ChatCompactParams
from maestro_protocol.models import ModelListParams
from maestro_protocol.sessions import SessionUpdateParams
from tests.simulators.fixtures import simulate
from tests.simulators.replies import Script
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio

LONG = "Hello. " * 100
HELLO = [ChatMessage(role="user", content="Hello")]
MODELS: JsonObject = {"Acme/large-1": "large", "meta/llama:8b": "llama", "auto": ""}
GATEWAY: JsonObject = {"providers": {"Acme": {"baseUrl": "http://127.0.0.1:1/v1", "validModels": MODELS}}}


async def _refusal(work: object) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await work  # type: ignore[misc]
    return caught.value


async def test_an_alias_stands_for_any_string_and_what_is_said_around_it_wins(tmp_path: Path) -> None:
    aliases: JsonObject = {"fast": "openai/gpt-5.4-mini@low", "quick": "fast", "gpt-4o": "openai/gpt-5.5"}
    async with product(tmp_path, "openai", settings={"aliases": aliases}) as (services, _):
        for name, string in (
            ("fast", "openai/gpt-5.4-mini@low"),
            ("quick", "openai/gpt-5.4-mini@low"),
            ("my-openai:quick@high", "openai/gpt-5.4-mini@high"),
            ("gpt-4o", "openai/gpt-5.5"),
            ("openai/gpt-4o", "openai/gpt-4o"),
        ):
            assert (await services.models.target(name, None)).string == string
            found = await services.models.resolve(name)
            assert found.model.id == string.partition("@")[0]
            assert found.matched_by == ("exact" if "/" in name else "alias")


async def test_an_alias_that_leads_nowhere_is_told_by_its_path(tmp_path: Path) -> None:
    aliases: JsonObject = {"a": "b", "b": "a@high", "lost": "openai/gpt-5.", "gone": "pelican"}
    async with product(tmp_path, "openai", settings={"aliases": aliases}) as (services, _):
        for work in (services.models.resolve("a"), services.models.target("a", None)):
            error = await _refusal(work)
            assert (error.kind, error.message.partition(" ")[0]) == ("invalidParams", "`aliases.a`")
        for work in (services.models.resolve("gone"), services.models.target("gone", None)):
            error = await _refusal(work)
            assert (error.kind, error.message.partition(" ")[0]) == ("modelNotFound", "`aliases.gone`")
            for candidate in error.data.candidates or []:
                assert (await services.models.resolve(candidate)).model.id == candidate


async def test_a_short_name_that_an_alias_hides_is_not_listed_as_the_models(tmp_path: Path) -> None:
    settings: JsonObject = {
        "aliases": {"mini": "openai/gpt-5.5"},
        "providers": {"openai": {"validModels": {"gpt-5.4-mini": "mini", "gpt-5.4": "four"}}},
    }
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        listed = await services.models.list(ModelListParams(provider="openai"))
        short = {model.name: model.short_name for model in listed.models}
        assert (short["gpt-5.4-mini"], short["gpt-5.4"], short["gpt-5.5"]) == (None, "four", None)
        assert (await services.models.resolve("mini")).model.name == "gpt-5.5"


async def test_auto_is_what_would_be_used_without_a_model(tmp_path: Path) -> None:
    settings: JsonObject = {"defaults": {"chat": "openai/gpt-5.4@low", "provider": "openai"}}
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        assert (await services.models.target("auto", None)).string == "openai/gpt-5.4@low"
        assert (await services.models.target("auto@high", None)).string == "openai/gpt-5.4@high"
        assert (await services.models.target("OpenAI/auto", None)).string == "openai/gpt-5.5"
        assert (await services.models.target("my-openai:auto", None)).string == "openai/gpt-5.5"
        assert (await services.models.target("auto", None, before=Before("openai/gpt-4o"))).string == "openai/gpt-4o"
        for name, expected in (("auto", "openai/gpt-5.4"), ("openai/auto", "openai/gpt-5.5")):
            found = await services.models.resolve(name)
            assert (found.model.id, found.matched_by) == (expected, "default")


async def test_a_default_that_says_auto_ends_at_the_providers(tmp_path: Path) -> None:
    settings: JsonObject = {"defaults": {"chat": "auto@high", "complete": "auto", "provider": "openai"}}
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        assert (await services.models.target(None, None, role="complete")).string == "openai/gpt-5.5@high"


async def test_openrouters_own_auto_is_reached_by_both_its_names(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await provider.create_session("openrouter", "api_key", name="gate", api_key="sk-or-simulated")
        for name in ("openrouter/auto", "openrouter/openrouter/auto", "gate:auto"):
            assert (await services.models.target(name, None)).model == "openrouter/auto", name


async def test_a_model_that_is_called_auto_is_reached_by_its_full_name(tmp_path: Path) -> None:
    async with product(tmp_path, settings=GATEWAY) as (services, _):
        assert (await services.models.target("acme/auto", None)).model_id == "Acme/auto"
        assert (await services.models.resolve("Acme/auto")).matched_by == "exact"


async def test_names_with_slashes_work_without_their_provider(tmp_path: Path) -> None:
    async with product(tmp_path, settings=GATEWAY) as (services, _):
        for name in ("meta/llama:8b", "ACME/meta/llama:8b", "llama", "Acme/llama@high", "meta/lla"):
            assert (await services.models.resolve(name)).model.id == "Acme/meta/llama:8b", name
        assert (await services.models.target("meta/llama:8b", None)).model_id == "Acme/meta/llama:8b"


async def test_a_service_whose_own_names_begin_with_its_own_is_understood(tmp_path: Path) -> None:
    async with product(tmp_path, settings=GATEWAY) as (services, _):
        for name in ("acme/large-1", "Acme/Acme/large-1@low", "large"):
            assert (await services.models.resolve(name)).model.id == "Acme/Acme/large-1", name
            assert (await services.models.target(name, None)).model == "Acme/large-1"


async def test_a_providers_name_means_that_provider_alone(tmp_path: Path) -> None:
    """What goes to whom does not depend on which lists were read."""
    settings: JsonObject = {
        "providers": {"acme": {"baseUrl": "http://127.0.0.1:1/v1", "validModels": {"openai/gpt-x:free": ""}}}
    }
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        await services.models.list(ModelListParams())
        assert (await services.models.target("openai/gpt-x:free", None)).model_id == "openai/gpt-x:free"
        error = await _refusal(services.models.resolve("openai/gpt-x:free"))
        assert (error.data.candidates or [""])[0] == "acme/openai/gpt-x:free"


async def test_a_name_that_a_list_has_as_it_stands_is_not_taken_apart(tmp_path: Path) -> None:
    settings: JsonObject = {"providers": {"openai": {"validModels": {"tuned@high": "tuned"}}}}
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        assert (await services.models.target("openai/tuned@high", None)).effort is None
        assert (await services.models.target("openai/tuned@low", None)).string == "openai/tuned@high@low"
        assert (await services.models.resolve("tuned@high")).effort is None
        target = await services.models.target("openai/claude@20250101", None)
        assert (target.model, target.effort) == ("claude@20250101", None)


async def test_short_names_from_settings_are_known_without_a_list(tmp_path: Path) -> None:
    settings: JsonObject = {"providers": {"openai": {"validModels": {"gpt-9-large": "9", "a": "same", "b": "same"}}}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        assert (await services.models.target("openai/9@high", None)).string == "openai/gpt-9-large@high"
        assert (await services.models.target("my-openai:9", None)).model == "gpt-9-large"
        assert (await services.models.target("openai/7", None)).model == "7"
        error = await _refusal(services.models.target("openai/same", None))
        assert (error.kind, error.data.candidates) == ("ambiguous", ["openai/a", "openai/b"])
        assert openai.requests == []


async def test_a_model_that_does_not_chat_is_not_listed_and_can_be_named_in_full(tmp_path: Path) -> None:
    settings: JsonObject = {"providers": {"openai": {"invalidModels": ["text-embedding-3-large"]}}}
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        listed = await services.models.list(ModelListParams())
        assert "text-embedding-3-large" not in {model.name for model in listed.models}
        name = "openai/text-embedding-3-large"
        assert (await services.models.resolve(name)).model.id == name
        assert (await services.models.target(name, None)).model_id == name
        error = await _refusal(services.models.resolve("text-embedding-3-large"))
        assert name not in (error.data.candidates or [])


async def test_the_nearest_candidate_comes_first(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic") as (services, _):
        for name, nearest in (
            ("gpt-4oo", "openai/gpt-4o"),
            ("openai/gtp-5.5", "openai/gpt-5.5"),
            ("claud-sonnet-5-5", "anthropic/claude-sonnet-5-5"),
            ("embedding", "openai/text-embedding-3-large"),
        ):
            error = await _refusal(services.models.resolve(name))
            assert (error.data.candidates or [""])[0] == nearest


async def test_the_effort_in_a_string_goes_into_the_request_and_the_chat_keeps_it(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):

        async def effort(chat_id: str | None, model: str | None = None, params: ChatParams | None = None) -> str | None:
            sent = ChatSendParams(chat_id=chat_id, input="Hello", model=model, params=params)
            result = await services.chats.send(sent, None, 0)
            assert result.model.startswith("openai/gpt-5.")
            assert "@" not in result.model
            return (openai.requests[-1].json.get("reasoning") or {}).get("effort")

        first = await services.chats.send(ChatSendParams(input="Hello", model="openai/gpt-5.5@high"), None, 0)
        chat = first.chat_id
        assert first.model == "openai/gpt-5.5"
        assert (await services.history.find(chat)).model == "openai/gpt-5.5@high"
        assert await effort(chat) == "high"
        assert await effort(chat, params=ChatParams(effort="low")) == "low"
        assert await effort(chat, "auto@medium") == "medium"
        assert await effort(chat, "openai/gpt-5.4") is None
        assert await effort(chat) is None


async def test_another_model_of_the_same_provider_is_no_other_session(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        await provider.create_session("openai", "api_key", name="second", api_key="sk-simulated-second")
        first = await services.chats.send(ChatSendParams(input="Hello", model="second:openai/gpt-5.5"), None, 0)
        for model in ("OpenAI/gpt-5.4", "gpt-5.4-m", "auto@low", None):
            sent = ChatSendParams(chat_id=first.chat_id, input="Hello", model=model)
            await services.chats.send(sent, None, 0)
            session = (await services.history.find(first.chat_id)).session_id
            assert session == (await services.sessions.get("second")).id


async def test_each_kind_of_request_has_a_default_of_its_own(tmp_path: Path) -> None:
    defaults: JsonObject = {
        "chat": "openai/gpt-5.5",
        "complete": "mini@low",
        "compact": "mini",
        "audit": "openai/o4-mini",
    }
    settings: JsonObject = {"defaults": defaults, "aliases": {"mini": "openai/gpt-5.4-mini"}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        completed = await services.completions.complete(ChatCompleteParams(messages=HELLO), None, 0)
        assert completed.model == "openai/gpt-5.4-mini"
        assert openai.requests[-1].json["reasoning"]["effort"] == "low"
        chat = await services.chats.send(ChatSendParams(input=LONG), None, 0)
        openai.say(Script(text="They greeted each other."))
        assert chat.model == "openai/gpt-5.5"
        await services.compaction.compact(ChatCompactParams(chat_id=chat.chat_id, keep_turns=0))
        assert openai.requests[-1].json["model"] == "gpt-5.4-mini"
        assert (await services.history.find(chat.chat_id)).model == "openai/gpt-5.5"
        assert (await services.models.target(None, None, role="audit")).model == "o4-mini"
        assert (await services.models.target(None, "my-openai", role="audit")).model == "gpt-5.5"


async def test_a_chat_is_summed_up_with_its_own_model_and_effort(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        chat = await services.chats.send(ChatSendParams(input=LONG, model="openai/gpt-5.4@low"), None, 0)
        openai.say(Script(text="They greeted each other."))
        await services.compaction.compact(ChatCompactParams(chat_id=chat.chat_id, keep_turns=0))
        assert openai.requests[-1].json["model"] == "gpt-5.4"
        assert openai.requests[-1].json["reasoning"]["effort"] == "low"


async def test_an_audit_thinks_as_hard_as_it_was_told(tmp_path: Path) -> None:
    source = AuditSource("file:///work/a.py", "def half(x):\n    return x / 0\n", "python")
    async with product(tmp_path, "openai", "gemini", "anthropic") as (services, simulations):

        async def body(model: str) -> JsonObject:
            target = await services.models.target(model, None)
            opts = {"model": target.model, "effort": target.effort, "shared": shared}
            result = await provider.audit_code(target.provider, target.session_id, source, **opts)
            assert result.status == "complete", result
            notices.extend(chunk.reason for chunk in result.chunks if chunk.reason)
            [simulation] = [one for one in simulations if one.service.name == target.provider]
            return simulation.requests[-1].json

        notices, shared = list[str](), Shared()
        assert (await body("openai/gpt-5.5@high"))["reasoning"]["effort"] == "high"
        assert (await body("openai/gpt-5.5@low"))["reasoning"]["effort"] == "low"
        assert "reasoning" not in await body("openai/gpt-5.5")
        assert (await body("anthropic/claude-sonnet-5-5@max"))["output_config"]["effort"] == "max"
        config = (await body("gemini/gemini-3.5-pro@low"))["generationConfig"]
        assert config["thinkingConfig"] == {"thinkingLevel": "LOW"}
        assert notices == []
        assert "reasoning" not in await body("openai/gpt-4o@high")
        assert "effort" in notices[0]
        result = await provider.audit_code("offline", None, source, effort="high")
        assert "effort" in str(result.chunks[0].reason)


async def test_an_audit_by_a_service_without_efforts_says_so(tmp_path: Path) -> None:
    source = AuditSource("file:///work/a.py", "def half(x):\n    return x / 0\n", "python")
    async with simulate("compatible", gateway="vllm") as llama:
        settings: JsonObject = {"providers": {"llamacpp": {"baseUrl": f"{llama.base_url}/v1"}}}
        async with product(tmp_path, settings=settings):
            for effort, is_told in (("high", True), (None, False)):
                opts = {"model": "acme/large-1", "effort": effort}
                result = await provider.audit_code("llamacpp", None, source, **opts)
                assert result.status == "complete"
                assert ("effort" in str(result.chunks[0].reason)) is is_told
                assert "reasoning_effort" not in llama.requests[-1].json


async def test_a_route_takes_the_place_of_a_model_everywhere(tmp_path: Path) -> None:
    settings: JsonObject = {
        "routes": {"cheap": ["openai/gpt-5.4-mini@low", "anthropic/claude-haiku-5-5"]},
        "aliases": {"usual": "cheap@medium"},
        "defaults": {"audit": "usual", "complete": "cheap"},
        "providers": {"openai": {"validModels": {"gpt-5.4": "cheap"}}},
    }
    async with product(tmp_path, "openai", "anthropic", settings=settings) as (services, [openai, _]):
        target = await services.models.target(None, None, role="audit")
        assert (target.model_id, target.effort, target.string) == ("openai/gpt-5.4-mini", "medium", "cheap@medium")
        assert [(other.model, other.effort) for other in target.alternatives] == [("claude-haiku-5-5", "medium")]
        assert (await services.models.target(None, None, role="complete")).effort == "low"
        found = await services.models.resolve("usual")
        assert (found.model.name, found.effort, found.matched_by) == ("gpt-5.4-mini", "medium", "route")
        listed = await services.models.list(ModelListParams(provider="openai"))
        assert not any(model.short_name for model in listed.models)
        chat = await services.chats.send(ChatSendParams(input="Hello", model="usual"), None, 0)
        for _ in range(2):
            assert openai.requests[-1].json["reasoning"]["effort"] == "medium"
            assert (await services.history.find(chat.chat_id)).model == "cheap@medium"
            await services.chats.send(ChatSendParams(chat_id=chat.chat_id, input="Hello"), None, 0)


@pytest.mark.parametrize("name", ["openai/gpt-5.4@low", "gpt-5.4@low", "four@low"])
async def test_a_sessions_default_may_be_any_string_of_its_provider(tmp_path: Path, name: str) -> None:
    settings: JsonObject = {"providers": {"openai": {"validModels": {"gpt-5.4": "four"}}}}
    async with product(tmp_path, "openai", settings=settings) as (services, _):
        params = SessionUpdateParams.from_wire({"sessionId": "my-openai", "defaults": {"model": name}})
        await services.sessions.update(params)
        for asked, reference in (("my-openai:auto", None), (None, "my-openai"), ("openai/auto", None)):
            assert (await services.models.target(asked, reference)).string == "openai/gpt-5.4@low"
