"""Questions for permission: in the buffer, by a choice, withdrawn."""

from pathlib import Path

from tests.e2e.conversations import command, edit
from tests.e2e.simulated import Simulated
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import COMPLETED
from tests.simulators.replies import Script

OPEN = "return #require('maestro.approvals').open() > 0"


def edits(nvim: Neovim, simulated: Simulated, words: str = "Go") -> None:
    """Let the model ask to change the notes."""
    simulated.service.scripts.queue.extend([Script(text="I would.", tool_calls=(edit(),)), Script(text="So be it.")])
    nvim.lua("_G.events = {}")
    nvim.command(f"Maestro send {words}")
    nvim.until(OPEN)


def press_enter_on(nvim: Neovim, line: str) -> None:
    nvim.until("return vim.fn.search(..., 'w') > 0", rf"\V{line}")
    nvim.keys("<CR>")


def test_a_question_is_answered_on_its_line(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    edits(nvim, simulated)
    text = nvim.text()
    assert "-milk" in text
    assert "+bread" in text
    assert "maintenance · notes.md" in text
    press_enter_on(nvim, "[1] ")
    nvim.until(COMPLETED)
    assert "bread" in buffered(nvim)
    assert "[1]" not in nvim.text()
    assert "### apply_edit · completed" in nvim.text()


def buffered(nvim: Neovim) -> str:
    """The notes as the editor has them, saved or not."""
    return "\n".join(nvim.lua("return vim.api.nvim_buf_get_lines(vim.fn.bufnr('notes.md'), 0, -1, false)"))


def test_a_refusal_goes_on_without_the_tool(nvim: Neovim, simulated: Simulated, folder: Path) -> None:
    nvim.command("Maestro chat")
    edits(nvim, simulated)
    press_enter_on(nvim, "[4] ")
    nvim.until(COMPLETED)
    assert "### apply_edit · denied" in nvim.text()
    assert "milk" in (folder / "notes.md").read_text()


def test_stop_withdraws_the_question(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    edits(nvim, simulated)
    nvim.command("Maestro stop")
    nvim.until(COMPLETED)
    assert nvim.lua("return #require('maestro.approvals').open()") == 0
    assert "[1]" not in nvim.text()


def test_a_question_of_a_chat_out_of_sight_is_a_choice(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    nvim.command("hide")
    nvim.choose("Deny")
    simulated.service.scripts.queue.extend([Script(tool_calls=(edit(),)), Script(text="Fine.")])
    nvim.command("Maestro send Go")
    nvim.until(COMPLETED)
    assert nvim.lua("return #_G.asked") == 1


def test_what_a_model_says_of_itself_draws_over_nothing(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    call = edit(scope="notes.md \u202egnihton\u202c \x1b[2J")
    simulated.service.scripts.queue.extend([Script(tool_calls=(call,)), Script(text="Fine.")])
    nvim.command("Maestro send Go")
    nvim.until(OPEN)
    assert "\u202e" not in nvim.text()
    assert "\x1b" not in nvim.text()
    nvim.command("Maestro answer deny")
    nvim.until(COMPLETED)


def test_commands_are_shown_as_they_would_run(nvim: Neovim, simulated: Simulated) -> None:
    nvim.lua("vim.g.maestro = vim.tbl_extend('force', vim.g.maestro, { settings = { tools = { runCommand = true } } })")
    nvim.lua("_G.events = {}")
    nvim.command("Maestro restart")
    nvim.until("return vim.list_contains(_G.events, 'MaestroReady')")
    nvim.command("Maestro chat")
    queue = simulated.service.scripts.queue
    queue.extend([Script(tool_calls=(command("ls", "a b", "$(rm)"),)), Script(text="Fine.")])
    nvim.command("Maestro send Go")
    nvim.until(OPEN)
    assert "'ls' 'a b' '$(rm)'" in nvim.text()
    nvim.command("Maestro stop")
    nvim.until(COMPLETED)
