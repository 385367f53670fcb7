"""Signing in, and which session is meant."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.oauth_journey import World, world
from tests.editors.neovim.conftest import Open
from tests.editors.neovim.editor import Neovim


@pytest.fixture
def openai(home: Path) -> Iterator[World]:
    with world("openai", home) as openai:
        yield openai


@pytest.fixture
def signed_out(launch: Open, openai: World) -> Neovim:
    return launch(**{name: value for name, value in openai.variables.items() if name.isupper()})


def sessions(nvim: Neovim) -> list[str]:
    return [session["name"] for session in nvim.request("maestro/session/list")["sessions"]]


def test_a_login_by_what_is_pasted(signed_out: Neovim, openai: World) -> None:
    nvim = signed_out
    nvim.choose("oauth")
    nvim.command("Maestro login openai work")
    address = nvim.until("return _G.opened")
    assert address in nvim.text()
    ended = openai.visit(address)
    nvim.keys(f"A{ended}<CR>")
    nvim.until("return vim.list_contains(_G.events, 'MaestroLoginCompleted')")
    nvim.request("maestro/status")
    assert nvim.told().count("maestro: signed in to openai as 'work'") == 1
    assert "code=" not in nvim.text()
    assert sessions(nvim) == ["work"]


def test_a_login_by_the_browsers_return(signed_out: Neovim, openai: World) -> None:
    nvim = signed_out
    nvim.choose("oauth")
    nvim.command("Maestro login openai work")
    address = nvim.until("return _G.opened")
    nvim.until("return vim.bo.buftype == 'prompt'")
    httpx.get(openai.visit(address))
    nvim.until("return vim.list_contains(_G.events, 'MaestroLoginCompleted')")
    nvim.until("return vim.bo.buftype == ''")
    assert "maestro: signed in to openai as 'work'" in nvim.told()


def test_a_login_on_another_device(signed_out: Neovim, openai: World) -> None:
    nvim = signed_out
    nvim.choose("device")
    nvim.command("Maestro login openai work")
    code = nvim.until("return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), ' '):match('and enter (%S+)')")
    openai.service.approve_device(code)
    nvim.until("return vim.list_contains(_G.events, 'MaestroLoginCompleted')")
    assert sessions(nvim) == ["work"]


def test_a_login_that_is_closed_is_given_up(signed_out: Neovim) -> None:
    nvim = signed_out
    nvim.choose("oauth")
    nvim.command("Maestro login openai work")
    nvim.until("return _G.opened")
    nvim.command("bwipeout!")
    nvim.until("return vim.list_contains(_G.events, 'MaestroLoginCompleted')")
    assert sessions(nvim) == []


def test_a_key_is_asked_for_and_shown_nowhere(signed_out: Neovim) -> None:
    nvim = signed_out
    nvim.lua(
        "vim.fn.inputsecret = function(prompt) _G.secret = prompt return 'sk-proj-CANARY-0a1b2c3d4e5f60718293' end"
    )
    nvim.choose("api_key", "keyed")
    nvim.command("Maestro login openai")
    nvim.until("return #_G.told() > 1")
    assert "API key" in nvim.lua("return _G.secret")
    assert "maestro: signed in to openai as 'keyed'" in nvim.told()
    assert "CANARY" not in nvim.command("messages") + nvim.text()


def test_sessions_are_chosen_bound_and_renamed(nvim: Neovim) -> None:
    key = {"provider": "openai", "authType": "api_key", "name": "other", "apiKey": "sk-simulated-key-0002"}
    nvim.request("maestro/session/create", key)
    nvim.choose("other")
    nvim.command("Maestro session")
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == ["maestro: session 'other' is the default of openai"]
    nvim.command("Maestro session bind mine")
    nvim.until("return #_G.told() > 1")
    assert nvim.told()[1].startswith("maestro: session 'mine' is used in ")
    nvim.choose("theirs")
    nvim.command("Maestro session rename other")
    nvim.until("return #_G.told() > 2")
    assert sorted(sessions(nvim)) == ["mine", "theirs"]
    assert "theirs" in nvim.lua("return vim.fn.getcompletion('Maestro session use ', 'cmdline')")
    nvim.choose("Delete")
    nvim.command("Maestro session delete theirs")
    nvim.until("return #_G.told() > 3")
    assert sessions(nvim) == ["mine"]


def test_a_key_is_in_no_log_of_the_editor(signed_out: Neovim) -> None:
    nvim = signed_out
    nvim.lua("vim.lsp.set_log_level('trace') vim.fn.inputsecret = function() return 'sk-proj-CANARY-0a1b2c3d' end")
    nvim.choose("api_key", "keyed")
    nvim.command("Maestro login openai")
    nvim.until("return vim.iter(_G.told()):any(function(line) return line:find('keyed') end)")
    log = Path(nvim.lua("return vim.lsp.get_log_path()")).read_text()
    assert "maestro/provider/list" in log
    assert "CANARY" not in log
    assert nvim.lua("return vim.lsp.log.get_level() == vim.log.levels.TRACE")


def test_a_session_nobody_has_is_told(nvim: Neovim) -> None:
    nvim.command("Maestro session use nobody")
    nvim.until("return #_G.told() > 0")
    assert nvim.told() == ["maestro: there is no session 'nobody'"]
