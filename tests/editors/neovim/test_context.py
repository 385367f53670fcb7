"""The context in a buffer: chunks left out by `dd`, taken back by `u`."""

import pytest

from tests.e2e.simulated import Simulated
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import ask
from tests.simulators.replies import Script

CHUNKS = "return vim.api.nvim_buf_line_count(0) == ... + 2"


def opened(nvim: Neovim, simulated: Simulated) -> None:
    """A chat of one turn with the notes attached, and its context in the current buffer."""
    simulated.service.scripts.always = Script(text="Fine.")
    nvim.command("edit notes.md")
    nvim.command("Maestro attach")
    ask(nvim, "First words")
    nvim.command("Maestro context")
    nvim.until(CHUNKS, 3)


def test_chunks_are_listed_with_their_size(nvim: Neovim, simulated: Simulated) -> None:
    opened(nvim, simulated)
    lines = nvim.lines()
    assert lines[0].startswith("3 chunks · ")
    assert sorted(word for line in lines[2:] for word in ("notes.md", "First words") if word in line) == [
        "First words",
        "notes.md",
    ]


def test_what_is_deleted_is_not_sent_and_can_be_restored(nvim: Neovim, simulated: Simulated) -> None:
    opened(nvim, simulated)
    nvim.until("return vim.fn.search('notes.md') > 0")
    nvim.keys("dd")
    nvim.until(CHUNKS, 2)
    ask(nvim, "Again")
    assert "Buy milk." not in str(simulated.server.requests[-1].json)
    nvim.until(CHUNKS, 4)
    nvim.keys("u")
    nvim.until(CHUNKS, 5)
    ask(nvim, "Once more")
    assert "Buy milk." in str(simulated.server.requests[-1].json)


def test_only_what_was_read_can_be_read_again(nvim: Neovim, simulated: Simulated) -> None:
    opened(nvim, simulated)
    nvim.until("return vim.fn.search('First words') > 0")
    nvim.command("messages clear")
    nvim.keys("r")
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == ["maestro: only a file, or a part of one, can be read again"]


def test_a_selection_is_deleted_at_once_and_pins_are_shown(nvim: Neovim, simulated: Simulated) -> None:
    opened(nvim, simulated)
    nvim.keys("3GVjd")
    nvim.until(CHUNKS, 1)
    nvim.keys("u")
    nvim.until(CHUNKS, 3)
    nvim.keys("3Gp")
    nvim.until("return vim.fn.getline(3):sub(10, 10) == 'p'")


def several(nvim: Neovim, simulated: Simulated) -> None:
    opened(nvim, simulated)
    ask(nvim, "More words")
    nvim.until(CHUNKS, 5)


@pytest.mark.parametrize(
    ("keys", "left"),
    [("3G3dd", 2), ("3Gdj", 3), ("3G2dj", 2), ("3GdG", 0), ("5Gd2k", 2), ("3GVjx", 3)],
)
def test_chunks_are_left_out_as_lines_are_deleted(nvim: Neovim, simulated: Simulated, keys: str, left: int) -> None:
    several(nvim, simulated)
    nvim.keys(keys)
    nvim.until(CHUNKS, left)


def test_several_are_pinned_at_once(nvim: Neovim, simulated: Simulated) -> None:
    several(nvim, simulated)
    nvim.keys("3GVjp")
    nvim.until("return #vim.fn.filter(vim.fn.getline(3, '$'), 'v:val[9] == \"p\"') == 2")
    assert nvim.lua("return vim.fn.mode()") == "n"


@pytest.mark.parametrize("what", ["context", "intents"])
@pytest.mark.parametrize("away", ["bwipeout!", "bdelete"])
def test_a_list_put_away_before_it_came_is_let_go(nvim: Neovim, simulated: Simulated, what: str, away: str) -> None:
    opened(nvim, simulated)
    nvim.command("bwipeout")
    nvim.lua(f"vim.cmd('Maestro {what}') vim.cmd('{away}')")
    nvim.request("maestro/status")
    nvim.request("maestro/status")
    ask(nvim, "More")
    assert nvim.told() == []
