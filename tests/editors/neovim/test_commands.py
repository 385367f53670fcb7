"""`:Maestro`, what it completes, and what the editor says of itself."""

import re

import pytest

from tests.e2e.conversations import call, intent
from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import ask
from tests.simulators.replies import Script


def complete(nvim: Neovim, line: str) -> list[str]:
    found: list[str] = nvim.lua("return vim.fn.getcompletion(..., 'cmdline')", line)
    return found


def test_subcommands_and_their_words_are_completed(launch: Open) -> None:
    nvim = launch()
    assert {"chat", "send", "stop", "audit", "session", "model", "context", "intents", "doctor", "log"} <= set(
        complete(nvim, "Maestro ")
    )
    assert complete(nvim, "Maestro se") == ["send", "session"]
    assert complete(nvim, "Maestro audit w") == ["workspace"]
    assert complete(nvim, "Maestro session re") == ["rename"]
    assert complete(nvim, "Maestro stop ") == []
    assert complete(nvim, "Maestro! intents ") == []


def test_names_are_completed_before_they_were_used(nvim: Neovim) -> None:
    nvim.until("return vim.list_contains(vim.fn.getcompletion('Maestro login open', 'cmdline'), 'openai')")
    nvim.until("return vim.list_contains(vim.fn.getcompletion('Maestro session use ', 'cmdline'), 'mine')")
    nvim.until("return vim.list_contains(vim.fn.getcompletion('Maestro model openai/', 'cmdline'), 'openai/gpt-5.5')")
    assert complete(nvim, "Maestro login openai ") == []
    assert complete(nvim, "Maestro session use mine ") == []


def test_a_server_that_hangs_holds_completion_up_once(nvim: Neovim) -> None:
    nvim.lua("_G.server = vim.api.nvim_get_proc_children(vim.fn.getpid())[1] vim.uv.kill(_G.server, 'sigstop')")
    nvim.lua(COUNT_WAITS)
    assert complete(nvim, "Maestro login ") == []
    assert complete(nvim, "Maestro login ") == []
    assert nvim.lua("return _G.waits") == 1
    nvim.lua("vim.uv.kill(_G.server, 'sigcont')")
    nvim.until("return vim.list_contains(vim.fn.getcompletion('Maestro login ', 'cmdline'), 'openai')")


COUNT_WAITS = """
local wait = vim.wait
_G.waits = 0
vim.wait = function(...)
  _G.waits = _G.waits + 1
  return wait(...)
end
"""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("stop now", "':Maestro stop' takes no words"),
        ("audit file notes.md", "':Maestro audit' takes one word at most"),
        ("context please", "':Maestro context' takes no words"),
    ],
)
def test_words_that_would_be_ignored_are_told(launch: Open, given: str, told: str) -> None:
    nvim = launch()
    nvim.command(f"Maestro {given}")
    assert nvim.told() == [f"maestro: {told}"]


def test_an_unknown_subcommand_is_told_in_a_line(launch: Open) -> None:
    nvim = launch()
    nvim.command("Maestro dance")
    [told] = nvim.told()
    assert told.startswith("maestro: there is no ':Maestro dance'; there are ")


def test_no_key_is_taken(launch: Open) -> None:
    nvim = launch()
    maps = nvim.lua("return vim.tbl_map(function(map) return map.lhs end, vim.api.nvim_get_keymap('n'))")
    ours = [lhs for lhs in maps if "maestro" in lhs]
    assert "<Plug>(maestro-chat)" in ours
    assert all(lhs.startswith("<Plug>") for lhs in ours)


def test_intents_are_listed(nvim: Neovim, simulated: Simulated) -> None:
    reads = Script(tool_calls=(call("read_file", intent(), path="notes.md"),))
    simulated.service.scripts.queue.extend([reads, Script(text="Milk.")])
    nvim.command("Maestro chat")
    ask(nvim, "What")
    nvim.command("Maestro intents")
    nvim.until("return vim.api.nvim_buf_line_count(0) == 3")
    assert nvim.lines()[0] == "1 intent · the ledger is whole"
    assert "read_file" in nvim.lines()[2]
    assert "maintenance notes.md" in nvim.lines()[2]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d  ", nvim.lines()[2])


def test_health_shakes_hands_and_asks_the_doctor(nvim: Neovim) -> None:
    nvim.command("checkhealth maestro")
    text = nvim.text()
    assert "protocol 1, utf-8" in text
    assert "maestro: doctor" in text
    assert "ERROR" not in text


def test_health_without_a_server_says_so(launch: Open) -> None:
    nvim = launch(command=["no-such-program"])
    nvim.command("checkhealth maestro")
    assert "'no-such-program' cannot be run" in nvim.text()


def test_health_tells_what_a_server_wrote_before_it_died(launch: Open) -> None:
    nvim = launch(command=["sh", "-c", "echo out of luck >&2; exit 3"])
    nvim.command("edit notes.md")
    nvim.until("return #_G.told() > 0")
    assert nvim.lua("return require('maestro.process').stderr_tail(5)") == ["out of luck"]


def test_the_doctor_and_the_log_are_shown(nvim: Neovim) -> None:
    nvim.command("Maestro doctor")
    nvim.until("return #vim.api.nvim_list_wins() == 2")
    nvim.command("only")
    nvim.command("Maestro log")
    assert nvim.lua("return vim.fn.bufname()").endswith("maestro.log")
