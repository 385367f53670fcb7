"""The commands a person types: what they print, where, and with which exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.environment import environment
from tests.simulators.fixtures import running

CANARY = "sk-canary-0123456789abcdef"


def _maestro(home: Path, *arguments: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maestro", *arguments],
        env=environment(home, **variables),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_demo_shows_a_whole_day_with_no_key_and_no_network(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "demo")
    assert done.returncode == 0, done.stderr
    for heading in ("An editor starts the server", "Sessions", "Models", "Chat", "Stop", "Audit", "Go on"):
        assert f"\n{heading}\n" in done.stdout
    assert "This is the offline provider" in done.stdout
    assert "~~~" in done.stdout
    assert "\x1b[" not in done.stdout


def test_the_demo_for_machines_tells_the_same(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "demo", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["ok"] is True
    assert report["stop"]["stopReason"] == "cancelled"
    assert report["audit"]["result"]["status"] == "complete"
    rules = {diagnostic["code"] for diagnostic in report["audit"]["diagnostics"]}
    assert {"unused-code", "mutable-default", "swallowed-error"} <= rules
    assert any(finding["fixes"] for finding in report["audit"]["result"]["findings"])


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_with_a_key_the_demo_talks_to_the_service(tmp_path: Path, provider: str) -> None:
    with running(provider, "drip") as service:
        done = _maestro(tmp_path, "demo", "--provider", provider, "--json", **service.environment)
        report = json.loads(done.stdout)
        assert report["chat"]["answer"]["stopReason"] == "endTurn"
        assert report["stop"]["stopReason"] == "cancelled"
        assert report["models"]["models"]
        assert service.requests
    assert report["ok"] is (provider == "gemini")
    assert done.returncode == (0 if report["ok"] else 1)
    if not report["ok"]:
        assert report["audit"]["error"]["data"]["kind"] == "unsupported"


def test_a_demo_without_the_key_says_what_is_missing(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "demo", "--provider", "openai")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_a_chat_prints_the_answer_on_stdout_and_the_rest_beside_it(tmp_path: Path, provider: str) -> None:
    with running(provider) as service:
        question = "What is the capital of France?"
        done = _maestro(tmp_path, "chat", "--provider", provider, question, **service.environment)
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert done.stdout.endswith("\n")
    assert "with the key from the environment" in done.stderr


def test_piped_text_is_added_to_the_question(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "chat", "--provider", "offline", "Explain", text="a traceback\n")
    assert done.returncode == 0
    assert "a traceback" in done.stdout


def test_a_chat_about_nothing_is_misuse(tmp_path: Path) -> None:
    assert _maestro(tmp_path, "chat").returncode == 2
    assert _maestro(tmp_path, "nonsense").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chat", "--model", "openai/gpt-5.5", "hi"), "no session for OpenAI"),
        (("chat", "--model", "no-such-model", "hi"), "model"),
        (("chat", "--provider", "nobody", "hi"), "provider"),
        (("models", "--provider", "nobody"), "provider"),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = _maestro(tmp_path, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_provider_is_said_and_the_key_is_not(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "chat", "--model", "openai/gpt-5.5", "hi", OPENAI_API_KEY=CANARY)
    assert done.returncode == 1
    assert "Trying again" in done.stderr
    assert CANARY not in done.stdout + done.stderr


def test_models_of_every_provider_with_a_key(tmp_path: Path) -> None:
    with running("openai") as openai, running("gemini") as gemini:
        done = _maestro(tmp_path, "models", **openai.environment, **gemini.environment)
    assert done.returncode == 0, done.stderr
    assert "openai/gpt-" in done.stdout
    assert "gemini/gemini-" in done.stdout
    assert "offline/assistant" in done.stdout


def test_models_for_machines(tmp_path: Path) -> None:
    listed = json.loads(_maestro(tmp_path, "models", "--provider", "offline", "--json").stdout)
    assert [model["id"] for model in listed["models"]] == ["offline/assistant"]
    assert listed["sources"][0]["status"] == "ok"


def test_a_misfit_setting_is_told_by_its_path(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "models", MAESTRO_LIMITS__MAX_ACTIVE_TURNS="many")
    assert done.returncode == 1
    assert "limits.maxActiveTurns" in done.stderr


def test_version_and_schema(tmp_path: Path) -> None:
    assert _maestro(tmp_path, "--version").stdout.startswith("maestro ")
    assert "maestro/chat/send" in _maestro(tmp_path, "--print-schema").stdout
