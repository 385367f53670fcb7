"""Finding providers: folders, data rows, plug-ins, and plug-ins that do not fit."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from maestro import provider
from maestro.errors import MaestroError
from maestro.providers import registry
from maestro.providers.registry import API_KEY, AUDIT, BATCH, CONFIG, MODELS, OAUTH, STREAMING
from maestro_protocol.settings import ProviderSettings

BUILT_IN = {"openai", "anthropic", "gemini", "offline", "openai_compatible"}

CONFIG_TEXT = """
from maestro.providers.base import ProviderInfo
INFO = ProviderInfo(id="{id}", label="Plugged", base_url="http://127.0.0.1:1", auth_types=(), needs_key=False)
"""
MODELS_TEXT = "async def list_models(connection): return []"

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution with an entry point, as pip would leave it; returns the provider's id."""
    packages: list[str] = []

    def install(**modules: str) -> str:
        name = f"plug_{uuid4().hex[:8]}"
        packages.append(name)
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").write_text(modules.pop("__init__", ""))
        for module, text in modules.items():
            (package / f"{module}.py").write_text(text.replace("{id}", name))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {name}\n")
        forget()
        return name

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    monkeypatch.undo()
    for module in [m for m in sys.modules if m.partition(".")[0] in packages]:
        del sys.modules[module]
    forget()


def forget() -> None:
    for cached in (registry._plug_ins, registry._resolve, registry.info):
        cached.cache_clear()


def refusal(call: Callable[[], Any]) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        call()
    return caught.value


def test_built_in_providers_are_there() -> None:
    ids = registry.provider_ids()
    assert set(ids) >= BUILT_IN | {"openrouter", "ollama"}
    assert ids == sorted(ids)


@pytest.mark.parametrize("name", registry.provider_ids())
def test_every_provider_offers_what_it_says(name: str) -> None:
    assert registry.info(name).id == name
    offered = registry.roles(name)
    for role in (CONFIG, API_KEY, OAUTH, MODELS, STREAMING, AUDIT, BATCH):
        if role.name in offered:
            assert registry.resolve(name, role)
        else:
            assert refusal(lambda role=role: registry.resolve(name, role)).code == 4104
    assert {"config", "models", "streaming"} <= set(offered)
    assert ("oauth" in offered) == ("oauth" in [kind.auth_type for kind in registry.info(name).auth_types])


def test_an_unknown_provider_is_told_with_the_known_ones() -> None:
    for call in (registry.info, registry.roles, lambda name: registry.resolve(name, MODELS)):
        error = refusal(lambda call=call: call("nobody"))
        assert (error.code, error.data.candidates) == (4101, registry.provider_ids())


def test_a_base_url_makes_a_gateway() -> None:
    info = registry.gateway("mine", ProviderSettings(base_url="http://127.0.0.1:9/v1"))
    assert info is not None
    assert (info.id, info.base_url) == ("mine", "http://127.0.0.1:9/v1")
    assert registry.gateway("mine", ProviderSettings()) is None


def test_a_plug_in_is_a_provider_like_any_other(install: Install) -> None:
    name = install(config=CONFIG_TEXT, models=MODELS_TEXT)
    assert name in registry.provider_ids()
    assert registry.info(name).label == "Plugged"
    assert registry.roles(name) == ["config", "models"]
    assert registry.resolve(name, MODELS).list_models
    error = refusal(lambda: registry.resolve(name, STREAMING))
    assert (error.code, "does not offer streaming" in error.message) == (4104, True)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "list_models"),
        ("list_models = 3", "list_models"),
        ("def list_models(connection): return []", "list_models"),
        ("async def list_models(): return []", "list_models"),
        ("async def list_models(connection, more): return []", "list_models"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise ValueError('sk-secret-text')", "ValueError"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_misfit_plug_in_is_told_by_what_it_lacks(install: Install, text: str, missing: str) -> None:
    name = install(config=CONFIG_TEXT, models=text)
    error = refusal(lambda: registry.resolve(name, MODELS))
    assert (error.code, missing in error.message, "sk-secret" in error.message) == (4104, True, False)
    assert registry.info(name)


@pytest.mark.parametrize(
    ("modules", "word"),
    [
        ({"config": "INFO = 3"}, "INFO"),
        ({"config": "pass"}, "INFO"),
        ({"config": CONFIG_TEXT.replace("{id}", "other")}, "INFO"),
        ({}, "does not offer config"),
        ({"__init__": "raise OSError('no')", "config": CONFIG_TEXT}, "OSError"),
    ],
)
def test_a_misfit_plug_in_hides_no_other(install: Install, modules: dict[str, str], word: str) -> None:
    name = install(**modules)
    error = refusal(lambda: registry.info(name))
    assert (error.code, word in error.message) == (4104, True)
    listed = {row.id for row in provider.list_providers()}
    assert listed >= BUILT_IN
    assert name not in listed


def test_a_plug_in_does_not_replace_a_folder(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    name = install(config=CONFIG_TEXT)
    monkeypatch.setattr(registry, "_plug_ins", lambda: {"openai": name})
    assert registry.info("openai").label == "OpenAI"


def test_listing_ids_imports_no_provider() -> None:
    import subprocess

    code = (
        "import sys; from maestro.providers import registry; registry.provider_ids();"
        "roles = ('.streaming', '.models', '.conversation');"
        "print([m for m in sys.modules if m.endswith(roles) and '.providers.' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
