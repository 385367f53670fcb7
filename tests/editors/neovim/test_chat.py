"""A chat in a buffer: sent, streamed, stopped, gone back to."""

import pytest

from tests.e2e.conversations import call, intent
from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim
from tests.simulators.personas import paced, stall
from tests.simulators.replies import Script

COMPLETED = "return vim.list_contains(_G.events, 'MaestroChatCompleted')"


def ask(nvim: Neovim, words: str) -> None:
    """Send a message and wait for the end of its turn."""
    nvim.lua("_G.events = {}")
    nvim.command(f"Maestro send {words}")
    nvim.until(COMPLETED)


def test_a_message_is_answered_in_the_buffer(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(text="Hello **there**.\n\n- one\n- two\n"))
    nvim.command("Maestro chat")
    nvim.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'Hi, who', 'are you?' })")
    nvim.command("Maestro send")
    nvim.until(COMPLETED)
    lines = nvim.lines()
    assert lines[0] == "# Hi, who"
    begin = lines.index("## You")
    assert lines[begin : begin + 7] == ["## You", "", "Hi, who", "are you?", "", "## openai/gpt-5.5", ""]
    assert lines[begin + 7 : begin + 11] == ["Hello **there**.", "", "- one", "- two"]
    assert "tokens" in lines[-3]
    assert lines[-1] == ""
    assert nvim.told() == []
    assert nvim.lua("return vim.fn.bufname()").startswith("maestro://chat/")


def test_buffers_of_ours_are_no_files(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("edit notes.md")
    nvim.command("Maestro chat")
    ask(nvim, "One")
    nvim.command("Maestro context")
    nvim.command("Maestro intents")
    attached = nvim.until("return vim.tbl_keys(vim.lsp.get_clients({ name = 'maestro' })[1].attached_buffers)")
    assert nvim.lua("return vim.tbl_map(vim.api.nvim_buf_get_name, ...)", attached)[0].endswith("notes.md")
    assert len(attached) == 1
    assert nvim.lua("return #vim.lsp.get_clients()") == 1


def test_two_windows_have_one_chat(nvim: Neovim, simulated: Simulated, launch: Open) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "One")
    name = nvim.lua("return vim.fn.bufname()")
    other = launch(**simulated.base_urls(), place="other")
    other.command(f"edit {name}")
    other.until("return vim.api.nvim_buf_line_count(0) == ...", len(nvim.lines()))
    assert other.lines() == nvim.lines()
    ask(nvim, "Two")
    other.until("return vim.api.nvim_buf_line_count(0) == ...", len(nvim.lines()))
    assert other.lines() == nvim.lines()


def test_what_is_written_during_an_answer_stays(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(text="Word. " * 200))
    nvim.command("Maestro chat")
    nvim.command("Maestro send Go")
    nvim.until("return vim.api.nvim_buf_line_count(0) > 5")
    nvim.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'my next words' })")
    nvim.until(COMPLETED)
    assert nvim.lines()[-1] == "my next words"
    assert nvim.lua("return require('maestro.chat').current().drawing:prompt_text()") == "my next words"


def test_stop_stops(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.play([stall()])
    nvim.command("Maestro chat")
    nvim.command("Maestro send Go")
    nvim.until("return require('maestro.view').running(require('maestro.chat').current().view) ~= nil")
    nvim.command("Maestro stop")
    nvim.until(COMPLETED)
    assert "*cancelled" in nvim.text()
    assert nvim.told() == []


def test_stopping_before_the_turn_began_leaves_the_chat_free(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    nvim.lua("vim.cmd('Maestro send Go') vim.cmd('Maestro stop')")
    ask(nvim, "Again")
    nvim.until("return vim.list_contains(vim.api.nvim_buf_get_lines(0, 0, -1, false), 'Again')")


def test_a_chat_is_shown_again_after_a_restart(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "One")
    before = nvim.lines()
    nvim.lua("_G.events = {}")
    nvim.command("Maestro restart")
    nvim.until("return vim.list_contains(_G.events, 'MaestroReady')")
    ask(nvim, "Two")
    assert nvim.lines()[: len(before) - 1] == before[:-1]
    name = nvim.lua("return vim.fn.bufname()")
    whole = nvim.lines()
    nvim.command("bwipeout!")
    nvim.command(f"edit {name}")
    nvim.until("return vim.api.nvim_buf_line_count(0) == ...", len(whole))
    assert nvim.lines() == whole


def test_a_chat_that_is_edited_again_goes_on(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.play([paced(100)])
    simulated.service.scripts.queue.append(Script(deltas=tuple(f"word{number} " for number in range(100))))
    nvim.command("Maestro chat")
    nvim.command("Maestro send Go")
    nvim.until("return vim.fn.search('word5', 'nw') > 0")
    nvim.command("edit")
    nvim.until(COMPLETED)
    assert "word0 word1 " in nvim.text()
    assert "word98 word99" in nvim.text()
    assert "cancelled" not in nvim.text()


@pytest.mark.parametrize("command", ["edit maestro://chat/chat_0000000000000000", "Maestro chat chat_0000000000000000"])
def test_a_chat_nobody_has_is_told_in_a_line_and_is_no_buffer(nvim: Neovim, command: str) -> None:
    nvim.command(command)
    nvim.until("return #_G.told() > 0")
    nvim.request("maestro/status")
    assert nvim.told() == [
        "maestro: there is no chat 'chat_0000000000000000'; :Maestro chats lists those there are",
    ]
    assert nvim.lua("return vim.fn.bufexists('maestro://chat/chat_0000000000000000')") == 0


def write(nvim: Neovim, *lines: str) -> None:
    """Write below the chat."""
    nvim.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, ...)", list(lines))


def test_what_was_written_outlives_drawing_it_all_again(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "One")
    write(nvim, "my draft", "of two lines")
    nvim.command("edit")
    nvim.until("return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == '# One'")
    assert nvim.lines()[-2:] == ["my draft", "of two lines"]


def test_a_chat_put_away_is_the_one_that_is_shown_again(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "One")
    write(nvim, "my draft")
    nvim.command("bdelete")
    nvim.command("Maestro chat")
    nvim.until("return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == '# One'")
    assert nvim.lines()[-1] == "my draft"
    assert nvim.lua("return vim.bo.buflisted")
    nvim.command("bwipeout")
    nvim.command("Maestro chat")
    assert nvim.lines() == ["# New chat", "", ""]


def test_a_chat_put_away_before_it_began_keeps_what_was_written(nvim: Neovim) -> None:
    nvim.command("Maestro chat")
    write(nvim, "my draft")
    nvim.command("bdelete")
    nvim.command("Maestro chat")
    assert nvim.lines() == ["# New chat", "", "my draft"]


@pytest.mark.parametrize("delete", ["%delete", "normal! ggdG"])
def test_an_answer_is_never_what_is_written(nvim: Neovim, simulated: Simulated, delete: str) -> None:
    simulated.service.play([paced(100)])
    simulated.service.scripts.queue.append(Script(deltas=tuple(f"word{number} " for number in range(60))))
    nvim.command("Maestro chat")
    nvim.command("Maestro send Go")
    nvim.until("return vim.fn.search('word5', 'nw') > 0")
    nvim.command(delete)
    nvim.until(COMPLETED)
    assert nvim.lua("return require('maestro.chat').current().drawing:prompt_text()") == ""
    assert nvim.lines()[:4] == ["# Go", "", "## You", ""]
    assert "word0 word1 " in nvim.text()


def test_an_answer_can_neither_steer_nor_reorder(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(text="Red \x1b[31m and \u202edrawkcab\u202c — \x9b2J"))
    nvim.command("Maestro chat")
    ask(nvim, "Go")
    assert "Red \\x1b[31m and \\u202edrawkcab\\u202c — \\x9b2J" in nvim.lines()


def test_a_window_that_cannot_be_opened_is_told(launch: Open) -> None:
    nvim = launch(options={"open": "Elsewhere"})
    nvim.command("Maestro chat")
    assert nvim.lines()[0] == "# New chat"
    [told] = nvim.told()
    assert told.startswith("maestro: 'Elsewhere' opens no window: E492: ")


def test_words_that_were_refused_can_be_sent_again(nvim: Neovim) -> None:
    nvim.command("Maestro chat")
    nvim.lua("require('maestro.chat').current().model = 'nobody/no-such-model'")
    nvim.command("Maestro send Hello")
    nvim.until("return #_G.told() > 0")
    assert "(:Maestro model)" in nvim.told()[0]
    assert nvim.lines()[-1] == "Hello"


def test_a_failure_of_the_provider_is_in_the_chat(nvim: Neovim) -> None:
    nvim.command("Maestro chat")
    nvim.lua("require('maestro.chat').current().model = 'openai/no-such-model'")
    ask(nvim, "Hello")
    assert "> **error** " in nvim.text()
    assert nvim.told() == []


def test_tools_and_thinking_have_their_places(nvim: Neovim, simulated: Simulated) -> None:
    reads = Script(reasoning="I should look.", tool_calls=(call("read_file", intent(), path="notes.md"),))
    simulated.service.scripts.queue.extend([reads, Script(text="Milk.")])
    nvim.command("Maestro chat")
    ask(nvim, "What")
    text = nvim.text()
    assert "> I should look." in text
    assert "### read_file · completed" in text
    assert text.index("Buy milk.") < text.index("\nMilk.")


def test_the_selection_goes_with_the_message(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("edit sums.py")
    nvim.command("6,7Maestro chat")
    ask(nvim, "Explain")
    assert "def total(values):" in simulated.service.prompts[-1].text + str(simulated.server.requests[-1].json)
    assert "sums.py" in nvim.text()


def test_models_and_chats_are_chosen(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    nvim.choose("openai/gpt-5")
    nvim.command("Maestro model")
    nvim.until("return require('maestro.chat').current().model")
    ask(nvim, "First words")
    nvim.command("Maestro! chat")
    assert "First words" not in nvim.text()
    nvim.choose("First words")
    nvim.command("Maestro chats")
    nvim.until("return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == '# First words'")


def test_status_is_a_table_that_asks_nothing(nvim: Neovim, simulated: Simulated) -> None:
    status = nvim.lua("return require('maestro').status()")
    assert (status["running"], status["waiting"], "chat" in status) == (False, 0, False)
    nvim.command("Maestro chat")
    ask(nvim, "One")
    status = nvim.lua("return require('maestro').status()")
    assert (status["chat"], status["model"], status["running"]) == ("One", "openai/gpt-5.5", False)
    assert status["usage"]["totalTokens"] > 0


def test_words_of_a_command_leave_what_is_written(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    write(nvim, "my draft")
    ask(nvim, r"Two  blanks and \ one")
    assert nvim.lines()[-1] == "my draft"
    assert r"Two  blanks and \ one" in nvim.lines()


def test_what_was_written_and_refused_stands_above_what_was_written_since(nvim: Neovim) -> None:
    nvim.command("Maestro chat")
    nvim.lua("require('maestro.chat').current().model = 'nobody/no-such-model'")
    write(nvim, "Hello")
    nvim.lua("vim.cmd('Maestro send') vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'since' })")
    nvim.until("return #_G.told() > 0")
    assert nvim.lines()[-3:] == ["Hello", "", "since"]


def test_a_bang_may_stand_behind_the_word(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "First words")
    nvim.command("Maestro chat!")
    assert nvim.lines() == ["# New chat", "", ""]


def test_a_chat_that_was_deleted_is_told(nvim: Neovim, simulated: Simulated) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "One")
    nvim.request("maestro/chat/delete", {"chatId": nvim.lua("return require('maestro.chat').current().id")})
    nvim.until("return #_G.told() > 0")
    nvim.command("Maestro send Two")
    nvim.until("return #_G.told() > 1")
    assert nvim.told() == [
        "maestro: the chat 'One' was deleted",
        "maestro: this chat was deleted; :Maestro! chat begins another",
    ]


def test_a_turn_of_another_window_runs(nvim: Neovim, simulated: Simulated, launch: Open) -> None:
    nvim.command("Maestro chat")
    ask(nvim, "One")
    other = launch(**simulated.base_urls(), place="other")
    other.command(f"edit {nvim.lua('return vim.fn.bufname()')}")
    other.until("return vim.api.nvim_buf_line_count(0) == ...", len(nvim.lines()))
    simulated.service.play([stall()])
    nvim.command("Maestro send Go")
    other.until("return require('maestro').status().running")
    nvim.command("Maestro stop")
    other.until("return not require('maestro').status().running")
