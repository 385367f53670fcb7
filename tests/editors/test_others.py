"""Real editors without a client of ours, set up as `editors/README.md` tells: a finding, a hover, a fix."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.client import DEADLINE
from tests.e2e.conversations import keep_in_git
from tests.e2e.environment import environment
from tests.editors.tmux import Tmux
from tests.unit.shape.source import ROOT

SCRIPTS = ROOT / "tests" / "editors"
SOURCE = "import os\n\n\ndef total(values):\n    return sum(values)\n"
MENDED = "\n\ndef total(values):\n    return sum(values)\n"
FOUND = "`os` imported but unused"
MINUTES = 180.0


def snippet(heading: str) -> str:
    """The block of code under a heading of the README."""
    section = (ROOT / "editors" / "README.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    return section.split("```")[1].partition("\n")[2]


class Place:
    """A home and a folder with a file that has one finding, without any provider."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, home / "work"
        self.folder.mkdir()
        self.file = self.folder / "sums.py"
        self.file.write_text(SOURCE)
        keep_in_git(self.folder)
        programs = home / "bin"
        programs.mkdir()
        (programs / "maestro").write_text(f'#!/bin/sh\nexec {sys.executable} -m maestro "$@"\n')
        (programs / "maestro").chmod(0o755)
        self.variables = environment(home, LANG="C.UTF-8", TERM="xterm-256color")
        self.variables["PATH"] = f"{programs}:{self.variables['PATH']}"

    def wait_for_server(self) -> None:
        """Its log begins once the editor has told its settings, which is after the handshake."""
        end = time.monotonic() + DEADLINE
        while not (self.home / "maestro" / "cache" / "log" / "maestro.log").exists():
            assert time.monotonic() < end, "the editor never shook hands"
            time.sleep(0.02)

    def write(self, name: str, text: str) -> str:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)


@pytest.fixture
def place() -> Iterator[Place]:
    home = Path(tempfile.mkdtemp(prefix="ed"))
    yield Place(home)
    shutil.rmtree(home, ignore_errors=True)


def unpacked(name: str, suites: str, *packages: str, target: str = "") -> Sequence[str]:
    """How to begin a command that runs an editor of Debian's; skips where there is none to be had."""
    cache = os.environ.get("MAESTRO_EDITORS")
    if not cache:
        pytest.skip("no real editors: `make test-editors` installs some and runs these")
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        pytest.skip("editors are installed from Debian's packages, as root")
    folder = f"{cache}/{name}"
    arguments = [SCRIPTS / "install-debian.sh", folder, suites, *packages]
    done = subprocess.run(arguments, env={**os.environ, "TARGET": target}, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{name} could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    return [str(SCRIPTS / "over.sh"), folder]


def emacs(place: Place, heading: str, script: str) -> str:
    """What Emacs printed when it ran a script with the snippet."""
    over = unpacked("emacs", "bookworm bookworm-backports", "emacs-nox", "elpa-lsp-mode", target="bookworm-backports")
    packages = sorted(Path(over[1]).glob("usr/share/emacs/site-lisp/elpa-src/*"))
    paths = [word for path in packages for word in ("-L", f"/{path.relative_to(over[1])}")]
    loaded = ["-l", place.write("init.el", snippet(heading)), "-l", str(SCRIPTS / script)]
    command = [*over, "emacs-nox", "-Q", "--batch", *paths, *loaded, "sums.py"]
    done = subprocess.run(
        command, cwd=place.folder, env=place.variables, capture_output=True, text=True, timeout=MINUTES
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("heading", "script"), [("Emacs, eglot", "eglot.el"), ("Emacs, lsp-mode", "lsp-mode.el")])
def test_emacs(place: Place, heading: str, script: str) -> None:
    told = emacs(place, heading, script)
    assert f"findings: ({'maestro [unused-code]: ' if 'eglot' in script else ''}{FOUND}" in told
    assert re.search(r"progress: \(begin .*end\)", told)
    assert "Found by offline" in told.replace("\\", "")
    assert f"actions: (Fix: {FOUND}" in told
    assert place.file.read_text() == MENDED


@contextmanager
def at_the_file(place: Place, *command: str) -> Iterator[Tmux]:
    """A terminal in which an editor shows the file; in the end it is written, and the editor left."""
    terminal = Tmux(place.home)
    subprocess.run([*terminal.prefix, *command, str(place.file)], cwd=place.folder, env=place.variables, check=True)
    try:
        terminal.wait_for("import os")
        yield terminal
        terminal.type(":wq", "Enter")
        terminal.wait_without("def total")
    finally:
        terminal.close()


@pytest.mark.timeout(300)
def test_helix(place: Place) -> None:
    over = unpacked("helix", "forky", "hx")
    place.write(".config/helix/languages.toml", snippet("Helix"))
    with at_the_file(place, *over, "env", "HELIX_RUNTIME=/usr/lib/hx/runtime", "hx") as terminal:
        place.wait_for_server()
        terminal.type(":lsp-workspace-command maestro.audit.workspace", "Enter")
        terminal.wait_for(FOUND)
        terminal.type("Space", "k")
        terminal.wait_for("Found by offline")
        terminal.type("Escape")
        terminal.wait_without("Found by offline")
        terminal.type("Space", "a")
        terminal.wait_for("Fix: ")
        terminal.type("Enter")
        terminal.wait_without("import os")
    assert place.file.read_text() == MENDED


@pytest.mark.timeout(300)
def test_vim_with_ale(place: Place) -> None:
    over = unpacked("vim", "trixie", "vim", "vim-ale")
    place.variables["MAESTRO_AUDIT__ON_SAVE"] = "true"
    options = "set nocompatible nomore noswapfile\nset rtp^=/usr/share/vim-ale\nlet g:ale_virtualtext_cursor = 2\n"
    start = "filetype plugin on\nruntime plugin/ale.vim\n"
    init = place.write("vimrc", options + start + snippet("Vim, ALE"))
    with at_the_file(place, *over, "vim.basic", "-u", init) as terminal:
        terminal.type(":write", "Enter")
        terminal.wait_for(FOUND)
        terminal.type("w", ":ALEHover", "Enter")
        terminal.wait_for("Found by offline")
        terminal.type(":pclose", "Enter", ":ALECodeAction", "Enter")
        terminal.wait_for("1) Fix: ")
        terminal.type("1", "Enter")
        terminal.wait_without("import os")
    assert place.file.read_text() == MENDED


@pytest.mark.timeout(400)
def test_kate(place: Place) -> None:
    over = unpacked("kate", "trixie", "kate", "xvfb", "xdotool")
    said = place.home / "said"
    program = Path(place.write("bin/maestro", f'#!/bin/sh\n{sys.executable} -m maestro "$@" | tee {said}\n'))
    place.write(".config/kate/lspclient/settings.json", snippet("Kate"))
    allowed = f"[Kate Plugins]\nlspclientplugin=true\n\n[lspclient]\nAllowedServerCommandLines={program} lsp\n"
    place.write(".config/katerc", allowed)
    variables = {**place.variables, "XDG_RUNTIME_DIR": str(place.home), "MAESTRO_AUDIT__ON_SAVE": "true"}
    command = [*over, str(SCRIPTS / "kate.sh"), str(place.file), str(said)]
    done = subprocess.run(command, cwd=place.folder, env=variables, capture_output=True, text=True, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert place.file.read_text().strip() == MENDED.strip()
