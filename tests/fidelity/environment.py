"""The side environment with the vendors' own SDKs: made once by pip, outside the clone, and kept by its pins."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_TIMEOUT = 600


class Unavailable(Exception):
    """The side environment cannot be made here; the text says why."""


def python() -> Path:
    """The interpreter that has the SDKs; makes it on the first call.

    Raises:
        Unavailable: no network, no pip, no room.
    """
    home = _home()
    home.mkdir(parents=True, exist_ok=True)
    interpreter = home / "bin" / "python"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once make it once
        if not (home / "ready").exists():
            _make(home, interpreter)
            (home / "ready").touch()
    return interpreter


def _home() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pins = REQUIREMENTS.read_bytes() + sys.version.encode()
    return cache / "maestro-tests" / f"sdk-{hashlib.sha256(pins).hexdigest()[:12]}"


def _make(home: Path, interpreter: Path) -> None:
    _run([sys.executable, "-m", "venv", str(home)])
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, "--requirement", str(REQUIREMENTS)])


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]} could not be run: {type(error).__name__}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"{' '.join(command[1:4])} failed: {last}")
