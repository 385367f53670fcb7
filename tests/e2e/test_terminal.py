"""The commands a person types: what they print, where, and with which exit code."""

import io
import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.cli import sessions as cli_sessions
from maestro.cli.terminal import harmless
from maestro_protocol.sessions import Identity, Session
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
    assert audited_by == {provider}


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_a_chat_prints_the_answer_on_stdout_and_the_rest_beside_it(tmp_path: Path, provider: str) -> None:
    with running(provider) as service:
        question = "What is the capital of France?"
        done = _maestro(tmp_path, "chat", "--provider", provider, question, **service.environment)
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert done.stdout.endswith("\n")
    variable = next(name for name in service.environment if name.endswith("_API_KEY"))
    assert f"with the key in {variable} (…" in done.stderr


_YAML = f"providers:\n  groq:\n    api_key: {CANARY}\n  nobody:\n    api_key: {CANARY}\n"


@pytest.mark.parametrize(
    ("text", "code", "sentences"),
    [
        (_YAML, 1, ["`base_api_url` is missing", "The key of nobody stays in", "The key of groq in"]),
        (_YAML.partition("  nobody")[0], 0, ["The key of groq in"]),
        ("providers: [", 1, ["openaicompat-providers.yaml, line 1"]),
        ("", 0, ["There is nothing to import."]),
    ],
)
def test_an_import_says_each_thing_once_and_whether_it_was_done(
    tmp_path: Path, text: str, code: int, sentences: list[str]
) -> None:
    file = tmp_path / "maestro" / "data" / "openaicompat-providers.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    done = _maestro(tmp_path, "sessions", "import")
    assert done.returncode == code, done.stderr
    said = [line for line in done.stderr.splitlines() if "clear text" not in line and "vault.key" not in line]
    assert [sentence in line for sentence, line in zip(sentences, said, strict=True)] == [True] * len(said), said
    assert CANARY not in done.stderr


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
    hidden = "\u200b\u200f\u202a\u202e\u2066\u2069\ufeff"
    assert harmless(f"a{hidden}b", Screen()) == "ab"
    assert harmless("a\x1b[2Jb", io.StringIO()) == "a\x1b[2Jb"


def test_a_table_of_sessions_is_harmless_and_keeps_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Screen(), Screen()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    nasty = "a\x1b[2J\nb\u202ec"
    session = Session(
        id="s1",
        name=nasty,
        provider="openai",
        auth_type="oauth",
        status="needsLogin",
        source="vault",
        identity=Identity(email=nasty),
        created_at=datetime.now(UTC),
        bound_to=["file:///tmp/a%20b", nasty],
        problem=nasty,
    )
    cli_sessions._print([session], as_json=False)
    row, *bound = out.getvalue().splitlines()
    assert row.count("a[2J bc") == 2
    assert bound == ["    bound to /tmp/a b", "    bound to chat a[2J bc"]
    assert err.getvalue() == "  a[2J bc\n"


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


def test_a_session_is_bound_listed_and_released(tmp_path: Path) -> None:
    assert _maestro(tmp_path, "login", "openai", "--name", "work", text=f"{CANARY}\n").returncode == 0
    assert _maestro(tmp_path, "sessions", "bind", "work", "--folder", str(tmp_path)).returncode == 0
    assert f"\n    bound to {tmp_path.resolve()}\n" in _maestro(tmp_path, "sessions").stdout
    released = _maestro(tmp_path, "sessions", "release", "--folder", f"{tmp_path}/x/..")
    assert released.stderr == f"{tmp_path.resolve()} uses the default sessions now.\n"
    assert "bound to" not in _maestro(tmp_path, "sessions").stdout
    renamed = _maestro(tmp_path, "sessions", "rename", "work", "a:b")
    assert (renamed.returncode, "`name` does not have the required form" in renamed.stderr) == (1, True)


def test_a_rotation_counts_in_words_and_names_the_variable(tmp_path: Path) -> None:
    assert _maestro(tmp_path, "login", "openai", text=f"{CANARY}\n").returncode == 0
    refused = _maestro(tmp_path, "vault", "rotate", "--to", "passphrase")
    assert refused.returncode == 1
    assert "set MAESTRO_VAULT_PASSPHRASE" in refused.stderr
    assert "stored under" not in refused.stderr
    done = _maestro(tmp_path, "vault", "rotate")
    assert done.stderr == "1 credential is under a new key, which is kept in a key file.\n"
    done = _maestro(tmp_path, "vault", "rotate", "--to", "passphrase", MAESTRO_VAULT_PASSPHRASE="p" * 20)
    assert "1 credential is under a new key, which is kept under a passphrase." in done.stderr


def test_sessions_of_nobody(tmp_path: Path) -> None:
    done = _maestro(tmp_path, "sessions", "--provider", "nosuch")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no provider nosuch; there are alibaba, ")


def test_a_store_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "maestro" / "data" / "maestro.db").mkdir(parents=True)
    done = _maestro(tmp_path, "sessions")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be opened" in done.stderr


_FAULTS = {
    "models": "from maestro.cli import models\nasync def fail(*_): raise RuntimeError('canary')\nmodels._list = fail",
    "doctor": "from maestro.cli import doctor\ndef fail(*_): raise RuntimeError('canary')\ndoctor.run = fail",
}


@pytest.mark.parametrize("command", _FAULTS)
def test_a_fault_is_one_sentence_and_an_incident(tmp_path: Path, command: str) -> None:
    code = f"{_FAULTS[command]}\nimport sys\nfrom maestro.__main__ import main\nsys.exit(main(['{command}']))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert re.fullmatch(r"Maestro failed; its log says more at incident [0-9a-f]{12}\.\n", done.stderr)
    log = (tmp_path / "maestro" / "cache" / "log" / "maestro.log").read_text()
    assert done.stderr.split()[-1].rstrip(".") in log
    assert "RuntimeError" in log and "canary" not in log


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && {sys.executable} -m maestro sessions"
    done = subprocess.run(
        ["sh", "-c", command], env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "change to another one" in done.stderr) == (1, True), done.stderr


def test_input_that_is_no_text_is_not_waited_for(tmp_path: Path) -> None:
    command = f"printf '\\377\\n' | {sys.executable} -m maestro login openai --key"
    variables = environment(tmp_path, PYTHONUTF8="1", PYTHONIOENCODING="utf-8:strict")
    done = subprocess.run(["sh", "-c", command], env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "cannot be asked here" in done.stderr
    assert "Traceback" not in done.stderr
