"""How long a cursor movement takes while an answer streams into a long chat: `make bench-neovim`.

From a key handed to Neovim in a real terminal to its `CursorMoved`, at 200 deltas a second into 20,000 lines.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.environment import environment
from tests.e2e.simulated import Simulated
from tests.editors.neovim.conftest import KEY, MODELS
from tests.editors.neovim.editor import Neovim
from tests.editors.neovim.terminal import Terminal
from tests.simulators.openai import OpenAI
from tests.simulators.personas import paced
from tests.simulators.replies import Script

LINES = 20_000
RATE = 200
MOVES = 400
EVERY_S = 0.025
AIM_MS = 16.0
WATCH = """
_G.moved, _G.deltas = {}, 0
vim.api.nvim_create_autocmd('CursorMoved', { callback = function() table.insert(_G.moved, vim.uv.hrtime()) end })
local stream = require('maestro.stream')
local take = stream.take
stream.take = function(params)
  _G.deltas = _G.deltas + 1
  return take(params)
end
"""
UNMERGED = """
local hello = require('maestro.hello')
local say = hello.say
hello.say = function(params, config)
  say(params, config)
  params.capabilities.experimental.maestro.features.stream.maxLatencyMs = 0
end
"""
COMPLETED = "return vim.list_contains(_G.events, 'MaestroChatCompleted')"


def moves(nvim: Neovim) -> list[float]:
    """Milliseconds of each movement, up and down in turns."""
    taken: list[float] = []
    for number in range(MOVES):
        before = nvim.lua("return #_G.moved")
        sent = time.monotonic_ns()
        nvim.keys("j" if number % 2 else "k")
        while nvim.lua("return #_G.moved") == before:
            time.sleep(0.0005)
        taken.append((int(nvim.lua("return string.format('%d', _G.moved[#_G.moved])")) - sent) / 1e6)
        time.sleep(max(0.0, EVERY_S - (time.monotonic_ns() - sent) / 1e9))
    return taken


def told(name: str, taken: Sequence[float], deltas: int, seconds: float) -> float:
    """Prints a row; the 95th percentile."""
    ordered = sorted(taken)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(
        f"{name:28} p50 {statistics.median(ordered):5.2f} ms  p95 {p95:5.2f} ms  max {ordered[-1]:5.2f} ms  "
        f"{len(taken)} moves, {deltas / seconds:.0f} events a second"
    )
    return p95


def measure(nvim: Neovim, simulated: Simulated, name: str, place: str) -> float:
    simulated.service.play([paced(RATE)])
    words = tuple(f"word{number} " + ("\n" if number % 8 == 0 else "") for number in range(RATE * 60))
    simulated.service.scripts.queue.append(Script(deltas=words, endless=True))
    nvim.lua("_G.events = {}")
    nvim.command("Maestro send Go")
    nvim.until("return require('maestro.view').running(require('maestro.chat').current().view) ~= nil")
    nvim.command(place)
    nvim.lua("_G.deltas = 0")
    began = time.monotonic()
    taken = moves(nvim)
    p95 = told(name, taken, nvim.lua("return _G.deltas"), time.monotonic() - began)
    began = time.monotonic()
    nvim.command("Maestro stop")
    nvim.until(COMPLETED)
    print(f"{'':28} stopped after {(time.monotonic() - began) * 1000:.0f} ms")
    return p95


def main() -> int:
    home = Path(tempfile.mkdtemp(prefix="nv"))
    (home / "work").mkdir()
    with Simulated(OpenAI()) as simulated:
        variables = environment(home, **simulated.base_urls(), **MODELS)
        terminal = Terminal(os.environ["MAESTRO_NVIM"], home, home / "work", variables)
        nvim = terminal.nvim
        try:
            nvim.lua(UNMERGED + WATCH)
            nvim.request("maestro/session/create", KEY)
            simulated.service.scripts.queue.append(Script(deltas=("A line of *text* in `Markdown`.\n" * LINES,)))
            nvim.command("Maestro chat")
            nvim.command("only")
            nvim.command("Maestro send Long")
            nvim.until(COMPLETED)
            print(f"{nvim.lua('return vim.api.nvim_buf_line_count(0)')} lines")
            worst = max(
                measure(nvim, simulated, "in the middle of the chat", "10000"),
                measure(nvim, simulated, "where the answer grows", "normal! GkkH"),
            )
        finally:
            terminal.close()
    return int(worst > AIM_MS)


if __name__ == "__main__":
    sys.exit(main())
