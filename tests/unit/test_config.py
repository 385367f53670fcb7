"""The configuration of a program: each place overrides those before it, and no key is carried into another one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from maestro import config
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME, ProviderEntry, read
from maestro.settings import Problem
from maestro_protocol.base import JsonObject

SECRET = "canary-0123456789abcdef"

YAML = """\
# by hand
providers:
  groq:
    name: Our Groq
    base_api_url: https://yaml.example/v1
    api_key: of-yaml
    valid_models:
      of-yaml: y
    invalid_models:
      - bad
  Own:
    base_api_url: https://own.example/v1
    valid_models: {a: b}
"""
TOML = """\
[providers.groq]
base_url = "https://toml.example/v1"
api_key = "of-toml"
default_model = "of-toml"
valid_models = { of-yaml = "t" }
"""


class _Home:
    """A home whose places are filled one after the other."""

    def __init__(self, folder: Path) -> None:
        self.environment: dict[str, str] = {"MAESTRO_HOME": str(folder), "HOME": str(folder)}
        self.editor: JsonObject = {}
        self.yaml = folder / "data" / FILE_NAME
        self.toml = folder / "config" / "config.toml"
        for path in (self.yaml, self.toml):
            path.parent.mkdir()

    def load(self) -> config.Config:
        return config.load(self.environment, self.editor)

    def groq(self) -> tuple[str, str, str, Mapping[str, str] | None]:
        found = self.load().providers["groq"]
        return found.name, found.base_api_url, found.api_key, found.valid_models


@pytest.fixture
def home(tmp_path: Path) -> _Home:
    return _Home(tmp_path)


def test_each_place_overrides_those_before_it(home: _Home) -> None:
    name, url, key, built_in = home.groq()
    assert (name, key) == ("Groq", "")
    assert url.startswith("https://api.groq.com/")

    home.yaml.write_text(YAML, encoding="utf-8")
    assert home.groq() == ("Our Groq", "https://yaml.example/v1", "of-yaml", {**(built_in or {}), "of-yaml": "y"})

    home.toml.write_text(TOML, encoding="utf-8")
    models = {"of-toml": "of-toml", "of-yaml": "t"}
    assert home.groq() == ("Our Groq", "https://toml.example/v1", "of-toml", models)

    home.environment["GROQ_API_KEY"] = "of-environment"
    home.environment["MAESTRO_PROVIDERS__GROQ__BASE_URL"] = "https://environment.example/v1"
    assert home.groq() == ("Our Groq", "https://environment.example/v1", "of-environment", models)

    home.editor = {"providers": {"groq": {"baseUrl": "https://editor.example/v1", "validModels": {"of-editor": "e"}}}}
    name, url, key, models = home.groq()
    assert (url, key) == ("https://editor.example/v1", "of-environment")
    assert models == {"of-toml": "of-toml", "of-yaml": "t", "of-editor": "e"}

    found = home.load()
    assert found.settings.provider("groq").base_url == "https://editor.example/v1"
    assert found.settings.provider("groq").valid_models == {"of-yaml": "t", "of-editor": "e"}
    assert found.providers["groq"].invalid_models == ["bad"]


def test_providers_that_are_not_built_in_are_there_if_it_is_known_where(home: _Home) -> None:
    home.yaml.write_text(YAML, encoding="utf-8")
    home.environment["MAESTRO_PROVIDERS__LATER__BASE_URL"] = "https://later.example/v1"
    home.environment["LATER_API_KEY"] = "k"
    providers = home.load().providers
    assert (providers["own"].name, providers["own"].valid_models) == ("own", {"a": "b"})
    assert (providers["later"].base_api_url, providers["later"].api_key) == ("https://later.example/v1", "k")
    assert "openai" in providers
    assert not {"openai_compatible", "anthropic", "gemini", "offline"} & {*providers.keys()}
    assert providers.validate_model("b") == "a"


def test_a_broken_file_is_told_and_keeps_nothing_else_from_being_in_force(home: _Home) -> None:
    home.yaml.write_text(f"providers:\n  groq: [{SECRET}", encoding="utf-8")
    home.environment["GROQ_API_KEY"] = "k"
    told: list[Problem] = []
    found = config.load(home.environment, None, told.append)
    assert found.providers["groq"].api_key == "k"
    [problem] = told
    assert problem.message.startswith(f"{home.yaml}, line 2")
    with pytest.raises(MaestroError, match="line 2") as caught:
        home.load()
    assert SECRET not in f"{problem} {caught.value.message} {found!r}"


def test_what_says_nothing_in_the_provider_file_is_told_and_survives(home: _Home) -> None:
    text = f"{YAML}    colour: green\n  nobody:\n    api_key: {SECRET}\n  a/b: {{}}\n"
    home.yaml.write_text(text, encoding="utf-8")
    told: list[str] = []
    found = config.load(home.environment, None, None, told.append)
    assert not {"nobody", "a/b"} & {*found.providers.keys()}
    assert [one.partition(", ")[2].partition(":")[0] for one in told] == [
        "line 14, column 5",
        "line 17, column 3",
        "line 15, column 3",
    ]
    assert SECRET not in "".join(told)
    found.providers["groq"].merge_valid_models(["new"])
    found.persist_provider_configs()
    kept = home.yaml.read_text(encoding="utf-8")
    assert "    colour: green\n" in kept and SECRET in kept and "  a/b: {}\n" in kept


def test_no_key_of_another_place_and_nothing_else_of_it_is_written(home: _Home) -> None:
    home.yaml.write_text(YAML, encoding="utf-8")
    home.toml.write_text(TOML.replace("of-toml", SECRET, 1), encoding="utf-8")
    home.environment |= {"OPENAI_API_KEY": SECRET, "OWN_API_KEY": SECRET}
    found = home.load()
    found.persist_provider_configs()
    assert home.yaml.read_text(encoding="utf-8") == YAML
    for name in ("groq", "own", "openai"):
        found.providers[name].merge_valid_models(["new"])
    found.persist_provider_configs()
    text = home.yaml.read_text(encoding="utf-8")
    assert SECRET not in text
    assert "toml" not in text
    entries = read(home.yaml)
    assert entries["openai"] == ProviderEntry(valid_models={"new": "new"})
    assert (entries["groq"].api_key, entries["groq"].valid_models) == ("of-yaml", {"of-yaml": "y", "new": "new"})
    assert entries["Own"].valid_models == {"a": "b", "new": "new"}
    assert home.load().providers["openai"].find_model("new") == "new"


def test_all_of_it_can_be_written_somewhere_else_without_keys_of_other_places(home: _Home, tmp_path: Path) -> None:
    home.yaml.write_text(YAML, encoding="utf-8")
    home.environment["OPENAI_API_KEY"] = SECRET
    home.load().persist_provider_configs(tmp_path / "other")
    entries = read(tmp_path / "other" / FILE_NAME)
    assert (entries["groq"].api_key, entries["openai"].api_key) == ("of-yaml", "")
    assert entries["openai"].base_api_url.startswith("https://")
    assert SECRET not in (tmp_path / "other" / FILE_NAME).read_text(encoding="utf-8")


def test_nothing_shows_a_key(home: _Home) -> None:
    home.environment["GROQ_API_KEY"] = SECRET
    home.yaml.write_text(YAML.replace("of-yaml", SECRET, 1), encoding="utf-8")
    found = home.load()
    assert SECRET not in f"{found!r} {found.providers.values()!r} {found.settings!r}"
