"""What a server costs that nobody asks anything."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Row
from tests.bench.server import Maestro

SECONDS = 5


def run(home: Path) -> Iterator[Row]:
    with Maestro(home) as server:
        server.initialize()
        server.request("maestro/session/list", {})  # everything is loaded, and the store open
        before = server.cpu
        time.sleep(SECONDS)
        yield Row("idle: CPU", f"{(server.cpu - before) / SECONDS:.3%} of a core")
        yield Row("idle: RSS", f"{server.rss / 2**20:.0f} MB")
