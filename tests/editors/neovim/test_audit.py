"""Audits: from the command to a diagnostic, and from that to code that is mended."""

from pathlib import Path

from tests.editors.neovim.conftest import SUMS, Open
from tests.editors.neovim.editor import Neovim

FOUND = "return #vim.diagnostic.get(0) == ..."
FIX = """
local function is_fix(action)
  return action.kind == 'quickfix' and not action.command
end
vim.lsp.buf.code_action({ apply = true, filter = is_fix })
"""
ENDED = "return vim.list_contains(_G.events, 'MaestroAuditCompleted')"


def audited(launch: Open) -> Neovim:
    """The sums, audited without any provider."""
    nvim = launch()
    nvim.command("edit sums.py")
    nvim.command("Maestro audit")
    nvim.until(ENDED)
    return nvim


def test_findings_are_diagnostics_and_fixes_are_code_actions(launch: Open) -> None:
    nvim = audited(launch)
    nvim.until(FOUND, 1)
    [found] = nvim.lua("return vim.diagnostic.get(0)")
    assert (found["lnum"], found["source"]) == (2, "maestro")
    assert nvim.told()[-1] == "maestro: audit 1 finding"
    nvim.lua("vim.api.nvim_win_set_cursor(0, { 3, 0 })")
    nvim.lua(FIX)
    nvim.until("return not vim.list_contains(vim.api.nvim_buf_get_lines(0, 0, -1, false), 'import os')")
    nvim.until(FOUND, 0)


def test_progress_is_told_as_neovim_tells_it(launch: Open) -> None:
    nvim = launch()
    nvim.lua(WATCH_PROGRESS)
    nvim.command("edit sums.py")
    nvim.command("Maestro audit")
    nvim.until("return vim.list_contains(_G.progress, 'end')")
    assert nvim.lua("return _G.progress")[0] == "begin"


WATCH_PROGRESS = """
_G.progress = {}
vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(args)
    table.insert(_G.progress, args.data.params.value.kind)
  end,
})
"""


def test_findings_stay_on_their_words(launch: Open) -> None:
    nvim = audited(launch)
    nvim.until(FOUND, 1)
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# one', '# two' })")
    nvim.until("local found = vim.diagnostic.get(0)[1] return found and found.lnum == 4")


def test_clear_takes_them_back(launch: Open) -> None:
    nvim = audited(launch)
    nvim.until(FOUND, 1)
    nvim.command("Maestro audit clear")
    nvim.until(FOUND, 0)


def test_a_range_is_audited_alone(launch: Open, folder: Path) -> None:
    nvim = launch()
    nvim.command("edit sums.py")
    nvim.command("6,10Maestro audit")
    nvim.until(ENDED)
    assert nvim.lua("return #vim.diagnostic.get(0)") == 0


def test_the_workspace_is_audited(launch: Open, folder: Path) -> None:
    (folder / "other.py").write_text(SUMS.replace("import os", "import re"))
    nvim = launch()
    nvim.command("Maestro audit workspace")
    nvim.until(ENDED)
    assert "2 findings" in nvim.told()[-1]


def test_what_is_no_file_is_told_in_a_line(launch: Open) -> None:
    nvim = launch()
    nvim.command("Maestro audit")
    assert nvim.told() == ["maestro: this buffer is no file that can be audited"]


def test_a_workspace_that_is_not_trusted_sends_nothing(launch: Open, folder: Path) -> None:
    """What a folder brings along is trusted as Neovim trusts: here nobody is asked, so it is not."""
    (folder / ".maestro.toml").write_text("# ours\n")
    nvim = launch()
    nvim.lua("vim.fn.confirm = function() return 3 end")
    nvim.command("edit sums.py")
    nvim.until("return vim.list_contains(_G.events, 'MaestroReady')")
    assert nvim.lua("return require('maestro.hello').trusts(...)", str(folder)) is False
    tools = nvim.request("maestro/tool/list")["tools"]
    assert tools and not any(tool["enabled"] for tool in tools)


def test_what_was_dismissed_is_not_counted(launch: Open) -> None:
    nvim = audited(launch)
    nvim.until(FOUND, 1)
    [found] = nvim.request("maestro/finding/list")["findings"]
    nvim.request("maestro/finding/dismiss", {"findingId": found["id"]})
    nvim.until(FOUND, 0)
    nvim.lua("_G.events = {}")
    nvim.command("Maestro audit")
    nvim.until(ENDED)
    assert nvim.told()[-1] == "maestro: audit 0 findings"


def test_a_range_ends_with_its_last_line(launch: Open) -> None:
    nvim = launch()
    nvim.command("edit sums.py")
    nvim.command("1,2Maestro audit")
    nvim.until(ENDED)
    assert nvim.told()[-1] == "maestro: audit 0 findings"
    nvim.lua("_G.events = {}")
    nvim.command("3,3Maestro audit")
    nvim.until(ENDED)
    assert nvim.told()[-1] == "maestro: audit 1 finding"


def test_stop_stops_every_audit(launch: Open) -> None:
    nvim = launch()
    nvim.command("edit sums.py")
    nvim.until("return vim.list_contains(_G.events, 'MaestroReady')")
    nvim.lua(STOPPED_AT_ONCE)
    assert nvim.lua("return _G.cancelled") == 2


STOPPED_AT_ONCE = """
local client = vim.lsp.get_clients({ name = 'maestro' })[1]
local cancel = client.cancel_request
_G.cancelled = 0
client.cancel_request = function(...)
  _G.cancelled = _G.cancelled + 1
  return cancel(...)
end
vim.cmd('Maestro audit')
vim.cmd('Maestro audit workspace')
vim.cmd('Maestro stop')
"""
