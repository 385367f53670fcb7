"""What a person sees: screens of a real terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conversations import edit
from tests.e2e.environment import environment
from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import sign_in
from tests.editors.neovim.terminal import Terminal
from tests.simulators.replies import Script, Tokens

TOKENS = Tokens(input=10, output=5)


@pytest.fixture
def bare(program: str, home: Path, folder: Path, simulated: Simulated) -> Iterator[Terminal]:
    """Nobody is signed in; the offline provider audits."""
    terminal = Terminal(program, home, folder, environment(home, **simulated.base_urls()))
    yield terminal
    terminal.close()


@pytest.fixture
def terminal(bare: Terminal) -> Terminal:
    sign_in(bare.nvim)
    bare.nvim.command("echo ''")
    bare.nvim.command("Maestro! chat")
    bare.nvim.command("Maestro model openai/gpt-5.5")
    bare.nvim.until("return require('maestro.chat').current().model")
    bare.nvim.command("only | echo ''")
    return bare


CHAT = """\
# Say hello

## You

Say hello

## openai/gpt-5.5

Hello **there**.

*15 tokens*

── You · openai/gpt-5.5
"""


def test_a_chat_is_typed_and_read(terminal: Terminal, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(text="Hello **there**.", tokens=TOKENS))
    terminal.wait_for("── You")
    terminal.type("i", "Say hello", "Escape", "Enter")
    screen = re.sub(r" · ≈[\d.]+ USD", "", terminal.wait_for("tokens"))  # where prices are known
    assert [line.rstrip("~ ") for line in screen.splitlines() if line.strip("~ ")] == [
        line for line in CHAT.splitlines() if line
    ]


def test_a_question_is_seen_and_answered_by_keys(terminal: Terminal, simulated: Simulated) -> None:
    simulated.service.scripts.queue.extend([Script(tool_calls=(edit(),)), Script(text="Bread it is.")])
    terminal.wait_for("── You")
    terminal.type("i", "Change it", "Escape", "Enter")
    screen = terminal.wait_for("[4] Deny")
    assert "-milk" in screen
    assert "+bread" in screen
    terminal.type("?\\[1", "Enter", "Enter")
    screen = terminal.wait_for("Bread it is.")
    assert "[1]" not in screen


def test_a_finding_is_seen_and_mended(bare: Terminal) -> None:
    bare.nvim.lua("vim.diagnostic.config({ virtual_text = true })")
    bare.type(":edit sums.py", "Enter")
    bare.type(":Maestro audit", "Enter")
    assert "import os" in bare.wait_for("`os` imported but unused")
    bare.type("3G", "gra")
    bare.wait_for("Code actions:")
    bare.type("1", "Enter")
    bare.nvim.until("return #vim.diagnostic.get(0) == 0")
    assert "import os" not in bare.screen()


def test_a_long_message_does_not_ask_for_a_key(bare: Terminal) -> None:
    bare.nvim.lua("require('maestro.ui').warn(('long '):rep(100))")
    assert "… (:Maestro messages)" in bare.wait_for("long")
    bare.type(":Maestro messages", "Enter")
    bare.wait_for("Maestro messages")
