"""What a session of Neovim (`:mksession`) brings back."""

from pathlib import Path

from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import ask

SHOWN = """
return vim.tbl_map(function(window)
  local buf = vim.api.nvim_win_get_buf(window)
  local first = vim.api.nvim_buf_get_lines(buf, 0, 1, false)[1]
  return { vim.api.nvim_buf_get_name(buf), vim.bo[buf].buftype, vim.bo[buf].swapfile, (first:gsub(' of %d+$', '')) }
end, vim.api.nvim_list_wins())
"""


def test_its_windows_show_what_they_showed(nvim: Neovim, simulated: Simulated, launch: Open, home: Path) -> None:
    nvim.command("edit notes.md")
    nvim.command("Maestro chat")
    ask(nvim, "One")
    nvim.command("Maestro context")
    nvim.command("Maestro intents")
    nvim.until("return vim.api.nvim_buf_line_count(0) > 1")
    nvim.command(f"mksession! {home}/session.vim")
    before = nvim.lua(SHOWN)
    other = launch(**simulated.base_urls(), place="other")
    other.command(f"source {home}/session.vim")
    other.until(f"local shown = (function() {SHOWN} end)() return vim.deep_equal(shown, ...)", before)
    assert [buftype for _, buftype, *_ in before] == ["", "nofile", "nofile", "nofile"]
