"""The plugin and the server meet: attached, without a server, with one that dies, with one of another version."""

from pathlib import Path

from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim

ATTACHED = "return #vim.lsp.get_clients({ name = 'maestro', bufnr = 0 }) == 1"
READY = "return vim.list_contains(_G.events, 'MaestroReady')"


def test_loading_loads_nothing_of_ours(launch: Open) -> None:
    nvim = launch()
    names = nvim.lua("return vim.tbl_keys(package.loaded)")
    assert [name for name in names if name.startswith("maestro")] == []


def test_a_file_is_attached_with_the_hello(nvim: Neovim) -> None:
    nvim.command("edit notes.md")
    nvim.until(ATTACHED)
    nvim.until(READY)
    hello = nvim.lua("return vim.lsp.get_clients({ name = 'maestro' })[1].server_capabilities.experimental.maestro")
    assert hello["protocolVersion"] == 1
    assert nvim.lua("return vim.lsp.get_clients({ name = 'maestro' })[1].offset_encoding") == "utf-8"
    assert nvim.told() == []


def test_without_a_server_there_is_one_line(launch: Open) -> None:
    nvim = launch(command=["no-such-program", "lsp"])
    nvim.command("edit notes.md")
    nvim.command("edit sums.py")
    nvim.command("Maestro chat")
    nvim.command("Maestro send Hello")
    assert nvim.told() == ["maestro: 'no-such-program' is not installed or not on the PATH; see :help maestro-install"]
    assert nvim.lines()[-1] == "Hello"


def test_a_server_that_dies_is_told_in_one_line(nvim: Neovim) -> None:
    nvim.command("edit notes.md")
    nvim.until(READY)
    nvim.lua("for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do vim.uv.kill(pid, 'sigkill') end")
    nvim.until("return vim.list_contains(_G.events, 'MaestroExited')")
    line = "maestro: the server ended with signal 9; :Maestro restart starts it again, :Maestro log says why"
    assert nvim.told() == [line]
    assert nvim.lua("return require('maestro').status()")["state"] == "inactive"


def test_that_nothing_was_told_is_told(launch: Open) -> None:
    nvim = launch()
    nvim.command("Maestro messages")
    nvim.until("return #_G.told > 0")
    assert nvim.told() == ["maestro: nothing was told yet"]


def test_a_server_that_fails_is_told_in_one_line(launch: Open, folder: Path) -> None:
    nvim = launch(command=["sh", "-c", "exit 3"])
    nvim.command("edit notes.md")
    nvim.until("return #_G.told > 0")
    line = "maestro: the server ended with exit code 3; :Maestro restart starts it again, :Maestro log says why"
    assert nvim.told() == [line]


def test_it_comes_back(nvim: Neovim) -> None:
    nvim.command("edit notes.md")
    nvim.until(READY)
    first = nvim.lua("return vim.lsp.get_clients({ name = 'maestro' })[1].id")
    nvim.lua("_G.events = {}")
    nvim.command("Maestro restart")
    nvim.until(READY)
    nvim.until(ATTACHED)
    assert nvim.lua("return vim.lsp.get_clients({ name = 'maestro' })[1].id") != first
    assert nvim.told() == []


def test_options_that_do_not_fit_are_told(launch: Open) -> None:
    nvim = launch(options={"colour": "blue"})
    nvim.command("edit notes.md")
    nvim.until("return #_G.told > 0")
    assert nvim.told()[0] == "maestro: vim.g.maestro has no option 'colour'; see :help maestro-options"


def test_a_server_of_another_version_is_told_and_still_audits(launch: Open) -> None:
    nvim = launch()
    nvim.lua(OTHER_VERSION)
    nvim.command("edit sums.py")
    nvim.until(READY)
    nvim.until("return #_G.told > 0")
    assert "version" in nvim.told()[0]
    nvim.lua("_G.told = {}")
    nvim.command("Maestro doctor")
    nvim.until("return #_G.told > 0")
    assert "\n" not in nvim.told()[0]
    uri = nvim.lua("return vim.uri_from_bufnr(0)")
    command = {"title": "", "command": "maestro.audit.file", "arguments": [uri]}
    nvim.lua("vim.lsp.get_clients({ name = 'maestro' })[1]:exec_cmd(...)", command)
    nvim.until("return #vim.diagnostic.get(0) == 1")


OTHER_VERSION = """
local hello = require('maestro.hello')
local say = hello.say
hello.say = function(params, config)
  say(params, config)
  params.capabilities.experimental.maestro.protocolVersions = { 99 }
end
"""


def test_a_workspace_is_trusted_as_neovim_trusts(launch: Open, folder: Path) -> None:
    (folder / ".maestro.toml").write_text("# ours\n")
    nvim = launch()
    nvim.lua("vim.fn.confirm = function(text) _G.question = text return 4 end")
    nvim.command("edit sums.py")
    nvim.until(READY)
    assert ".maestro.toml is not trusted" in nvim.lua("return _G.question")
    tools = nvim.request("maestro/tool/list")["tools"]
    assert any(tool["enabled"] for tool in tools)
