"""A short name means one model or none, every candidate resolves, and nothing is chosen silently."""

from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro_protocol.base import JsonObject
from maestro_protocol.models import ModelListParams
from tests.simulators.fixtures import simulate
from tests.unit.services.product import product

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
