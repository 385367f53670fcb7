"""The plugin and the server meet: attached, without a server, with one that dies, with one of another version."""

import os
import select
import sys
from pathlib import Path

import pytest

from tests.e2e.client import DEADLINE
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
    line = "maestro: 'no-such-program' is not installed or not on the PATH; see :help maestro-install"
    assert nvim.told() == [line]
    for command in ("send Hello", "model", "audit workspace"):
        nvim.command("messages clear")
        nvim.command(f"Maestro {command}")
        assert nvim.told() == [line]
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
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == ["maestro: nothing was told yet"]


def test_a_server_that_fails_is_told_in_one_line(launch: Open, folder: Path) -> None:
    nvim = launch(command=["sh", "-c", "exit 3"])
    nvim.command("edit notes.md")
    nvim.until("return #_G.told() > 0")
    line = "maestro: the server ended with exit code 3; :Maestro restart starts it again, :Maestro log says why"
    assert nvim.told() == [line]


REFUSES = """
import json, sys
length = int(sys.stdin.buffer.readline().split()[1])
sys.stdin.buffer.readline()
request = json.loads(sys.stdin.buffer.read(length))
answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], %s}).encode()
sys.stdout.buffer.write(b"Content-Length: %%d\\r\\n\\r\\n%%s" %% (len(answer), answer))
sys.stdout.buffer.flush()
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("answer", "why"),
    [('"error": {"code": 1, "message": "not today"}', "not today"), ('"result": None', "it said nothing of itself")],
)
def test_a_server_that_refuses_is_told_in_one_line(launch: Open, answer: str, why: str) -> None:
    nvim = launch(command=[sys.executable, "-c", REFUSES % answer])
    nvim.command("edit notes.md")
    nvim.until("return vim.list_contains(_G.events, 'MaestroExited')")
    assert nvim.told() == [f"maestro: the server cannot be used: {why}"]


def test_a_server_that_says_nothing_is_told_in_one_line(launch: Open) -> None:
    nvim = launch(command=["sh", "-c", "echo what is this; sleep 60"])
    nvim.lua("require('maestro.process').patience_ms = 10")
    nvim.command("edit notes.md")
    nvim.until("return #_G.told() > 0")
    line = "maestro: the server has not answered yet; :Maestro log may say why, :Maestro restart starts it again"
    assert nvim.told() == [line]


def test_a_server_that_does_not_end_is_killed(nvim: Neovim) -> None:
    nvim.command("edit notes.md")
    nvim.until(READY)
    nvim.lua("require('maestro.server').patience_ms = 10")
    nvim.lua("_G.server = vim.api.nvim_get_proc_children(vim.fn.getpid())[1] vim.uv.kill(_G.server, 'sigstop')")
    nvim.lua("_G.events = {}")
    nvim.command("Maestro restart")
    nvim.until(READY)
    assert nvim.told() == ["maestro: the server did not end, so it was killed"]
    assert nvim.lua("return vim.uv.kill(_G.server, 0)") is None
    nvim.until(ATTACHED)


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


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"colour": "blue"}, "vim.g.maestro has no option 'colour'; see :help maestro-options"),
        ({"cmd": [1]}, 'vim.g.maestro.cmd must be a list of strings, as { "maestro", "lsp" }'),
        ({"root_markers": [1]}, 'vim.g.maestro.root_markers must be a list of strings, as { ".maestro.toml", ".git" }'),
        (
            {"settings": [1, 2]},
            "vim.g.maestro.settings must have names, as { audit = { onSave = true } }",
        ),
        ({"open": 3}, "vim.g.maestro.open must be a string, not a number"),
    ],
)
def test_options_that_do_not_fit_are_told(launch: Open, options: dict[str, object], told: str) -> None:
    nvim = launch(options=options)
    nvim.command("edit notes.md")
    nvim.until("return #_G.told() > 0")
    assert nvim.told()[0] == f"maestro: {told}"


def test_a_server_of_another_version_is_told_and_still_audits(launch: Open) -> None:
    nvim = launch()
    nvim.lua(OTHER_VERSION)
    nvim.command("edit sums.py")
    nvim.until(READY)
    nvim.until("return #_G.told() > 0")
    assert "version" in nvim.told()[0]
    nvim.command("messages clear")
    nvim.command("Maestro doctor")
    nvim.until("return #_G.told() > 0")
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


def test_a_server_that_is_starting_is_started_again_at_once(launch: Open) -> None:
    nvim = launch(command=["sleep", "60"])
    nvim.command("edit notes.md")
    nvim.lua("_G.server = vim.api.nvim_get_proc_children(vim.fn.getpid())[1]")
    nvim.lua("require('maestro.server').patience_ms = math.huge")
    nvim.command("Maestro restart")
    nvim.until("return vim.uv.kill(_G.server, 0) == nil")
    nvim.until("return #vim.lsp.get_clients({ name = 'maestro', _uninitialized = true }) == 1")
    nvim.until("return #vim.api.nvim_get_proc_children(vim.fn.getpid()) == 1")
    assert nvim.told() == []


def test_a_server_that_was_to_end_has_not_died(nvim: Neovim) -> None:
    nvim.command("edit notes.md")
    nvim.until(READY)
    nvim.lua("vim.lsp.get_clients({ name = 'maestro' })[1]:stop(true)")
    nvim.until("return vim.list_contains(_G.events, 'MaestroExited')")
    assert nvim.told() == []


def test_a_message_that_cannot_be_shown_their_way_is_shown(launch: Open) -> None:
    nvim = launch()
    nvim.lua("vim.notify = function() error('no') end")
    nvim.command("Maestro messages")
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == ["maestro: nothing was told yet"]


def test_a_server_that_is_stopped_goes_with_the_editor(nvim: Neovim) -> None:
    server = nvim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]")
    ended = os.pidfd_open(server)
    nvim.lua("vim.uv.kill(..., 'sigstop')", server)
    nvim.close()
    assert select.select([ended], [], [], DEADLINE)[0]
    os.close(ended)
