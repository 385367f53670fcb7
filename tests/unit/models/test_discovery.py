"""Models are discovered from real services: which there are, which chat, and what happens when a service fails."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro.failures import UpstreamError
from maestro.provider_file import FILE_NAME, read
from maestro.services.models import ModelDiscoveryService, ProviderConfig, ProviderManager
from tests.simulators.fixtures import Outside, running
from tests.unit.loopback import Peer, loopback

SECRET = "canary0123456789abcdef"


def _config(service: Outside, key: str = SECRET, **fields: object) -> ProviderConfig:
    return ProviderConfig.model_validate({"base_api_url": f"{service.base_url}/v1/", "api_key": key, **fields})


def _names(models: Sequence[dict[str, JsonValue]]) -> list[str]:
    return [str(model["id"]) for model in models]


@pytest.mark.parametrize("gateway", ["plain", "llamacpp", "together", "ollama"])
def test_lists_of_every_shape_are_understood(gateway: str) -> None:
    with running("compatible", gateway=gateway) as service:
        names = _names(ModelDiscoveryService().discover_models(_config(service)))
        assert "acme/large-1" in names
        assert len(names) == len(set(names))
        assert service.requests[0].headers["authorization"] == f"Bearer {SECRET}"
        assert SECRET not in service.requests[0].path


def test_a_list_is_believed_for_a_while_and_asked_for_again_when_forced() -> None:
    with running("compatible") as service:
        config, discovery = _config(service), ModelDiscoveryService()
        first = discovery.discover_models(config)
        assert discovery.discover_models(config) == first
        assert len(service.requests) == 1
        discovery.discover_models(config, True)
        assert len(service.requests) == 2
        config._cache_timestamp -= config.cache_duration
        discovery.discover_models(config)
        assert len(service.requests) == 3


def test_what_was_heard_last_is_believed_while_the_service_fails() -> None:
    with running("compatible") as service:
        config, discovery = _config(service), ModelDiscoveryService()
        first = discovery.discover_models(config)
    assert discovery.discover_models(config, force_refresh=True) == first
    config._cached_models = []
    with pytest.raises(UpstreamError):
        discovery.discover_models(config)


@pytest.mark.asyncio
async def test_names_nobody_can_mean_are_left_out() -> None:
    entries: list[JsonValue] = [{"id": name} for name in ("a", "a", 3, "b\nc", "x" * 300, "")]

    async def lists(peer: Peer) -> None:
        await peer.receive()
        await peer.reply(200, {"data": [*entries, None, "d", {}]})

    async with loopback(lists) as server:
        config = ProviderConfig(base_api_url=server.url, api_key="k")
        models = await asyncio.to_thread(ModelDiscoveryService().discover_models, config)
    assert _names(models) == ["a", "d"]


def test_a_service_without_a_list_has_the_models_it_is_configured_with() -> None:
    with running("compatible", gateway="fastapi") as service:
        config = _config(service, valid_models={"acme/large-1": "l", "other": "o"})
        assert _names(ModelDiscoveryService().discover_models(config)) == ["acme/large-1", "other"]
        elsewhere = _config(service, base_api_url=f"{service.base_url}/wrong", valid_models={"acme/large-1": "l"})
        with pytest.raises(UpstreamError):
            ModelDiscoveryService().discover_models(elsewhere)


def test_a_model_is_valid_if_it_answers_a_chat() -> None:
    with running("compatible") as service:
        discovery, config = ModelDiscoveryService(), _config(service)
        assert discovery.validate_model(config, "acme/large-1")
        assert not discovery.validate_model(config, "acme/no-such")
        assert len(service.requests) == 2


@pytest.mark.parametrize("persona", ["401", "402", "429=60", "500", "502-html", "disconnect"])
def test_a_service_that_does_not_say_makes_no_model_invalid(persona: str) -> None:
    with running("compatible", persona) as service, pytest.raises(UpstreamError):
        ModelDiscoveryService(wait=lambda _: None).validate_model(_config(service), "acme/large-1")


def test_a_busy_service_is_asked_again_after_the_time_it_names() -> None:
    waited: list[float] = []
    with running("compatible", "429=3*2") as service:
        assert ModelDiscoveryService(wait=waited.append).validate_model(_config(service), "acme/large-1")
    assert waited == [3, 3]


@pytest.mark.parametrize("key", ["", "  \n"])
def test_without_a_key_there_is_nothing_to_ask_with(key: str) -> None:
    assert not ModelDiscoveryService().validate_api_key(ProviderConfig(api_key=key))
    assert ModelDiscoveryService().validate_api_key(ProviderConfig(api_key="k"))


class _Scripted(ModelDiscoveryService):
    """A service of the kind programs put in the place of ours."""

    def __init__(self, listed: Sequence[str], chats: Sequence[str] = (), fails: str = "") -> None:
        super().__init__()
        self.listed, self.chats, self.fails = listed, chats, fails
        self.asked: list[str] = []

    def discover_models(self, config: ProviderConfig, force_refresh: bool = False) -> list[dict[str, JsonValue]]:
        if config.name == self.fails:
            raise RuntimeError(f"no luck with {config.api_key}")
        return [{"id": name} for name in self.listed]

    def validate_model(self, config: ProviderConfig, model_name: str) -> bool:
        self.asked.append(model_name)
        return model_name in self.chats


def _two(**fields: object) -> dict[str, dict[str, object]]:
    return {name: {"name": name, "api_key": f"{SECRET}-{name}", **fields} for name in ("one", "two")}


def test_only_models_that_are_in_neither_list_are_asked(tmp_path: Path) -> None:
    said: list[str] = []
    manager = ProviderManager(_two(valid_models={"a": "short"}, invalid_models=["b", "gone"]), said.append)
    manager.discovery_service = service = _Scripted(["a", "b", "c", "d"], chats=["c"])
    assert manager.discover_models(provider="one", data_directory=tmp_path) is True
    assert service.asked == ["c", "d"]
    assert manager["one"].valid_models == {"a": "short", "c": "c"}
    assert manager["one"].invalid_models == ["b", "d"]
    assert manager["two"].valid_models == {"a": "short"}
    assert said == [
        "Successfully discovered 2 valid and 2 invalid models for one",
        "Provider configurations persisted to YAML",
    ]


def test_a_model_that_is_listed_twice_is_asked_once() -> None:
    said: list[str] = []
    manager = ProviderManager(_two(valid_models={}), said.append)
    manager.discovery_service = service = _Scripted(["a", "b", "a", "b"], chats=["a"])
    manager.discover_models(provider="one", persist_on_success=False)
    assert service.asked == ["a", "b"]
    assert said == ["Successfully discovered 1 valid and 1 invalid models for one"]
    assert manager["one"].invalid_models == ["b"]


def test_a_service_that_lists_nothing_takes_nothing_away() -> None:
    manager = ProviderManager(_two(valid_models={"a": "a"}, invalid_models=["b"]), lambda _: None)
    manager.discovery_service = _Scripted([])
    assert manager.discover_models(persist_on_success=False) is True
    assert (manager["one"].valid_models, manager["one"].invalid_models) == ({"a": "a"}, ["b"])


def test_one_that_fails_keeps_no_other_from_being_asked_and_nothing_is_written(tmp_path: Path) -> None:
    said: list[str] = []
    manager = ProviderManager({**_two(), "three": {"name": "three"}}, said.append)
    manager.discovery_service = _Scripted(["a"], chats=["a"], fails="one")
    assert manager.discover_models(data_directory=tmp_path) is False
    assert manager["one"].valid_models == {}
    assert manager["two"].valid_models == {"a": "a"}
    assert not list(tmp_path.iterdir())
    assert said == [
        "Error discovering models for one: no luck with [redacted]",
        "Successfully discovered 1 valid and 0 invalid models for two",
        "Skipping three: No valid API key configured",
    ]


def test_a_provider_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert ProviderManager(_two()).discover_models(provider="three") is False
    assert capsys.readouterr().out == "Provider 'three' not found\n"


def test_a_provider_whose_key_is_none_is_skipped() -> None:
    said: list[str] = []
    manager = ProviderManager({"one": {"api_key": None}, "two": {"api_key": "k"}}, said.append)
    manager["two"].api_key = None  # type: ignore[assignment]
    assert manager.discover_models(persist_on_success=False) is True
    assert said == [f"Skipping {name}: No valid API key configured" for name in ("one", "two")]


def test_skipped_providers_are_no_failure(tmp_path: Path) -> None:
    manager = ProviderManager({"one": {"name": "one"}}, lambda _: None)
    assert manager.discover_models(data_directory=tmp_path) is True
    assert manager.discover_models(persist_on_success=False) is True


def test_a_whole_discovery_against_real_services(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first model that is asked does not chat, and the second service is gone."""
    with running("compatible") as service:
        gone = _config(service, name="Gone")
    with running("compatible", "404*1") as service:
        manager = ProviderManager({"here": _config(service, name="Here"), "gone": gone})
        assert manager.discover_models(data_directory=tmp_path) is False
        assert not (tmp_path / FILE_NAME).exists()
        assert manager.discover_models(provider="here", data_directory=tmp_path) is True
        asked = [request for request in service.requests if request.method == "POST"]
    config = manager["here"]
    assert len(config.invalid_models) == 1
    assert len(asked) == len(config.get_valid_models()) + 1
    entry = read(tmp_path / FILE_NAME)["here"]
    assert (entry.valid_models, entry.invalid_models) == (config.valid_models, tuple(config.invalid_models))
    assert manager.validate_model("here/acme/small-1") == "acme/small-1"
    out = capsys.readouterr().out
    assert "Error discovering models for gone: " in out
    assert out.count("Provider configurations persisted to YAML") == 1
    assert SECRET not in f"{out} {manager.discovered!r} {manager.values()!r}"
