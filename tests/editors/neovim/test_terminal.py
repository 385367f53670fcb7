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


def test_a_question_takes_no_key_from_a_command_that_is_typed(terminal: Terminal, simulated: Simulated) -> None:
    terminal.nvim.command("enew")
    terminal.type(":echo 'half ")
    asks(terminal, simulated)
    assert terminal.wait_for(":echo 'half").splitlines()[-1] == ":echo 'half"
    terminal.type("a line'", "Enter")
    assert "Maestro asks · :Maestro answer" in terminal.wait_for(f"maestro: a question, see :Maestro answer: {ASKED}")
    terminal.type(":Maestro answer deny", "Enter")
    terminal.wait_without("Maestro asks")


ASKED = "Edit notes.md, for maint"


def asks(terminal: Terminal, simulated: Simulated) -> None:
    simulated.service.scripts.queue.extend([Script(tool_calls=(edit(),)), Script(text="Fine.")])
    terminal.nvim.lua("require('maestro.sending').send(require('maestro.chat').latest(), 'Change it')")
    terminal.nvim.until("return #require('maestro.approvals').open() > 0")


def test_a_question_takes_no_key_from_who_inserts_and_can_be_read_whole(
    terminal: Terminal, simulated: Simulated
) -> None:
    terminal.nvim.command("enew")
    terminal.type("i", "1 is ")
    asks(terminal, simulated)
    terminal.wait_for("Maestro asks · :Maestro answer")
    terminal.type("written", "Escape")
    terminal.wait_for("1 is written")
    terminal.type(":Maestro answer", "Enter")
    assert "+bread" in terminal.wait_for("Tool: apply_edit")
    terminal.type("G")
    terminal.wait_for("[4] Deny")
    terminal.type("gg", "Enter")
    screen = terminal.wait_for("Type number and <Enter>")
    assert re.search(r"\+bread.*Scope: notes.md.*Risk: medium.*1: Allow once.*4: Deny", screen, re.DOTALL)
    terminal.type("4", "Enter")
    assert "1 is written" in terminal.wait_without("Maestro asks")


CONTEXT = """\
2 chunks · N tokens of N

      ~6    user                     Say hello
       5    assistant                Hello **there**.
"""


def test_the_context_is_seen_and_pruned(terminal: Terminal, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(text="Hello **there**.", tokens=TOKENS))
    terminal.wait_for("── You")
    terminal.type("i", "Say hello", "Escape", "Enter")
    terminal.wait_for("tokens")
    terminal.type(":Maestro context", "Enter")
    assert CONTEXT in re.sub(r"\d+ tokens of \d+", "N tokens of N", terminal.wait_for("2 chunks"))
    terminal.type("3Gdd")
    assert "Say hello" not in terminal.wait_for("1 chunk ·").split("1 chunk ·")[1]
    terminal.type("u")
    terminal.wait_for("2 chunks")


def test_the_health_is_seen(terminal: Terminal) -> None:
    terminal.type(":checkhealth maestro", "Enter", ":only", "Enter")
    screen = terminal.wait_for("maestro: doctor")
    assert re.search(r"maestro: .*OK the options fit.*OK .*OK server \S+, protocol 1, utf-8", screen, re.DOTALL)


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


def test_lines_at_once_do_not_ask_for_a_key(bare: Terminal) -> None:
    bare.nvim.lua("for _, word in ipairs({ 'warn', 'error', 'info' }) do require('maestro.ui')[word]('a ' .. word) end")
    bare.wait_for("maestro: a info")
    assert bare.nvim.call("nvim_get_mode") == {"mode": "n", "blocking": False}
    assert bare.nvim.told() == ["maestro: a warn", "maestro: a error", "maestro: a info"]


def test_what_goes_along_is_seen_in_a_narrow_window(terminal: Terminal) -> None:
    for name in ("notes.md", "sums.py"):
        terminal.nvim.command(f"Maestro attach {name}")
    terminal.nvim.command("vertical rightbelow new | wincmd p | vertical resize 30")
    terminal.nvim.command("Maestro model openai/gpt-5.5")
    screen = terminal.wait_for("   notes.md · sums.py")
    assert "── You · openai/gpt-5.5 " in screen
