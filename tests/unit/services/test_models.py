"""A short name means one model or none, every candidate resolves, and nothing is chosen silently."""

from pathlib import Path

import pytest

from maestro import provider
from maestro.cli.chat import model_named
from maestro.errors import MaestroError
from maestro_protocol.audit import AuditRunParams
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatCompleteParams, ChatMessage, ChatSendParams
from maestro_protocol.events import TurnNotice
from maestro_protocol.models import ModelListParams
from tests.simulators.fixtures import simulate
from tests.simulators.personas import stall_headers
from tests.unit.services.product import product
from tests.unit.services.test_chats import Sink

pytestmark = pytest.mark.asyncio


async def _refusal(work: object) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await work  # type: ignore[misc]
    return caught.value


async def test_a_name_resolves_by_id_by_name_and_by_its_beginning(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic") as (services, _):
        for name, matched_by in (
            ("openai/gpt-5.5", "exact"),
            ("gpt-5.5", "exact"),
            ("gpt-5.4-m", "prefix"),
            ("my-openai:gpt-5.5", "exact"),
        ):
            found = await services.models.resolve(name)
            assert found.matched_by == matched_by, name
        assert (await services.models.resolve("gpt-5.5")).session_id == (await services.sessions.get("my-openai")).id


@pytest.mark.parametrize("name", ["offline/", "openai/", "my-openai:"])
async def test_half_a_name_means_nothing(tmp_path: Path, name: str) -> None:
    async with product(tmp_path, "openai") as (services, _):
        error = await _refusal(services.models.resolve(name))
        assert error.kind == "modelNotFound"


async def test_a_session_is_named_by_its_id_as_well(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, _):
        target = await services.models.target("env:openai:openai/gpt-5.5", None)
        assert (target.session_id, target.model) == ("env:openai", "gpt-5.5")


async def test_every_candidate_of_an_error_resolves(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic") as (services, _):
        for name, kind in (("gpt", "ambiguous"), ("claude", "ambiguous"), ("pelican", "modelNotFound")):
            error = await _refusal(services.models.resolve(name))
            assert error.kind == kind
            assert error.data.candidates
            for candidate in error.data.candidates:
                assert (await services.models.resolve(candidate)).model.id == candidate


async def test_a_list_is_asked_for_once_and_again_on_request(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        first = await services.models.list(ModelListParams(provider="openai"))
        again = await services.models.list(ModelListParams(provider="openai"))
        assert first == again
        assert len(openai.requests) == 1
        await services.models.list(ModelListParams(provider="openai", refresh=True))
        assert len(openai.requests) == 2


async def test_a_list_that_cannot_be_renewed_is_shown_as_stale(tmp_path: Path) -> None:
    settings: JsonObject = {"retry": {"server": 0, "overloaded": 0, "network": 0}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        first = await services.models.list(ModelListParams(provider="openai"))
        await openai.server.aclose()
        stale = await services.models.list(ModelListParams(provider="openai", refresh=True))
        assert stale.models == first.models
        assert stale.sources[0].status == "stale"
        assert stale.sources[0].error is not None
        assert stale.sources[0].fetched_at == first.sources[0].fetched_at


async def test_one_provider_failing_does_not_fail_the_list(tmp_path: Path) -> None:
    settings: JsonObject = {"retry": {"server": 0, "overloaded": 0, "network": 0}}
    async with product(tmp_path, "openai", "anthropic", settings=settings) as (services, [openai, _]):
        await openai.server.aclose()
        listed = await services.models.list(ModelListParams())
        assert {source.provider: source.status for source in listed.sources} == {
            "anthropic": "ok",
            "offline": "ok",
            "openai": "error",
        }
        assert {model.provider for model in listed.models} == {"anthropic", "offline"}


async def test_a_key_of_the_environment_is_used_in_a_terminal_only(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", signed_in=False) as (services, _):
        error = await _refusal(services.models.target("openai/gpt-5.5", None))
        assert error.kind == "authRequired"
        assert error.data.action is not None
        assert error.data.action.arguments == ["env:openai"]
        assert (await services.models.target("openai/gpt-5.5", "env:openai")).session_id == "env:openai"
    async with product(tmp_path, "openai", terminal=True, signed_in=False) as (services, _):
        assert (await services.models.target("openai/gpt-5.5", None)).session_id == "env:openai"


async def test_a_full_name_is_taken_at_its_word_without_asking_for_a_list(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        target = await services.models.target("openai/brand-new", None)
        assert (target.provider, target.model) == ("openai", "brand-new")
        assert (await services.models.target("brand-new", "my-openai")).model == "brand-new"
        assert openai.requests == []


async def test_without_a_model_the_nearest_default_is_used(tmp_path: Path) -> None:
    async with product(tmp_path / "provider", "openai", settings={"defaults": {"provider": "openai"}}) as (services, _):
        assert (await services.models.target(None, None)).model_id == "openai/gpt-5.5"
    async with product(tmp_path / "model", "openai", settings={"defaults": {"chat": "openai/gpt-x"}}) as (services, _):
        assert (await services.models.target(None, None)).model_id == "openai/gpt-x"
        assert (await services.models.target(None, "my-openai")).model_id == "openai/gpt-5.5"
    async with product(tmp_path / "short", "openai", settings={"defaults": {"chat": "gpt-5.4-m"}}) as (services, _):
        assert (await services.models.target(None, None)).model_id == "openai/gpt-5.4-mini"
    settings: JsonObject = {"defaults": {"provider": "openai"}, "providers": {"openai": {"defaultModel": "gpt-y"}}}
    async with product(tmp_path / "own", "openai", settings=settings) as (services, _):
        assert (await services.models.target(None, None)).model_id == "openai/gpt-y"


async def test_local_servers_are_looked_for_on_their_ports(tmp_path: Path) -> None:
    async with simulate("compatible") as ollama:
        settings: JsonObject = {"providers": {"ollama": {"baseUrl": f"{ollama.base_url}/v1"}}}
        async with product(tmp_path, settings=settings | {"models": {"probeLocalServers": True}}) as (services, _):
            running = {row.id: row.running for row in await services.models.providers()}
            assert running["ollama"] is True
            assert running["offline"] is True
            assert running["openai"] is None
        async with product(tmp_path) as (services, _):
            assert {row.running for row in await services.models.providers()} == {None}


async def test_what_the_settings_know_is_listed_also_while_the_service_does_not_answer(tmp_path: Path) -> None:
    known: JsonObject = {"gpt-5.5": "five", "gpt-9": "nine"}
    settings: JsonObject = {
        "retry": {"server": 0, "overloaded": 0, "network": 0},
        "providers": {"openai": {"validModels": known, "invalidModels": ["gpt-4o"]}},
    }
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        answered = await services.models.list(ModelListParams(provider="openai"))
        names = [model.name for model in answered.models]
        assert names.count("gpt-5.5") == 1
        assert {"gpt-5.4", "gpt-9"} < {*names}
        assert "gpt-4o" not in names
    async with product(tmp_path / "again", "openai", settings=settings) as (services, [openai]):
        await openai.server.aclose()
        listed = await services.models.list(ModelListParams(provider="openai"))
        assert {model.name: model.short_name for model in listed.models} == known
        [source] = listed.sources
        assert (source.status, source.fetched_at) == ("stale", None)
        assert source.error is not None
        assert (await services.models.resolve("nine")).model.id == "openai/gpt-9"


async def test_a_slow_service_does_not_hold_the_others(tmp_path: Path) -> None:
    settings: JsonObject = {"models": {"listTimeoutMs": 100}}
    async with product(tmp_path, "openai", "anthropic", settings=settings) as (services, [openai, _]):
        openai.play(stall_headers().on("models"))
        listed = await services.models.list(ModelListParams())
        errors = {source.provider: source.error for source in listed.sources}
        assert (openai_error := errors["openai"]) is not None
        assert openai_error.data.kind == "unreachable"
        assert "models.listTimeoutMs" in openai_error.message
        assert errors["offline"] is None


async def test_a_dead_provider_that_is_named_is_not_said_to_lack_the_model(tmp_path: Path) -> None:
    settings: JsonObject = {"retry": {"server": 0, "overloaded": 0, "network": 0}}
    async with product(tmp_path, "openai", "anthropic", settings=settings) as (services, [openai, _]):
        await openai.server.aclose()
        assert (await _refusal(services.models.resolve("openai/gpt-5.5"))).kind == "unreachable"
        error = await _refusal(services.models.resolve("gpt-5.5"))
        assert error.kind == "modelNotFound"
        assert "openai did not answer" in error.message


async def test_a_deprecated_model_is_told_once_per_chat(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        await services.models.list(ModelListParams(provider="openai"))

        async def notices(model: str, chat_id: str | None = None) -> tuple[str, list[str]]:
            sink = Sink()
            result = await services.chats.send(ChatSendParams(input="Hi", model=model, chat_id=chat_id), sink, 0)
            return result.chat_id, [one.message for one in sink.events if isinstance(one, TurnNotice)]

        chat, [told] = await notices("openai/gpt-4o")
        assert "openai/gpt-4o" in told
        assert "2027-02-13" in told
        assert await notices("openai/gpt-4o", chat) == (chat, [])
        assert await notices("openai/gpt-5.5", chat) == (chat, [])
        assert (await notices("openai/gpt-4o"))[1] == [told]
        sink = Sink()
        message = ChatMessage(role="user", content="Hi")
        await services.completions.complete(ChatCompleteParams(messages=[message], model="openai/gpt-4o"), sink, 0)
        assert [one.message for one in sink.events if isinstance(one, TurnNotice)] == [told]


async def test_an_audit_by_a_deprecated_model_is_told_once(tmp_path: Path) -> None:
    code = tmp_path / "a.py"
    code.write_text("def half(x):\n    return x / 2\n", encoding="utf-8")
    async with product(tmp_path, "openai", settings={"audit": {"consent": "always"}}) as (services, _):
        told: list[str] = []
        services.runtime.warn = told.append
        await services.models.list(ModelListParams(provider="openai"))
        params = AuditRunParams.from_wire({"target": {"uris": [code.as_uri()]}, "model": "openai/gpt-4o"})
        for _ in range(2):
            assert (await services.audit.run(params)).status == "complete"
        assert [text.partition(" ")[0] for text in told] == ["openai/gpt-4o"]


async def test_a_miss_at_a_provider_shows_its_own_models_first(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic") as (services, _):
        candidates = (await _refusal(services.models.resolve("openai/claude"))).data.candidates or []
        own = [one.startswith("openai/") for one in candidates]
        assert own[0] and own == sorted(own, reverse=True)


async def test_an_effort_and_a_provider_may_be_written_in_any_case(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        target = await services.models.target("OpenAI/gpt-5.5@HIGH", None)
        assert (target.model_id, target.effort) == ("openai/gpt-5.5", "high")
        assert model_named("OPENAI", "gpt-5.5") == "openai/gpt-5.5"


async def test_a_gateway_without_an_address_is_no_candidate(tmp_path: Path) -> None:
    settings: JsonObject = {"providers": {"acme": {"baseUrl": "http://127.0.0.1:1/v1"}}}
    async with product(tmp_path, settings=settings) as (services, _):
        listing = services.models.list(ModelListParams(provider="nobody"))
        for work in (listing, provider.list_models("nobody", "api_key", None)):
            error = await _refusal(work)
            assert "openai_compatible" not in (error.data.candidates or [])
            assert {"acme", "groq"} <= {*(error.data.candidates or [])}
            assert "maestro/" not in error.message


async def test_of_sessions_with_one_name_the_one_that_has_the_model_is_meant(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic", signed_in=False) as (services, _):
        assert (await services.models.resolve("env:gpt-5.5")).session_id == "env:openai"
        assert (await services.models.target("env:gpt-5.4-mini@high", None)).session_id == "env:openai"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("env:auto", "ambiguous"), ("env:auto@high", "ambiguous"), ("env:pelican", "modelNotFound")],
)
async def test_candidates_for_a_name_that_several_sessions_have_resolve(tmp_path: Path, name: str, kind: str) -> None:
    async with product(tmp_path, "openai", "anthropic", signed_in=False) as (services, _):
        for error in (
            await _refusal(services.models.resolve(name)),
            await _refusal(services.models.target(name, None)),
        ):
            assert error.kind == kind
            assert error.data.candidates
            for candidate in error.data.candidates:
                assert (await services.models.resolve(candidate)).session_id == candidate.rpartition(":")[0]


async def test_an_unknown_session_is_answered_with_what_finds_one(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic", signed_in=False) as (services, _):
        error = await _refusal(services.models.resolve("gpt-5.5", "nobody"))
        assert error.data.candidates == ["env:anthropic", "env:openai"]
        for candidate in error.data.candidates:
            assert (await services.sessions.get(candidate)).id == candidate
