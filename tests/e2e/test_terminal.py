"""The commands a person types: what they print, where, and with which exit code."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maestro.cli.terminal import harmless
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
    assert report["ok"] is True
    assert done.returncode == 0
    audited_by = {finding["provenance"]["provider"] for finding in report["audit"]["result"]["findings"]}
    assert audited_by <= ({"gemini"} if provider == "gemini" else {"offline"})


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
        (("chat", "--model", "openai/gpt-5.5", "hi"), "set OPENAI_API_KEY"),
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


@pytest.mark.parametrize("arguments", [("chat", "--provider", "offline", "größe…"), ("demo",), ("models",)])
def test_an_encoding_without_the_character_costs_the_character_only(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = _maestro(tmp_path, *arguments, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    if arguments[0] == "chat":
        assert r"gr\xf6\xdfe\u2026" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("chat", "--provider", "offline", "hi"), ("models",), ("demo",), ("--version",), ("--print-schema",)]
)
@pytest.mark.parametrize("to", [">/dev/full", ">&-", "<&-"])
def test_streams_that_are_closed_or_full_are_no_traceback(tmp_path: Path, arguments: tuple[str, ...], to: str) -> None:
    command = " ".join([sys.executable, "-m", "maestro", *arguments, to])
    done = subprocess.run(
        ["sh", "-c", command], env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if to == ">/dev/full" else 0), done.stderr


def test_an_answer_nobody_reads_any_more_is_stopped(tmp_path: Path) -> None:
    with running("openai", "drip=0.05") as service:
        command = f"{sys.executable} -m maestro chat --provider openai hi </dev/null | head -c 3"
        variables = environment(tmp_path, **service.environment)
        done = subprocess.run(
            ["sh", "-c", command], env=variables, capture_output=True, text=True, timeout=30, check=False
        )
        assert len(done.stdout) == 3
        assert "Traceback" not in done.stderr


def test_interrupting_an_answer_is_exit_code_130(tmp_path: Path) -> None:
    with running("openai", "drip=0.2") as service:
        process = subprocess.Popen(
            [sys.executable, "-m", "maestro", "chat", "--provider", "openai", "hi"],
            env=environment(tmp_path, **service.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in complaints


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ALL_PROXY": "ftp://127.0.0.1:1"}, "proxy settings"),
        ({"NO_PROXY": "[::"}, "proxy settings"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:99999/v1"}, "port above 65535"),
        ({"OPENAI_BASE_URL": "no url"}, "base URL"),
    ],
)
def test_what_cannot_be_sent_is_one_sentence(tmp_path: Path, variables: dict[str, str], words: str) -> None:
    done = _maestro(tmp_path, "chat", "--provider", "openai", "hi", OPENAI_API_KEY=CANARY, **variables)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_is_never_steered_by_a_model() -> None:
    assert harmless("a\x1b]0;t\x07\x1b[2Jb\n\tc\x9b1m", Screen()) == "a]0;t[2Jb\n\tc1m"
    assert harmless("a\x1b[2Jb", io.StringIO()) == "a\x1b[2Jb"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_provider_option_holds_beside_a_model(tmp_path: Path) -> None:
    with running("openai") as service:
        hello = ("chat", "--provider", "openai", "hi", "--model")
        for model in ("gpt-5.5", "openai/gpt-5.5"):
            assert _maestro(tmp_path, *hello, model, **service.environment).returncode == 0
        assert {request.json["model"] for request in service.requests} == {"gpt-5.5"}
        assert _maestro(tmp_path, *hello, "offline/assistant", **service.environment).returncode == 1


@pytest.mark.parametrize(("provider", "words"), [("nope", "no provider nope"), ("openai", "set OPENAI_API_KEY")])
def test_a_demo_that_cannot_begin_says_why_and_stops(tmp_path: Path, provider: str, words: str) -> None:
    done = _maestro(tmp_path, "demo", "--provider", provider)
    assert done.returncode == 1
    assert words in done.stdout
    assert "Chat" not in done.stdout
