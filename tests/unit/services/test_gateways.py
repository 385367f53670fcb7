"""A service that would answer without a key gets the one there is: none goes out without it unasked."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from maestro import provider
from maestro.app import Services
from maestro.errors import MaestroError
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatCompleteParams, ChatMessage
from maestro_protocol.models import ModelDiscoverParams, ModelListParams
from tests.simulators.fixtures import Simulation, simulate
from tests.unit.services.product import product
from tests.unit.services.sink import Sink

pytestmark = pytest.mark.asyncio

KEY = "sk-acme-0123456789"


@asynccontextmanager
async def _acme(
    home: Path, *, in_file: bool = False, terminal: bool = False, settings: JsonObject | None = None
) -> AsyncIterator[tuple[Services, Simulation]]:
    """The services with a gateway `acme` in the provider file, which may hold its key as well."""
    async with simulate("compatible") as gate:
        (home / "data").mkdir()
        key = f"    api_key: {KEY}\n" if in_file else ""
        text = f"providers:\n  acme:\n    base_api_url: {gate.base_url}/v1\n{key}"
        (home / "data" / "openaicompat-providers.yaml").write_text(text, encoding="utf-8")
        async with product(home, terminal=terminal, settings=settings) as (services, _):
            yield services, gate


def _complete(services: Services) -> Coroutine[object, object, object]:
    params = ChatCompleteParams(messages=[ChatMessage(role="user", content="hi")], model="acme/acme/large-1")
    return services.completions.complete(params, Sink(), max_latency_ms=0)


_ASKING: dict[str, Callable[[Services], Coroutine[object, object, object]]] = {
    "complete": _complete,
    "list": lambda services: services.models.list(ModelListParams(provider="acme")),
    "resolve": lambda services: services.models.resolve("acme/acme/large-1"),
    "discover": lambda services: services.models.discover(ModelDiscoverParams(provider="acme")),
}


@pytest.mark.parametrize("ask", _ASKING.values(), ids=_ASKING)
async def test_a_key_that_nobody_adopted_is_asked_about(
    tmp_path: Path, ask: Callable[[Services], Coroutine[object, object, object]]
) -> None:
    async with _acme(tmp_path, in_file=True) as (services, gate):
        with pytest.raises(MaestroError) as caught:
            await ask(services)
        assert (caught.value.code, caught.value.data.candidates) == (4001, ["env:acme"])
        assert gate.requests == []
        await services.sessions.set_default("env:acme")
        await ask(services)
        assert {request.headers.get("authorization") for request in gate.requests} == {f"Bearer {KEY}"}


async def test_lists_of_all_pass_over_a_gateway_whose_key_nobody_adopted(tmp_path: Path) -> None:
    async with _acme(tmp_path, in_file=True) as (services, gate):
        assert "acme" not in [one.provider for one in (await services.models.list(ModelListParams())).sources]
        await services.models.discover(ModelDiscoverParams(persist=False))
        assert gate.requests == []


async def test_of_two_sessions_a_terminal_takes_neither(tmp_path: Path) -> None:
    async with _acme(tmp_path, terminal=True) as (services, gate):
        for name in ("work", "home"):
            await provider.create_session("acme", "api_key", name=name, api_key=f"{KEY}-{name}")
        with pytest.raises(MaestroError) as caught:
            await _complete(services)
        assert caught.value.message.startswith("Several sessions of acme fit")
        assert caught.value.data.candidates == ["work", "home"]
        assert gate.requests == []


async def test_without_any_session_a_gateway_is_asked_without_a_key(tmp_path: Path) -> None:
    async with _acme(tmp_path) as (services, gate):
        assert [one.provider for one in (await services.models.list(ModelListParams(provider="acme"))).sources]
        assert "acme" in [one.provider for one in (await services.models.list(ModelListParams())).sources]
        assert all("authorization" not in request.headers for request in gate.requests)


async def test_what_a_service_says_of_a_key_it_never_got_is_left_out(tmp_path: Path) -> None:
    async with _acme(tmp_path) as (services, _):
        with pytest.raises(MaestroError) as caught:
            await _complete(services)
        assert caught.value.message == "acme wants an API key; create a session with one."


@pytest.mark.parametrize("place", ["data/openaicompat-providers.yaml", "config/config.toml"])
async def test_a_key_in_a_file_is_named_by_that_file(tmp_path: Path, place: str) -> None:
    if in_toml := place.endswith(".toml"):
        (tmp_path / "config").mkdir()
        (tmp_path / place).write_text(f'[providers.acme]\napi_key = "{KEY}"\n', encoding="utf-8")
    async with _acme(tmp_path, in_file=not in_toml) as (services, gate):
        file = str(tmp_path / place)
        with pytest.raises(MaestroError) as caught:
            await _complete(services)
        assert caught.value.message.endswith(f"adopt the key in {file}.")
        assert caught.value.data.action
        assert caught.value.data.action.title == f"Use the key in {file}"
        with pytest.raises(MaestroError, match="comes from") as caught:
            await services.sessions.rename("env:acme", "mine")
        assert file in caught.value.message
        await services.sessions.set_default("env:acme")
        gate.play("401")
        with pytest.raises(MaestroError) as caught:
            await _complete(services)
        assert caught.value.message.startswith(f"acme refused the key in {file}")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("acme/auto", "`providers.acme.defaultModel`"),
        ("auto", "`defaults.chat` or `providers.acme.defaultModel`"),
        ("mine:auto", "`providers.acme.defaultModel`"),
    ],
)
async def test_without_a_default_the_settings_that_help_are_named(tmp_path: Path, name: str, settings: str) -> None:
    async with _acme(tmp_path, settings={"defaults": {"provider": "acme"}}) as (services, _):
        await provider.create_session("acme", "api_key", name="mine", api_key=KEY)
        with pytest.raises(MaestroError, match="has no default one") as caught:
            await services.models.target(name, None)
        assert caught.value.message.endswith(f"name a model, or set {settings}.")
