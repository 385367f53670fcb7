"""Which place wins: the provider file, `config.toml`, a trusted project, the environment, the editor, in this order."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.settings import Files, examine, load, place_of_key
from tests.unit.settings.support import Home, toml

PLACES = ("providers", "config", "project", "environment", "editor")
FIELDS = {"baseUrl": "BASE_URL", "apiKey": "API_KEY", "defaultModel": "DEFAULT_MODEL"}
YAML = {"baseUrl": "base_api_url", "apiKey": "api_key"}
NOT_IN = {"project": {"apiKey"}, "editor": {"apiKey"}, "providers": {"defaultModel"}}


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(PLACES), st.sets(st.sampled_from(sorted(FIELDS)))))
def test_of_several_places_the_last_one_counts(said: dict[str, set[str]]) -> None:
    """Each place says its own name in the fields it sets."""
    said = {place: said.get(place, set()) - NOT_IN.get(place, set()) for place in PLACES}
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        lines = "".join(f"\n    {YAML[name]}: providers" for name in said["providers"])
        home.providers(f"providers:\n  Gate:{lines or ' {}'}\n")
        home.config(toml({"providers": {"gate": dict.fromkeys(said["config"], "config")}}))
        project = home.project(toml({"providers": {"gate": dict.fromkeys(said["project"], "project")}}), trusted=True)
        variables = {f"MAESTRO_PROVIDERS__GATE__{FIELDS[name]}": "environment" for name in said["environment"]}
        editor = {"providers": {"gate": dict.fromkeys(said["editor"], "editor")}}
        environment = {**home.environment, **variables}
        gate = load(environment, editor, projects=[project]).provider("gate")
        place = place_of_key(environment, "gate")
    for name, value in (("baseUrl", gate.base_url), ("apiKey", gate.api_key), ("defaultModel", gate.default_model)):
        expected = [place for place in PLACES if name in said[place]]
        plain = value.get_secret_value() if value is not None and not isinstance(value, str) else value
        assert plain == (expected[-1] if expected else None)
    if gate.api_key is not None:
        files = {"providers": "openaicompat-providers.yaml", "config": "config.toml"}
        called = files.get(gate.api_key.get_secret_value(), "MAESTRO_PROVIDERS__GATE__API_KEY")
        assert Path(place).name == called


def test_models_of_several_places_are_together(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.providers("providers:\n  gate:\n    valid_models: {a: A, b: B}\n    invalid_models: [x]\n")
    home.config('[providers.gate.valid_models]\nb = "mine"\nc = "C"\n')
    gate = home.load().provider("gate")
    assert home.told == []
    assert gate.valid_models == {"a": "A", "b": "mine", "c": "C"}
    assert gate.invalid_models == ["x"]


def test_of_several_projects_the_first_one_counts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.project('[defaults]\nchat = "a/first"\n', "first")
    second = home.project('[defaults]\nchat = "a/second"\naudit = "a/audit"\n', "second")
    defaults = home.load(first, second).defaults
    assert (defaults.chat, defaults.audit) == ("a/first", "a/audit")


@pytest.mark.parametrize("name", ["config", "providers", "project"])
def test_while_a_file_is_broken_its_last_good_text_counts_and_the_rest_is_as_it_is(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path)
    providers = home.providers("providers:\n  a:\n    base_api_url: http://a/v1\n")
    config = home.config('[providers.b]\nbase_url = "http://b/v1"\n[audit]\nconsent = "always"\n')
    project = home.project('[providers.c]\nbase_url = "http://c/v1"\n', trusted=True)
    path = {"config": config, "providers": providers, "project": project.folder / ".maestro.toml"}[name]
    good = path.read_bytes()
    files = Files(home.environment)
    before = home.load(project, files=files)
    assert sorted(before.providers) == ["a", "b", "c"]

    path.write_bytes(good + b"\nx: [canary\n[[[")
    assert files.renew()
    assert home.load(project, files=files) == before
    [message] = home.messages
    assert message.startswith(f"{path}, line ")
    assert "canary" not in message

    path.write_bytes(good)
    assert files.renew()
    assert home.load(project, files=files) == before
    assert home.told == []
    path.unlink()
    assert files.renew()
    assert len(home.load(project, files=files).providers) == 2


def test_who_starts_with_broken_files_has_the_rest_and_sends_nothing_for_audits(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.providers("providers: [\n")
    home.config("[audit\n")
    project = home.project("x = \n")
    settings = home.load(project, editor={"logLevel": "debug"})
    assert (settings.audit.consent, settings.log_level, settings.providers) == ("never", "debug", {})
    assert [problem.marks[0].severity for problem in home.told] == ["error"] * 3


MISFITS = """\
provider: {}
providers:
  acme:
    base_url: https://acme.example/v1
    api_key: canary
  Groq:
    api_key: canary
  a/b: {base_api_url: "https://b.example/v1"}
  gate:
    base_api_url: https://gate.example/v1
"""


def test_what_says_nothing_in_the_provider_file_is_told_by_line_and_the_rest_counts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path, files = home.providers(MISFITS), Files(home.environment)
    settings = home.load(files=files, built_in=lambda: ["groq"])
    assert sorted(settings.providers) == ["acme", "gate", "groq"]
    assert settings.provider("gate").base_url == "https://gate.example/v1"
    marks = [mark for problem in home.told for mark in problem.marks]
    assert [(mark.spot, mark.severity) for mark in marks] == [
        ((0, 0), "warning"),
        ((3, 4), "warning"),
        ((7, 2), "warning"),
        ((2, 2), "warning"),
    ]
    assert home.messages[1].startswith(f"{path}, line 4, column 5: `base_url` is not a known field; known are name, ")
    assert "`base_api_url` is missing" in home.messages[3]
    assert "canary" not in repr(home.told)
    home.variables["MAESTRO_PROVIDERS__ACME__BASE_URL"] = "https://acme.example/v1"
    home.load(built_in=lambda: ["groq"])
    assert len(home.told) == 3
    shown = examine(path, MISFITS.replace("base_url", "base_api_url"), {"MAESTRO_HOME": str(tmp_path)}, None, [], list)
    assert [problem.marks[0].spot for problem in shown] == [(0, 0), (7, 2), (5, 2)]
    assert load(home.environment, None).providers.keys() == settings.providers.keys()


def test_files_are_read_when_they_changed_and_not_else(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path, files = home.config("log_level = 'debug'\n"), Files(home.environment)
    assert home.load(files=files).log_level == "debug"
    path.write_text("log_level = 'error'\n")
    assert home.load(files=files).log_level == "debug"
    assert files.renew()
    assert home.load(files=files).log_level == "error"
    assert not files.renew()


@pytest.mark.parametrize("text", [b"\xff", b"a = 1\nb = '\xc3\xa4\xff'\n"])
def test_what_is_no_text_is_told_with_its_place(tmp_path: Path, text: bytes) -> None:
    home = Home(tmp_path)
    path = home.config(text)
    home.load()
    place = "line 1, column 1" if len(text) == 1 else "line 2, column 7"
    assert home.messages == [f"{path}, {place}: this is no text in UTF-8; save it as such."]


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = home.config("")
    path.unlink()
    os.mkfifo(path)
    assert home.load().audit.consent == "never"
    assert "no regular file" in home.messages[0]


def test_a_misfit_stands_on_the_line_of_its_key(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config("# mine\n[retry]\nserver = 1\nnettwork = 3\n\n[providers.openai]\nmax_tokens = 'canary'\n")
    settings = home.load()
    assert settings.retry.server == 1
    marks = [mark for problem in home.told for mark in problem.marks]
    assert sorted(mark.spot[0] for mark in marks if mark.spot) == [3, 6]
    assert "canary" not in repr(marks)
