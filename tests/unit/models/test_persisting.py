"""What a manager writes into the provider file: its own, and never a key that is kept elsewhere."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from maestro import config
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME, ProviderEntry, read
from maestro.services.models import ProviderConfig, ProviderManager

Changed: TypeAlias = Callable[[ProviderManager], ProviderManager]
SECRET = "canary-0123456789abcdef"
ACME = {"name": "Acme", "base_api_url": "https://acme.example/v1", "api_key": "own", "valid_models": {"a": "b"}}


def test_everything_a_program_gave_is_written(tmp_path: Path) -> None:
    manager = ProviderManager({"acme": {**ACME, "invalid_models": ["c"], "colour": "green"}, "none": {"name": "None"}})
    manager.persist_provider_configs(str(tmp_path / "new" / "folder"))
    path = tmp_path / "new" / "folder" / FILE_NAME
    assert read(path) == {
        "acme": ProviderEntry("Acme", "https://acme.example/v1", "own", {"a": "b"}, ("c",)),
        "none": ProviderEntry("None"),
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    assert "cache" not in text
    assert "colour" not in text


def test_a_model_that_is_removed_and_a_name_that_is_changed_are_written_too(tmp_path: Path) -> None:
    manager = ProviderManager({"acme": ACME})
    manager.persist_provider_configs(tmp_path)
    manager["acme"].valid_models = {"c": "d"}
    manager["acme"].name = "Other"
    manager.persist_provider_configs(tmp_path)
    assert read(tmp_path / FILE_NAME)["acme"] == ProviderEntry("Other", "https://acme.example/v1", "own", {"c": "d"})


def test_only_what_changed_is_written_where_providers_were_read(tmp_path: Path) -> None:
    manager = ProviderManager({"acme": ACME, "gate": {"name": "Gate"}}, home=tmp_path)
    manager["acme"].merge_valid_models(["new"])
    manager.persist_provider_configs()
    assert read(tmp_path / FILE_NAME) == {"acme": ProviderEntry(valid_models={"new": "new"})}
    manager.persist_provider_configs(tmp_path / "elsewhere")
    whole = read(tmp_path / "elsewhere" / FILE_NAME)
    assert whole["acme"] == ProviderEntry("Acme", "https://acme.example/v1", "own", {"a": "b", "new": "new"})
    assert whole["gate"] == ProviderEntry("Gate")


def test_a_key_that_is_kept_elsewhere_is_never_written(tmp_path: Path) -> None:
    acme = ProviderConfig(name="Acme", api_key=SECRET)
    acme.keep_out_of_files(SECRET)
    manager = ProviderManager({"acme": acme})
    manager.persist_provider_configs(tmp_path)
    acme.merge_valid_models(["a"])
    manager.persist_provider_configs(tmp_path)
    assert SECRET not in (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    acme.api_key = "a new one"
    manager.persist_provider_configs(tmp_path)
    assert read(tmp_path / FILE_NAME)["acme"].api_key == "a new one"


KEY = "key-of-the-environment"


def _copied(manager: ProviderManager) -> ProviderManager:
    return ProviderManager({name: one.model_dump() for name, one in manager.providers.items()})


def _put_back(manager: ProviderManager) -> ProviderManager:
    manager.providers["groq"] = ProviderConfig(**manager["groq"].model_dump())
    return manager


def _spaced(manager: ProviderManager) -> ProviderManager:
    manager["groq"].api_key = f" {KEY} "
    return manager


def _lent(manager: ProviderManager) -> ProviderManager:
    manager["acme"].api_key = manager["groq"].api_key
    return manager


@pytest.mark.parametrize("changed", [_copied, _put_back, _spaced, _lent])
@pytest.mark.parametrize("variable", ["GROQ_API_KEY", "GEMINI_API_KEY", "MAESTRO_PROVIDERS__GROQ__API_KEY"])
def test_a_key_of_the_environment_is_never_written_whatever_was_done_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: Changed, variable: str
) -> None:
    monkeypatch.setenv(variable, f"{KEY}\n")
    text = "providers:\n  acme: {base_api_url: 'https://acme.example/v1', api_key: own}\n"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).write_text(text, encoding="utf-8")
    manager = config.load({**os.environ, "MAESTRO_HOME": str(tmp_path)}).providers
    if not manager["groq"].api_key:
        manager["groq"].api_key = KEY
    manager = changed(manager)
    manager["acme"].merge_valid_models(["new"])
    for folder in ("data", "other"):
        manager.persist_provider_configs(tmp_path / folder)
        assert KEY not in (tmp_path / folder / FILE_NAME).read_text(encoding="utf-8")
    assert read(tmp_path / "data" / FILE_NAME)["acme"].api_key == "own"


def test_a_key_in_the_file_stays_there_when_the_environment_gets_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = ProviderManager({"acme": {**ACME, "api_key": KEY}})
    manager.persist_provider_configs(tmp_path)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    manager["acme"].merge_valid_models(["new"])
    manager.persist_provider_configs(tmp_path)
    assert read(tmp_path / FILE_NAME)["acme"].api_key == KEY
    manager["acme"].api_key = ""
    manager.persist_provider_configs(tmp_path)
    assert read(tmp_path / FILE_NAME)["acme"].api_key == ""


def test_comments_survive_what_a_manager_writes(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("# ours\nproviders:\n  Acme: # the fast one\n    name: 'A'\n", encoding="utf-8")
    ProviderManager({"acme": {"valid_models": {"a": "a"}}}).persist_provider_configs(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ours\nproviders:\n  Acme: # the fast one\n    name: 'A'\n")
    assert read(path) == {"Acme": ProviderEntry("A", valid_models={"a": "a"})}


def test_by_default_it_is_our_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "MAESTRO_HOME", str(tmp_path))
    ProviderManager({"acme": ACME}).persist_provider_configs()
    assert read(tmp_path / "data" / FILE_NAME)["acme"].name == "Acme"


def test_what_cannot_be_written_is_said_and_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        ProviderManager({"acme": {**ACME, "api_key": SECRET}}).persist_provider_configs(tmp_path / "file" / "below")
    out = capsys.readouterr().out
    assert out.startswith("Error persisting provider configurations to YAML: ")
    assert SECRET not in out


def test_a_broken_file_is_said_and_left_alone(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / FILE_NAME).write_text(f"providers: [{SECRET}", encoding="utf-8")
    with pytest.raises(MaestroError):
        ProviderManager({"acme": ACME}, said.append).persist_provider_configs(tmp_path)
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8") == f"providers: [{SECRET}"
    assert "line 1, column" in said[0]
    assert SECRET not in said[0]
