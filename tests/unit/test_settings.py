"""Settings come from three places, in order, in either spelling, and a misfit is told by path."""

from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.settings import load


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
    with pytest.raises(MaestroError, match=r"config\.toml cannot be read as TOML \(at line 2\)"):
        load(_write(tmp_path, 'a = 1\nb = "canary\n'), None)


def test_a_key_in_the_file_does_not_show(tmp_path: Path) -> None:
    settings = load(_write(tmp_path, '[providers.openai]\napiKey = "canary-key"\n'), None)
    key = settings.provider("openai").api_key
    assert key is not None
    assert key.get_secret_value() == "canary-key"
    assert "canary-key" not in repr(settings) + str(settings.to_wire())
