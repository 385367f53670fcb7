"""A real Neovim with the plugin, driven over its own RPC; a person in it answers what tests tell it to."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.client import DEADLINE
from tests.editors.neovim.msgpack import Unpacker, pack
from tests.unit.shape.source import ROOT

PLUGIN = ROOT / "editors" / "neovim"
INIT = """
vim.opt.runtimepath:prepend({plugin})
vim.g.maestro = vim.tbl_extend('force', {{ cmd = vim.json.decode({command}) }}, vim.json.decode({options}))
_G.asked, _G.choices, _G.events = {{}}, {{}}, {{}}
_G.told = function()
  return vim.split(vim.fn.execute('messages'), '\\n', {{ trimempty = true }})
end
vim.api.nvim_create_autocmd('User', {{
  pattern = 'Maestro*',
  callback = function(args)
    table.insert(_G.events, args.match)
  end,
}})
vim.lsp.enable('maestro')
"""
PERSON = """
vim.o.columns = 400
vim.ui.select = function(items, opts, on_choice)
  local shown = vim.tbl_map(opts.format_item or tostring, items)
  table.insert(_G.asked, { prompt = opts.prompt, items = shown })
  local wanted = table.remove(_G.choices, 1)
  for index, item in ipairs(items) do
    if wanted and shown[index]:find(wanted, 1, true) then
      return on_choice(item, index)
    end
  end
  on_choice(nil)
end
vim.ui.input = function(opts, on_confirm)
  on_confirm(table.remove(_G.choices, 1))
end
vim.ui.open = function(address)
  _G.opened = address
end
"""


class LuaError(Exception):
    """What Neovim said of code that failed."""


class Neovim:
    """Started in `folder` with all its state under `home`.

    `prefix` is a terminal to start it in. `person` is Lua that answers what Neovim asks; without it keys must.
    `place` names its files, where there is more than one.
    """

    def __init__(
        self,
        program: str,
        home: Path,
        folder: Path,
        variables: Mapping[str, str],
        *,
        command: list[str] | None = None,
        options: Mapping[str, object] | None = None,
        prefix: tuple[str, ...] = (),
        person: str = PERSON,
        place: str = "nvim",
    ) -> None:
        address = home / f"{place}.sock"
        init = home / f"{place}.lua"
        command = command or [sys.executable, "-m", "maestro", "lsp"]
        quoted = {"plugin": str(PLUGIN), "command": json.dumps(command), "options": json.dumps(dict(options or {}))}
        init.write_text(INIT.format(**{name: f"[==[{value}]==]" for name, value in quoted.items()}) + person)
        where = {"NVIM_LOG_FILE": str(home / "nvim.log"), "XDG_STATE_HOME": str(home / "state"), "NVIM_APPNAME": "nvim"}
        arguments = [
            program,
            "--clean",
            "-u",
            str(init),
            "--listen",
            str(address),
            *(() if prefix else ("--headless",)),
        ]
        with suppress(FileNotFoundError):
            address.unlink()
        self.process = subprocess.Popen(
            [*prefix, *arguments],
            cwd=folder,
            env={**variables, **where},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = _connect(address)
        self._received = b""
        self._count = 0
        self.until("return _G.events ~= nil and vim.v.vim_did_enter == 1")

    def lua(self, code: str, *arguments: object) -> Any:
        """What the code returns, by way of JSON. `...` are the arguments."""
        whole = f"local given = vim.json.decode(...) local got = (function(...) {code} end)(unpack(given)) "
        whole += "return vim.json.encode(got == nil and vim.NIL or got)"
        answer = self.call("nvim_exec_lua", whole, [json.dumps(arguments)])
        return json.loads(answer)

    def until(self, code: str, *arguments: object) -> Any:
        """The first value of the code that is true."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if found := self.lua(code, *arguments):
                return found
            time.sleep(0.01)
        raise TimeoutError(f"never true: {code}; messages {self.command('messages')}")

    def command(self, command: str) -> str:
        return str(self.lua("return vim.api.nvim_exec2(..., { output = true }).output", command))

    def keys(self, keys: str) -> None:
        """As if typed; returns at once."""
        self.call("nvim_input", keys)

    def lines(self, buffer: int = 0) -> list[str]:
        found: list[str] = self.lua("return vim.api.nvim_buf_get_lines(..., 0, -1, false)", buffer)
        return found

    def text(self) -> str:
        """The current buffer."""
        return "\n".join(self.lines())

    def told(self) -> list[str]:
        """The lines of `:messages`, Neovim's own among them."""
        found: list[str] = self.lua("return _G.told()")
        return found

    def choose(self, *words: str) -> None:
        """What is chosen or typed at the next questions: the first item that has the words."""
        self.lua("vim.list_extend(_G.choices, ...)", list(words))

    def request(self, method: str, params: object = None) -> Any:
        """A request of the protocol, and its result."""
        code = """local method, params = ...
        require('maestro').request(method, params ~= vim.NIL and params or nil, function(failure, result)
          _G.answer = { failure = failure, result = result }
        end)"""
        self.lua("_G.answer = nil")
        self.lua(code, method, params)
        answer = self.until("return _G.answer")
        if "failure" in answer:
            raise LuaError(str(answer["failure"]))
        return answer["result"]

    def call(self, method: str, *arguments: object) -> Any:
        self._count += 1
        self._socket.sendall(pack([0, self._count, method, list(arguments)]))
        while True:
            kind, count, error, result = (*self._message(), None)[:4]
            if kind == 1 and count == self._count:
                if error is not None:
                    raise LuaError(error[1])
                return result

    def close(self) -> None:
        with suppress(OSError, EOFError, LuaError):
            self.call("nvim_command", "qall!")
        self._socket.close()
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()

    def _message(self) -> list[Any]:
        while True:
            reader = Unpacker(self._received)
            try:
                message: list[Any] = reader.value()
            except (EOFError, IndexError):
                data = self._socket.recv(1 << 16)
                if not data:
                    raise EOFError("Neovim has ended") from None
                self._received += data
            else:
                self._received = self._received[reader.at :]
                return message


def _connect(address: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(DEADLINE)
    end = time.monotonic() + DEADLINE
    while True:
        try:
            connection.connect(str(address))
            return connection
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
