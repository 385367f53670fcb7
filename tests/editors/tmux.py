"""A real terminal whose screen can be read: tmux with a server and a socket of its own."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.client import DEADLINE

COLUMNS, ROWS = 90, 30


class Tmux:
    """Start something in it with `prefix`; its state is under `home`."""

    def __init__(self, home: Path) -> None:
        program = shutil.which("tmux")
        if program is None:
            pytest.skip("no tmux: it is what gives these tests a terminal")
        self._tmux = [program, "-S", str(home / "tmux.sock"), "-f", "/dev/null"]
        self.prefix = (*self._tmux, "new-session", "-d", "-s", "it", "-x", str(COLUMNS), "-y", str(ROWS))

    def screen(self) -> str:
        done = subprocess.run([*self._tmux, "capture-pane", "-p", "-t", "it"], capture_output=True, text=True)
        return "\n".join(line.rstrip() for line in done.stdout.splitlines()).rstrip()

    def wait_for(self, words: str) -> str:
        """The screen once it has these words."""
        return self._wait(words, True)

    def wait_without(self, words: str) -> str:
        """The screen once it has them no more."""
        return self._wait(words, False)

    def type(self, *keys: str) -> None:
        """Keys as a keyboard sends them: names as `Enter`, or texts."""
        subprocess.run([*self._tmux, "send-keys", "-t", "it", *keys], check=True)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True)

    def _wait(self, words: str, there: bool) -> str:
        end = time.monotonic() + DEADLINE
        while (words in (screen := self.screen())) is not there:
            if time.monotonic() > end:
                raise TimeoutError(f"{'never' if there else 'always'} on the screen: {words}\n{screen}")
            time.sleep(0.02)
        return screen
