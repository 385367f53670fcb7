"""`python -m tests.simulators` prints variables that point to running servers."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.simulators", *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_it_serves_what_it_prints() -> None:
    with _started("--only", "openai", "--persona", "drip=0.001") as process:
        assert process.stdout is not None
        printed = [process.stdout.readline().removeprefix("export ").strip() for _ in range(2)]
        variables = dict(line.split("=", 1) for line in printed)
        key = {"authorization": f"Bearer {variables['OPENAI_API_KEY']}"}
        request = urllib.request.Request(f"{variables['OPENAI_BASE_URL']}/models", headers=key)
        with urllib.request.urlopen(request) as reply:
            assert b"gpt-5.5" in reply.read()
        process.terminate()


def test_it_prints_the_settings_of_logins_too() -> None:
    with _started("--only", "anthropic", "--oauth") as process:
        assert process.stdout is not None
        printed = "".join(process.stdout.readline() for _ in range(6))
        assert "ANTHROPIC_API_KEY" in printed and "MAESTRO_PROVIDERS__ANTHROPIC__OAUTH__TOKEN_URL" in printed
        process.terminate()


@pytest.mark.parametrize(("arguments", "told"), [(["--list"], "audit-prose"), (["--persona", "no-such"], "no persona")])
def test_it_lists_and_refuses(arguments: list[str], told: str) -> None:
    with _started(*arguments) as process:
        assert told in "".join(process.communicate())
