"""`maestro/model/discover`: by the sessions there are, believed at once, and over when nobody waits any more."""

import asyncio
import logging
from pathlib import Path

import pytest

from maestro import provider
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME, read
from maestro_protocol.base import JsonObject
from maestro_protocol.models import ModelDiscoverParams
from tests.simulators.fixtures import simulate
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio

SECRET = "canary0123456789abcdef"
IMPATIENT: JsonObject = {"rateLimited": 0, "overloaded": 0, "server": 0, "network": 0}


def _settings(**urls: str) -> JsonObject:
    return {"retry": IMPATIENT, "providers": {name: {"baseUrl": f"{url}/v1"} for name, url in urls.items()}}


async def test_what_a_session_may_use_is_found_kept_and_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with simulate("compatible", "404*1") as sim, product(tmp_path, settings=_settings(groq=sim.base_url)) as made:
        services = made[0]
        await provider.create_session("groq", "api_key", name="mine", api_key=SECRET)
        result = await services.models.discover(ModelDiscoverParams())
        [found] = result.providers
        assert (found.provider, found.status, found.invalid, result.persisted) == ("groq", "ok", 1, True)
        assert found.valid == len(found.added) > 0
        settings = provider.current().settings.provider("groq")
        assert [*settings.valid_models] == found.added
        assert len(settings.invalid_models) == 1
        again = await services.models.discover(ModelDiscoverParams())
        assert (again.providers[0].valid, again.providers[0].added) == (found.valid, [])
        assert sum(request.method == "GET" for request in sim.requests) == 1
        await services.models.discover(ModelDiscoverParams(provider="groq", force_refresh=True))
        assert sum(request.method == "GET" for request in sim.requests) == 2
    path = tmp_path / "data" / FILE_NAME
    entry = (await asyncio.to_thread(read, path))["groq"]
    assert ([*entry.valid_models], entry.base_api_url, entry.api_key) == (found.added, "", "")
    assert "Successfully discovered" in caplog.text
    assert SECRET not in f"{caplog.text} {result!r} {path.read_text('utf-8')}"


async def test_one_that_fails_is_told_beside_the_others_and_nothing_is_kept(tmp_path: Path) -> None:
    async with simulate("compatible") as here, simulate("compatible") as gone:
        settings = _settings(groq=here.base_url, mistral=gone.base_url)
        async with product(tmp_path, settings=settings) as (services, _):
            for name in ("groq", "mistral"):
                await provider.create_session(name, "api_key", name="mine", api_key=SECRET)
            await gone.server.aclose()
            result = await services.models.discover(ModelDiscoverParams())
            assert {one.provider: one.status for one in result.providers} == {"groq": "ok", "mistral": "failed"}
            error = next(one.error for one in result.providers if one.error)
            assert (error.code, error.data.provider) == (4204, "mistral")
            assert not result.persisted
            assert not (tmp_path / "data" / FILE_NAME).exists()
            assert provider.current().settings.provider("groq").valid_models


async def test_what_was_found_and_not_kept_is_kept_by_the_next_that_may(tmp_path: Path) -> None:
    async with simulate("compatible", "404*1") as sim, product(tmp_path, settings=_settings(groq=sim.base_url)) as made:
        services = made[0]
        await provider.create_session("groq", "api_key", name="mine", api_key=SECRET)
        found = await services.models.discover(ModelDiscoverParams(persist=False))
        again = await services.models.discover(ModelDiscoverParams(persist=False))
        assert (found.persisted, again.providers[0].added) == (False, [])
        kept = await services.models.discover(ModelDiscoverParams(provider="groq"))
        assert (kept.persisted, kept.providers[0].added) == (True, [])
    entry = (await asyncio.to_thread(read, tmp_path / "data" / FILE_NAME))["groq"]
    assert [*entry.valid_models] == found.providers[0].added
    assert len(entry.invalid_models) == found.providers[0].invalid == 1


async def test_what_one_that_failed_kept_from_being_written_is_written_without_it(tmp_path: Path) -> None:
    async with simulate("compatible") as here, simulate("compatible") as gone:
        settings = _settings(groq=here.base_url, mistral=gone.base_url)
        async with product(tmp_path, settings=settings) as (services, _):
            for name in ("groq", "mistral"):
                await provider.create_session(name, "api_key", name="mine", api_key=SECRET)
            await gone.server.aclose()
            assert not (await services.models.discover(ModelDiscoverParams())).persisted
            assert (await services.models.discover(ModelDiscoverParams(provider="groq"))).persisted
            known = provider.current().settings.provider("groq").valid_models
    entries = await asyncio.to_thread(read, tmp_path / "data" / FILE_NAME)
    assert {name: entry.valid_models for name, entry in entries.items()} == {"groq": known}


async def test_a_refused_key_makes_no_model_invalid(tmp_path: Path) -> None:
    async with simulate("compatible", "401") as sim:
        async with product(tmp_path, settings=_settings(groq=sim.base_url)) as (services, _):
            await provider.create_session("groq", "api_key", name="mine", api_key=SECRET)
            result = await services.models.discover(ModelDiscoverParams(provider="groq"))
            assert (result.providers[0].status, result.providers[0].invalid) == ("failed", 0)
            assert provider.current().settings.provider("groq").invalid_models == []


async def test_only_who_there_is_a_key_of_is_asked(tmp_path: Path) -> None:
    async with product(tmp_path, "anthropic") as (services, _):
        nobody = await services.models.discover(ModelDiscoverParams())
        assert (nobody.providers, nobody.persisted) == ([], False)
        [skipped] = (await services.models.discover(ModelDiscoverParams(provider="groq"))).providers
        assert skipped.status == "skipped"
        with pytest.raises(MaestroError, match="model/list") as caught:
            await services.models.discover(ModelDiscoverParams(provider="anthropic"))
        assert caught.value.kind == "unsupported"
        with pytest.raises(MaestroError) as caught:
            await services.models.discover(ModelDiscoverParams(provider="nobody"))
        assert caught.value.kind == "providerNotFound"
        assert "groq" in (caught.value.data.candidates or [])


async def test_a_server_on_this_machine_needs_no_key(tmp_path: Path) -> None:
    async with simulate("compatible", gateway="ollama") as sim:
        async with product(tmp_path, settings=_settings(ollama=sim.base_url)) as (services, _):
            [found] = (await services.models.discover(ModelDiscoverParams())).providers
            assert (found.provider, found.status) == ("ollama", "ok")


async def test_a_file_that_cannot_be_changed_is_left_alone_and_the_rest_holds(tmp_path: Path) -> None:
    async with simulate("compatible") as sim, product(tmp_path, settings=_settings(groq=sim.base_url)) as (services, _):
        await provider.create_session("groq", "api_key", name="mine", api_key=SECRET)
        path = tmp_path / "data" / FILE_NAME
        path.write_text("providers: [", encoding="utf-8")
        warned: list[str] = []
        provider.current().warn = warned.append
        result = await services.models.discover(ModelDiscoverParams())
        assert (result.persisted, result.providers[0].status) == (False, "ok")
        assert str(path) in warned[0]
        assert path.read_text(encoding="utf-8") == "providers: ["


async def test_when_nobody_waits_any_more_nothing_else_is_asked(tmp_path: Path) -> None:
    async with simulate("compatible", "stall-headers") as sim:
        async with product(tmp_path, settings=_settings(groq=sim.base_url)) as (services, _):
            await provider.create_session("groq", "api_key", name="mine", api_key=SECRET)
            work = asyncio.create_task(services.models.discover(ModelDiscoverParams()))
            await sim.request(2)
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            await sim.idle()
            assert len(sim.requests) == 2
            assert not (tmp_path / "data" / FILE_NAME).exists()
