"""The context in a buffer: chunks left out by `dd`, taken back by `u`."""

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


def test_a_selection_is_deleted_at_once_and_pins_are_shown(nvim: Neovim, simulated: Simulated) -> None:
    opened(nvim, simulated)
    nvim.keys("3GVjd")
    nvim.until(CHUNKS, 1)
    nvim.keys("u")
    nvim.until(CHUNKS, 3)
    nvim.keys("3Gp")
    nvim.until("return vim.fn.getline(3):sub(10, 10) == 'p'")
