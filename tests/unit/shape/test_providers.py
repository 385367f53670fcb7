"""A provider is a folder, named like its id."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.unit.shape.source import SERVER

FOLDERS = sorted(path.parent for path in (SERVER / "providers").glob("*/__init__.py"))


def test_there_are_providers() -> None:
    expected = {"openai", "anthropic", "gemini", "openai_compatible", "offline"}
    assert expected <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_is_named_like_the_provider_in_it(folder: Path) -> None:
    """A folder of data rows has no provider of its own."""
    if not (folder / "config.py").exists():
        assert list(folder.glob("*.toml")) or list(folder.glob("*.yaml"))
        return
    config = import_module(f"maestro.providers.{folder.name}.config")
    info = getattr(config, "INFO", None)
    assert info is None or info.id == folder.name
