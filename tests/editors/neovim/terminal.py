"""A Neovim in a real terminal."""

from collections.abc import Mapping
from pathlib import Path

from tests.editors.neovim.editor import Neovim
from tests.editors.tmux import Tmux


class Terminal(Tmux):
    """`nvim` is the editor in it, also driven over RPC."""

    def __init__(self, program: str, home: Path, folder: Path, variables: Mapping[str, str], **options: object) -> None:
        super().__init__(home)
        variables = {**variables, "TERM": "tmux-256color", "LANG": "C.UTF-8"}
        self.nvim = Neovim(program, home, folder, variables, prefix=self.prefix, person="", **options)
        self.nvim.command("set laststatus=0 noruler noshowcmd shortmess+=F")

    def close(self) -> None:
        self.nvim.close()
        super().close()
