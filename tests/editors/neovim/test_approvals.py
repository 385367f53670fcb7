"""Questions for permission: in the chat's buffer, in their own, by a choice, withdrawn; never in anybody's way."""

from pathlib import Path

from tests.e2e.conversations import command, edit
from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import COMPLETED
from tests.simulators.replies import Script, ToolCall

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
    assert "Purpose: maintenance\nScope: notes.md" in text
    assert "Risk: medium\n- medium: It changes a file." in text
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


def asked_out_of_sight(nvim: Neovim, simulated: Simulated, call: ToolCall) -> None:
    """A question about a chat whose window is hidden."""
    nvim.command("Maestro chat")
    nvim.command("hide")
    simulated.service.scripts.queue.extend([Script(tool_calls=(call,)), Script(text="Fine.")])
    nvim.lua("_G.events = {}")
    nvim.command("Maestro send Go")
    nvim.until(OPEN)


def answered(nvim: Neovim) -> None:
    nvim.until(COMPLETED)
    assert nvim.lua("return #require('maestro.approvals').open()") == 0
    nvim.until(NO_NOTICE)


NO_NOTICE = """
return vim.iter(vim.api.nvim_list_wins()):all(function(window)
  return vim.api.nvim_win_get_config(window).relative == ''
end)
"""


def test_a_question_takes_no_key_from_who_writes(nvim: Neovim, simulated: Simulated) -> None:
    nvim.keys("iwriting ")
    asked_out_of_sight(nvim, simulated, edit())
    nvim.until("return #vim.api.nvim_list_wins() == 2")
    nvim.keys("1 on")
    nvim.until("return vim.fn.getline(1) == 'writing 1 on'")
    assert nvim.lua("return #_G.asked") == 0
    assert nvim.lua("return require('maestro').status()")["waiting"] == 1
    assert nvim.told() == []
    nvim.keys("<Esc>")
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == [f"maestro: a question, see :Maestro answer: {SUMMARY}"]
    nvim.command("Maestro answer deny")
    answered(nvim)


SUMMARY = "Edit notes.md, for maintenance in: notes.md."


def test_nothing_is_allowed_before_it_was_shown_whole(nvim: Neovim, simulated: Simulated) -> None:
    runs_commands(nvim)
    words = [f"word{number}" for number in range(40)]
    asked_out_of_sight(nvim, simulated, command("echo", *words, "a\nb\x1b[2K", scope="echo"))
    nvim.command("Maestro answer allowOnce")
    assert nvim.lua("return vim.fn.bufname()").startswith("maestro://question/")
    assert nvim.lua("return vim.fn.line('.')") == 1
    assert nvim.lua("return #require('maestro.approvals').open()") == 1
    text = nvim.text()
    assert "'echo' " + " ".join(f"'{word}'" for word in words) + " $'a\\nb\\x1b[2K'" in text
    assert text.index("Scope: echo") < text.index("Risk: ") < text.index("[1] Allow once")
    nvim.keys("G")
    nvim.until(READ)
    nvim.command("Maestro answer allowOnce")
    answered(nvim)
    assert not nvim.lua("return vim.fn.bufname()").startswith("maestro://question/")


def test_a_question_in_its_own_buffer_is_answered_on_its_line(nvim: Neovim, simulated: Simulated) -> None:
    asked_out_of_sight(nvim, simulated, edit())
    nvim.command("Maestro answer")
    press_enter_on(nvim, "[1] ")
    answered(nvim)
    assert "bread" in buffered(nvim)


def test_where_it_is_chosen_the_whole_question_is_the_prompt(nvim: Neovim, simulated: Simulated) -> None:
    asked_out_of_sight(nvim, simulated, edit())
    nvim.choose("Deny")
    nvim.command("Maestro answer")
    whole = nvim.text()
    nvim.command("Maestro enter")
    answered(nvim)
    prompt = nvim.lua("return _G.asked[1].prompt")
    assert "+bread" in prompt
    assert whole.startswith(prompt)


def test_a_question_withdrawn_takes_its_buffer_along(nvim: Neovim, simulated: Simulated) -> None:
    asked_out_of_sight(nvim, simulated, edit())
    nvim.command("Maestro answer")
    nvim.command("Maestro stop")
    answered(nvim)
    assert not nvim.lua("return vim.fn.bufname()").startswith("maestro://question/")


def test_the_command_line_window_is_in_nobodys_way(nvim: Neovim, simulated: Simulated) -> None:
    asked_out_of_sight(nvim, simulated, edit())
    nvim.command("Maestro answer")
    nvim.command("messages clear")
    nvim.keys("q:")
    nvim.until("return vim.fn.getcmdwintype() == ':'")
    nvim.command("Maestro answer")
    assert nvim.told() == ["maestro: close the command-line window first, by :q"]
    nvim.lua("local open = require('maestro.approvals') open.answer(open.open()[1], { optionId = 'deny' })")
    nvim.until(COMPLETED)
    nvim.keys(":q<CR>")
    nvim.until("return vim.fn.bufnr('maestro://question/') == -1")
    assert len(nvim.told()) == 1


def test_an_answer_there_is_not_is_told(nvim: Neovim, simulated: Simulated) -> None:
    asked_out_of_sight(nvim, simulated, edit())
    names = nvim.lua("return vim.fn.getcompletion('Maestro answer ', 'cmdline')")
    nvim.command("messages clear")
    nvim.command("Maestro answer xyz")
    assert nvim.told() == [f"maestro: there is no answer 'xyz'; there are {', '.join(names)}"]
    nvim.command("Maestro answer deny")
    answered(nvim)


def test_another_window_says_where_it_is_asked(nvim: Neovim, simulated: Simulated, launch: Open) -> None:
    nvim.command("Maestro chat")
    edits(nvim, simulated)
    other = launch(**simulated.base_urls(), place="other")
    other.command(f"edit {nvim.lua('return vim.fn.bufname()')}")
    other.until("return vim.fn.search('A question waits in the window that sent the message', 'nw') > 0")
    nvim.command("Maestro answer deny")
    nvim.until(COMPLETED)
    other.until("return vim.fn.search('A question waits', 'nw') == 0")


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


def runs_commands(nvim: Neovim) -> None:
    """Let tools run programs."""
    nvim.lua("vim.g.maestro = vim.tbl_extend('force', vim.g.maestro, { settings = { tools = { runCommand = true } } })")
    nvim.lua("_G.events = {}")
    nvim.command("Maestro restart")
    nvim.until("return vim.list_contains(_G.events, 'MaestroReady')")


def test_what_the_editor_cannot_change_is_said_without_a_trace(
    nvim: Neovim, simulated: Simulated, folder: Path
) -> None:
    nvim.command("edit notes.md | setlocal nomodifiable")
    nvim.command("Maestro chat")
    edits(nvim, simulated)
    press_enter_on(nvim, "[1] ")
    nvim.until(COMPLETED)
    text = nvim.text()
    assert "its buffer is not modifiable" in text
    assert ".lua" not in text
    assert "milk" in (folder / "notes.md").read_text()


def test_commands_are_shown_as_they_would_run(nvim: Neovim, simulated: Simulated) -> None:
    runs_commands(nvim)
    nvim.command("Maestro chat")
    queue = simulated.service.scripts.queue
    queue.extend([Script(tool_calls=(command("ls", "a b", "$(rm)"),)), Script(text="Fine.")])
    nvim.command("Maestro send Go")
    nvim.until(OPEN)
    assert "'ls' 'a b' '$(rm)'" in nvim.text()
    assert nvim.lua("return vim.fn.search([[^`/.*ls`$]], 'nw')") > 0
    assert "file://" not in nvim.text()
    nvim.command("Maestro stop")
    nvim.until(COMPLETED)


def other_chat(nvim: Neovim) -> str:
    """A new chat in the current window; its buffer's number."""
    nvim.command("Maestro chat!")
    return str(nvim.lua("return vim.api.nvim_get_current_buf()"))


def test_in_a_chat_its_own_question_is_meant(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(tool_calls=(edit(),)))
    simulated.service.scripts.always = Script(text="Fine.")
    first = other_chat(nvim)
    nvim.command("Maestro send Go")
    nvim.until(OPEN)
    second = other_chat(nvim)
    simulated.service.scripts.queue.append(Script(tool_calls=(edit("Buy", "Sell"),)))
    nvim.command("Maestro send Go")
    nvim.until("return #require('maestro.approvals').open() == 2")
    nvim.command(f"buffer {first}")
    nvim.command("Maestro answer")
    nvim.keys("G")
    nvim.until(READ)
    nvim.command("close")
    nvim.command(f"buffer {second}")
    nvim.command("Maestro answer allowOnce")
    assert nvim.lua("return #require('maestro.approvals').open()") == 2
    assert "+Sell" in nvim.text()
    nvim.command("close")
    nvim.command("enew")
    nvim.command("Maestro answer allowOnce")
    assert nvim.lua("return #require('maestro.approvals').open()") == 2
    assert "+bread" in nvim.text()
    nvim.command("Maestro answer allowOnce")
    nvim.until("return #require('maestro.approvals').open() == 1")
    nvim.until("return vim.fn.bufnr('notes.md') ~= -1")
    nvim.command("Maestro answer deny")
    answered(nvim)
    assert "bread" in buffered(nvim)
    assert "Sell" not in buffered(nvim)


READ = "return vim.iter(require('maestro.approvals').open()):any(function(one) return one.read end)"


def test_a_long_question_is_read_to_its_end_before_it_is_allowed(
    nvim: Neovim, simulated: Simulated, folder: Path
) -> None:
    nvim.command("set lines=24")
    asked_out_of_sight(nvim, simulated, edit("milk", "\n".join(f"line {number}" for number in range(200))))
    for _ in range(3):
        nvim.command("Maestro answer allowOnce")
    assert nvim.lua("return #require('maestro.approvals').open()") == 1
    assert nvim.lua(READ) is False
    nvim.keys("G")
    nvim.until(READ)
    nvim.command("Maestro answer allowOnce")
    answered(nvim)
    assert "line 199" in buffered(nvim)


def test_another_tab_page_says_that_a_question_waits(nvim: Neovim, simulated: Simulated) -> None:
    asked_out_of_sight(nvim, simulated, edit())
    nvim.command("tabnew")
    notices = "return vim.tbl_filter(function(one) return vim.api.nvim_win_get_config(one).relative ~= '' end, ...)"
    assert len(nvim.lua(notices, nvim.lua("return vim.api.nvim_tabpage_list_wins(0)"))) == 1
    assert len(nvim.lua(notices, nvim.lua("return vim.api.nvim_list_wins()"))) == 1
    nvim.command("Maestro answer deny")
    answered(nvim)
