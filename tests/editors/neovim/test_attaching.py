"""What goes with a message: files and selections, refused at once where they cannot."""

from pathlib import Path

import pytest

from tests.e2e.simulated import Simulated
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.test_chat import ask

ATTACHED = "return vim.tbl_map(function(part) return part.uri end, require('maestro.chat').latest().attached)"


@pytest.mark.parametrize("written", ["my file.md", r"my\ file.md", "sub/deep er/my file.md"])
def test_names_have_spaces(nvim: Neovim, simulated: Simulated, folder: Path, written: str) -> None:
    path = folder / written.replace("\\", "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Buy tea.")
    nvim.command(f"Maestro attach {written}")
    ask(nvim, "Read")
    assert "Buy tea." in str(simulated.server.requests[-1].json)


def test_names_are_completed_in_folders(nvim: Neovim, folder: Path) -> None:
    (folder / "sub" / "my own").mkdir(parents=True)
    (folder / "sub" / "my own" / "list.md").write_text("")
    complete = "return vim.fn.getcompletion(..., 'cmdline')"
    assert nvim.lua(complete, "Maestro attach sub") == ["sub/"]
    assert nvim.lua(complete, "Maestro attach sub/") == [r"sub/my\ own/"]
    assert nvim.lua(complete, r"Maestro attach sub/my\ own/l") == [r"sub/my\ own/list.md"]


def test_what_cannot_go_along_is_said_at_once(nvim: Neovim, home: Path, folder: Path) -> None:
    (home / "secret.md").write_text("Mine.")
    for given, told in {
        "nowhere.md": "there is no file 'nowhere.md'",
        "../work": "'~/work' is no file",
        "../secret.md": f"'~/secret.md' is outside the workspace {folder}; open it first to attach it",
        "": "this buffer is no file that can be attached",
    }.items():
        nvim.command("messages clear")
        nvim.command(f"Maestro attach {given}")
        assert nvim.told() == [f"maestro: {told}"]
    assert nvim.lua("return require('maestro.chat').latest() == nil")


def test_an_open_file_goes_along_from_anywhere(nvim: Neovim, home: Path) -> None:
    (home / "other.md").write_text("Mine.")
    nvim.command("edit ../other.md")
    nvim.command("Maestro attach")
    assert nvim.lua(ATTACHED) == [(home / "other.md").as_uri()]


def test_what_goes_along_already_goes_once(nvim: Neovim) -> None:
    for _ in range(2):
        nvim.command("Maestro attach notes.md")
    assert len(nvim.lua(ATTACHED)) == 1
