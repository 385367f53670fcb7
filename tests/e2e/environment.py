"""What a server under test is started with: no key, no proxy, no way out of the machine."""

import os
from pathlib import Path

KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "COVERAGE_")
CLOSED_PORT = "http://127.0.0.1:1"

Environment = dict[str, str]


def environment(home: Path, **variables: str) -> Environment:
    """Variables for one server, all its state under `home`; the default provider is the offline one."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return {
        **kept,
        "HOME": str(home),
        "MAESTRO_HOME": str(home / "maestro"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "MAESTRO_DEFAULTS__PROVIDER": "offline",
        "MAESTRO_MODELS__PROBE_LOCAL_SERVERS": "false",
        "MAESTRO_RETRY__BASE_DELAY_MS": "10",
        "OPENAI_BASE_URL": f"{CLOSED_PORT}/v1",
        "ANTHROPIC_BASE_URL": CLOSED_PORT,
        "GOOGLE_GEMINI_BASE_URL": CLOSED_PORT,
        **variables,
    }
