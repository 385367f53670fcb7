"""Settings come from three places, in order, in either spelling, and a misfit is told by path."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st
from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.settings import Problem, Project, Spot, load, tolerant
from maestro_protocol.base import JsonObject


def _nested(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    names = ["providers", "openai", "baseUrl", "betas", "headers", "audit", "consent", "stream", "maxLatencyMs", "x"]
    return st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(names), inner, max_size=3)


def _write(home: Path, text: str) -> dict[str, str]:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text(text, encoding="utf-8")
    return {"MAESTRO_HOME": str(home)}


def test_nothing_set_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = load({"MAESTRO_HOME": str(tmp_path)}, None)
    assert settings.defaults.provider == "gemini"
    assert settings.transport.idle_timeout_ms == 300_000
    assert settings.limits.max_message_bytes == 33_554_432
    assert settings.provider("anthropic").max_tokens == 8192
    assert settings.audit.consent == "ask"


def test_the_environment_beats_the_file_and_the_editor_beats_both(tmp_path: Path) -> None:
    environment = _write(tmp_path, '[providers.openai]\nbase_url = "file"\nmaxTokens = 1\nproject = "file"\n')
    environment |= {"MAESTRO_PROVIDERS__OPENAI__MAX_TOKENS": "2", "MAESTRO_PROVIDERS__OPENAI__PROJECT": "environment"}
    openai = load(environment, {"providers": {"openai": {"project": "editor"}}}).provider("openai")
    assert (openai.base_url, openai.max_tokens, openai.project) == ("file", 2, "editor")


@pytest.mark.parametrize(
    "editor",
    [
        {"providers": None},
        {"providers": {"groq": None}},
        {"providers": {"groq": {"baseUrl": None, "oauth": {"clientSecret": None}}}, "defaults": {"chat": None}},
        {"defaults": None, "logLevel": None, "routes": {"r": None}, "tools": {"mcpServers": {"m": None}}},
    ],
)
def test_null_in_an_editor_says_nothing(tmp_path: Path, editor: JsonObject) -> None:
    environment = _write(tmp_path, '[defaults]\nchat = "groq/x"\n[providers.groq]\nbaseUrl = "https://groq.example"\n')
    assert load(environment, editor) == load(environment, None)


def test_an_editor_whose_defaults_are_null_leaves_them_to_the_project(tmp_path: Path) -> None:
    (tmp_path / ".maestro.toml").write_text('[defaults]\nchat = "groq/x"\n', encoding="utf-8")
    found = load({"MAESTRO_HOME": str(tmp_path)}, {"defaults": {"chat": None}}, projects=[Project(tmp_path)])
    assert found.defaults.chat == "groq/x"


def test_lists_in_the_environment_are_json_and_other_variables_are_left_alone(tmp_path: Path) -> None:
    environment = {
        "MAESTRO_HOME": str(tmp_path),
        "MAESTRO_PROVIDERS__ANTHROPIC__BETAS": '["a", "b"]',
        "MAESTRO_UNRELATED": "x",
    }
    assert load(environment, None).provider("anthropic").betas == ["a", "b"]


def test_provider_ids_and_header_names_keep_their_spelling(tmp_path: Path) -> None:
    environment = _write(tmp_path, '[providers.my_gateway.headers]\nx_custom_header = "1"\n')
    assert load(environment, None).provider("my_gateway").headers == {"x_custom_header": "1"}


@pytest.mark.parametrize(
    ("editor", "path"),
    [
        ({"logLevel": "loud"}, "logLevel"),
        ({"unknown": 1}, "unknown"),
        ({"providers": {"openai": {"maxTokens": "canary-value"}}}, "providers.openai.maxTokens"),
        ({"stream": {"maxLatencyMs": 251}}, "stream.maxLatencyMs"),
        ({"providers": []}, "providers"),
        ({"providers": {"openai": {"apiKey": "canary-value"}}}, "providers.openai.apiKey"),
    ],
)
def test_a_misfit_is_named_by_its_path_and_never_repeated(tmp_path: Path, editor: dict, path: str) -> None:
    with pytest.raises(MaestroError) as caught:
        load({"MAESTRO_HOME": str(tmp_path)}, editor)
    assert caught.value.kind == "invalidParams"
    assert [issue.path for issue in caught.value.data.issues or []] == [path]
    assert path in caught.value.message
    assert "canary-value" not in repr(caught.value) + str(caught.value.info())


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MaestroError, match=r"config\.toml, line 2, column 12: this is no TOML"):
        load(_write(tmp_path, 'a = 1\nb = "canary\n'), None)


def test_a_key_in_the_file_does_not_show(tmp_path: Path) -> None:
    settings = load(_write(tmp_path, '[providers.openai]\napiKey = "canary-key"\n'), None)
    key = settings.provider("openai").api_key
    assert key is not None
    assert key.get_secret_value() == "canary-key"
    assert "canary-key" not in repr(settings) + str(settings.to_wire())


def test_with_a_listener_a_misfit_is_told_and_the_rest_stays(tmp_path: Path) -> None:
    environment = _write(tmp_path, '[audit]\nconsent = "never"\n[retry]\nnettwork = 3\nserver = 7\n')
    environment["MAESTRO_PROVIDERS__OPENAI__MAX_TOKENS"] = "many"
    editor = {"providers": {"gemini": {"apiKey": "canary", "project": "p"}, "openai": 5}, "stream": {"maxLatencyMs": 1}}
    told: list[str] = []
    settings = load(environment, editor, lambda misfit: told.append(misfit.message))
    assert (settings.audit.consent, settings.retry.server, settings.stream.max_latency_ms) == ("never", 7, 1)
    assert settings.provider("gemini").project == "p"
    assert settings.provider("openai").max_tokens == 8192
    paths = ("retry.nettwork", "providers.openai.maxTokens", "providers.gemini.apiKey", "providers.openai")
    assert [path in message for path, message in zip(paths, told, strict=True)] == [True] * 4


@pytest.mark.parametrize("misfit", [{"baseUrl": 5}, {"baseURL": "http://here/v1"}, {"baseUrl": None, "baseurl": []}])
def test_a_base_url_that_does_not_fit_never_means_the_vendors(tmp_path: Path, misfit: JsonValue) -> None:
    settings = load({"MAESTRO_HOME": str(tmp_path)}, {"providers": {"openai": misfit}}, lambda _: None)
    assert settings.provider("openai").base_url == "unreadable:"


def test_a_file_that_cannot_be_read_lets_no_code_out(tmp_path: Path) -> None:
    told: list[str] = []
    settings = load(_write(tmp_path, "[audit\nconsent = 'never'"), None, lambda misfit: told.append(misfit.message))
    assert settings.audit.consent == "never"
    assert len(told) == 1


@running(deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), _nested, max_leaves=8))
def test_anything_an_editor_sends_leaves_settings_that_work(value: JsonValue) -> None:
    editor = value if isinstance(value, dict) else {"providers": value}
    assert load({"MAESTRO_HOME": "/nowhere"}, editor, lambda _: None).limits.max_active_turns >= 1


def test_misfits_cost_their_own_place_alone(tmp_path: Path) -> None:
    said: JsonObject = {
        "audit": {"consent": "never"},
        "providers": {"acme": {"baseUrl": "http://127.0.0.1:1/v1", "flags": {"streamOptions": False, "odd": [1]}}},
        "routes": {
            "good": ["acme/m"],
            "one": "acme/m",
            "two": "acme/m",
            "empty": [],
            "half": {"models": ["acme/m"], "strategy": "fastest", "extra": 1},
            "none": {"strategy": "spread"},
        },
    }
    told: list[str] = []
    settings = load({"MAESTRO_HOME": str(tmp_path)}, said, lambda problem: told.append(problem.message))
    assert settings.audit.consent == "never"
    assert settings.provider("acme").base_url == "http://127.0.0.1:1/v1"
    assert settings.provider("acme").flags == {"streamOptions": False}
    assert {name: route.models for name, route in settings.routes.items()} == {"good": ["acme/m"], "half": ["acme/m"]}
    assert len(told) == 1
    assert "list[str]" not in told[0]


@pytest.mark.parametrize(
    ("line", "path", "words"),
    [
        ('a = "a"', "aliases.a", "leads back to itself"),
        ('a = "b@high"\nb = "a"', "aliases.a", "leads back to itself"),
        ('a = " "', "aliases.a", "is empty"),
        ('auto = "groq/x"', "aliases.auto", "hides `auto`"),
    ],
)
def test_an_alias_that_leads_nowhere_is_told_where_it_stands(tmp_path: Path, line: str, path: str, words: str) -> None:
    environment = _write(tmp_path, f"[aliases]\n{line}\n")
    told: list[Problem] = []
    assert load(environment, None, told.append).aliases
    assert (told[0].issues[0].path, told[0].file) == (path, tmp_path / "config" / "config.toml")
    assert words in told[0].message
    assert told[0].marks[0].spot == Spot(1, 0)


def test_aliases_of_aliases_lead_somewhere_and_a_route_called_auto_is_told(tmp_path: Path) -> None:
    editor: JsonObject = {"aliases": {"a": "b", "b": "c@low", "c": "groq/x"}, "routes": {"auto": ["groq/x"]}}
    told: list[Problem] = []
    load({"MAESTRO_HOME": str(tmp_path)}, editor, told.append)
    assert [problem.issues[0].path for problem in told] == ["routes.auto"]
    shown: list[str] = []
    load({"MAESTRO_HOME": str(tmp_path)}, editor, tolerant(shown.append))
    assert shown == [told[0].message], "a command runs all the same"
