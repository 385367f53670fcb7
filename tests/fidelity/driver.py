"""Drives one vendor's SDK in a process of its own and asks it to play scenarios."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests.fidelity import environment

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


Run: TypeAlias = Callable[[str, str], Any]
"""`run(scenario, base_url)`"""


class Driver:
    """A running `sdk_<name>.py`."""

    def __init__(self, name: str) -> None:
        script = Path(__file__).with_name(f"sdk_{name}.py")
        variables = {key: value for key, value in os.environ.items() if key not in _PROXIES and "API_KEY" not in key}
        self._process = subprocess.Popen(
            [str(environment.python()), str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
        )

    def run(self, scenario: str, base_url: str) -> Any:
        """What the SDK made of the simulator's answer, as plain JSON."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"scenario": scenario, "base_url": base_url}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
