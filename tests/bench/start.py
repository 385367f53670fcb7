"""From the spawn to the answer of `initialize`, beside an empty server of the library we stand on."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.harness import Child, Row, environment, median_ratio, spread
from tests.bench.server import INITIALIZE, MAESTRO

PAIRS = 25
EMPTY = Path(__file__).with_name("peers") / "empty_pygls.py"


def run(home: Path) -> Iterator[Row]:
    ours: list[float] = []
    empty: list[float] = []
    first: list[float] = []
    for number in range(PAIRS + 1):
        answered, status = _start([MAESTRO, "lsp", "--stdio"], home, "maestro/status")
        other, _ = _start([sys.executable, EMPTY], home)
        if number:  # the first pair writes the bytecode
            ours.append(answered)
            first.append(status)
            empty.append(other)
    ratio = median_ratio(ours, empty)
    yield Row("start: initialize", spread(ours, "ms", 1e3), spread(empty, "ms", 1e3), ratio, "<= 1.0x", ratio <= 1.0)
    ratio = median_ratio(first, empty)
    yield Row("start: maestro/status", spread(first, "ms", 1e3), spread(empty, "ms", 1e3), ratio)


def _start(command: Sequence[str | Path], home: Path, then: str = "") -> tuple[float, float]:
    """Seconds until `initialize`, and until the request after it, is answered."""
    variables = environment(home)
    began = time.perf_counter()
    with Child(command, variables) as child:
        child.request("initialize", INITIALIZE)
        answered = time.perf_counter() - began
        if then:
            child.notify("initialized", {})
            child.request(then, {})
        return answered, time.perf_counter() - began
