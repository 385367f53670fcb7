"""What is drawn stays as it is drawn, and what is written stays the user's, whatever somebody does to the buffer."""

import pytest

from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import COMPLETED, write
from tests.simulators.personas import paced
from tests.simulators.replies import Script

WORDS = tuple(f"word{number} " + ("" if number % 7 else "\n\n") for number in range(60))
PROMPT = "return require('maestro.chat').current().drawing:prompt_text()"


def streaming(nvim: Neovim, simulated: Simulated) -> None:
    """A chat with a draft, in the midst of an answer."""
    simulated.service.play([paced(100)])
    simulated.service.scripts.queue.append(Script(deltas=WORDS))
    nvim.command("Maestro chat")
    nvim.command("Maestro send Go")
    nvim.until("return vim.fn.search('word5', 'nw') > 0")
    nvim.keys("Gimy draft<CR>of old<Esc>")
    nvim.until("return vim.fn.getline('$') == 'of old' and vim.fn.mode() == 'n'")


def is_whole(nvim: Neovim) -> None:
    nvim.until(COMPLETED)
    assert nvim.lua(PROMPT) == "my draft\nof old"
    text = nvim.text()
    assert text.startswith("# Go\n\n## You\n\nGo\n\n## ")
    assert "".join(WORDS).strip() in text
    assert nvim.lines()[-2:] == ["my draft", "of old"]
    assert nvim.told() == []


@pytest.mark.parametrize(
    "command",
    [
        "sort",
        "g/^/m0",
        "2,5m$",
        "%s/o/0/g",
        "normal! ggVGJ",
        "%!cat",
        "normal! ggdG",
        "normal! ggVGgU",
    ],
)
def test_what_is_done_to_an_answer_under_way_is_taken_back(nvim: Neovim, simulated: Simulated, command: str) -> None:
    streaming(nvim, simulated)
    nvim.command(f"silent {command}")
    is_whole(nvim)


def test_undoing_a_line_leaves_the_answer(nvim: Neovim, simulated: Simulated) -> None:
    streaming(nvim, simulated)
    nvim.keys("GkkkAmine<Esc>")
    nvim.until("return vim.fn.search('mine', 'nw') == 0")
    nvim.until("return vim.fn.search('word20', 'nw') > 0")
    nvim.keys("U")
    is_whole(nvim)


def test_an_answer_that_is_over_cannot_be_changed_either(nvim: Neovim, simulated: Simulated) -> None:
    streaming(nvim, simulated)
    nvim.until(COMPLETED)
    nvim.command("%s/o/0/g")
    nvim.until("return vim.fn.search('w0rd', 'nw') == 0")
    is_whole(nvim)
    nvim.keys("ggimine")
    nvim.until("return vim.fn.mode() == 'i' and vim.fn.search('mine', 'nw') == 0")
    assert nvim.lua("return vim.fn.line('.')") == 1
    is_whole(nvim)


def test_lines_written_below_can_be_moved_and_sorted(nvim: Neovim) -> None:
    nvim.command("Maestro chat")
    write(nvim, "two", "one", "three")
    nvim.command("3m4")
    assert nvim.lines()[2:] == ["one", "two", "three"]
    nvim.command("3,5sort")
    assert nvim.lines()[2:] == ["one", "three", "two"]
    nvim.command("$m3")
    assert nvim.lines() == ["# New chat", "", "one", "two", "three"]
    assert nvim.lua(PROMPT) == "one\ntwo\nthree"
    nvim.command("1delete")
    nvim.until("return vim.fn.getline(1) == '# New chat'")
    assert nvim.lines() == ["# New chat", "", "one", "two", "three"]


def test_a_chat_that_cannot_be_modified_is_drawn(nvim: Neovim, simulated: Simulated) -> None:
    simulated.service.scripts.queue.append(Script(text="Fine."))
    nvim.command("Maestro chat")
    write(nvim, "Go")
    nvim.command("set nomodifiable")
    nvim.command("Maestro send")
    nvim.until(COMPLETED)
    assert "Fine." in nvim.lines()
    assert nvim.lines()[-1] == ""
    assert nvim.lua("return vim.bo.modifiable") is False
    assert nvim.lua("return require('maestro').status().running") is False
    assert nvim.told() == []


def test_where_a_question_stood_nothing_is_answered(launch: Open) -> None:
    """A line that was brought under a block's key is not what the block says."""
    nvim = launch()
    nvim.lua("""_G.drawn = require('maestro.drawing').new(0, function() end)
      _G.drawn:sync({ { key = 'a', text = 'a' }, { key = 'b', text = 'b' } })""")
    nvim.command("1delete")
    assert nvim.lua("return _G.drawn:key_at(0)") == "a"
    assert nvim.lines() == ["a", "b", ""]
