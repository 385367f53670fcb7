"""A Neovim per test, with a simulated provider behind the real server."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conversations import NOTES, keep_in_git
from tests.e2e.environment import environment
from tests.e2e.simulated import Simulated
from tests.editors.neovim.editor import Neovim
from tests.simulators.openai import OpenAI

Open = Callable[..., Neovim]


@pytest.fixture(scope="session")
def program() -> str:
    """The path of Neovim. Only `make test-neovim` says where there is one, so that `make test` needs none."""
    path = os.environ.get("MAESTRO_NVIM")
    if not path:
        pytest.skip("no real Neovim: `make test-neovim` installs one and runs these")
    return path


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path, since the address of a socket must be short."""
    path = Path(tempfile.mkdtemp(prefix="nv"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "work"
    folder.mkdir()
    (folder / "notes.md").write_text(NOTES)
    (folder / "sums.py").write_text(SUMS)
    keep_in_git(folder)
    return folder


SUMS = '''"""Sums."""

import os


def total(values):
    result = 0
    for value in values:
        result += value
    return result
'''


@pytest.fixture
def simulated(program: str) -> Iterator[Simulated]:
    with Simulated(OpenAI()) as simulated:
        yield simulated


@pytest.fixture
def launch(program: str, home: Path, folder: Path) -> Iterator[Open]:
    """Starts Neovims; `launch(command=[...], options={...}, NAME="variable")`."""
    started: list[Neovim] = []

    def start(**options: object) -> Neovim:
        variables = {name: str(value) for name, value in options.items() if name.isupper()}
        rest = {name: value for name, value in options.items() if not name.isupper()}
        started.append(Neovim(program, home, folder, environment(home, **variables), **rest))
        return started[-1]

    yield start
    for one in started:
        one.close()


KEY = {"provider": "openai", "authType": "api_key", "name": "mine", "apiKey": "sk-simulated-key-0001"}
MODELS = {"MAESTRO_DEFAULTS__CHAT": "openai/gpt-5.5", "MAESTRO_DEFAULTS__PROVIDER": "openai"}


@pytest.fixture
def nvim(launch: Open, simulated: Simulated) -> Neovim:
    """In a folder under git, signed in to the simulated OpenAI as `mine`."""
    nvim = launch(**simulated.base_urls(), **MODELS)
    sign_in(nvim)
    return nvim


def sign_in(nvim: Neovim) -> None:
    """Sign in, and have read what is told once of where the key lies."""
    assert nvim.request("maestro/session/create", KEY)["type"] == "done"
    nvim.until("return #_G.told() > 0")
    nvim.command("messages clear")
