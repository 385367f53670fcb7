"""Many streams at once: how late each delta arrives, and what that costs."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Broken, Row, percentile, serving
from tests.bench.server import RESPONSES, Maestro, text_in
from tests.simulators.wire import STAMP

STREAMS, RATE, SECONDS = 100, 50, 10
LATENCY, MEGABYTES = 0.050, 120
_STAMP = re.compile(rf"\d{{{len(STAMP)}}}")


def run(home: Path) -> Iterator[Row]:
    deltas = RATE * SECONDS
    with (
        serving("openai", "stamped", str(deltas), str(RATE)) as url,
        Maestro(home, RESPONSES.variables(url)) as server,
    ):
        server.initialize()
        server.sign_in(RESPONSES)
        before, began = server.cpu, time.monotonic()
        late = _latencies(server)
        cpu, seconds, peak = server.cpu - before, time.monotonic() - began, server.peak_rss / 2**20
    if len(late) != STREAMS * deltas:
        raise Broken(f"{len(late)} deltas arrived of {STREAMS * deltas}")
    p50, p99 = percentile(late, 50), percentile(late, 99)
    aim = f"<= {LATENCY * 1e3:g} ms"
    yield Row("streams: delta latency, p50", f"{p50 * 1e3:.1f} ms")
    yield Row("streams: delta latency, p99", f"{p99 * 1e3:.1f} ms", "", None, aim, p99 <= LATENCY)
    yield Row("streams: peak RSS", f"{peak:.0f} MB", "", None, f"< {MEGABYTES} MB", peak < MEGABYTES)
    yield Row("streams: CPU", f"{cpu / seconds:.0%} of a core, {cpu / len(late) * 1e6:.0f} us/delta")


def _latencies(server: Maestro) -> list[float]:
    """Seconds from the sending of each delta to the arrival of the event that holds it."""
    waiting = {server.ask(RESPONSES, f"stream-{number}") for number in range(STREAMS)}
    late: list[float] = []
    for message in server.messages():
        now = time.monotonic_ns()
        late.extend((now - int(stamp)) / 1e9 for stamp in _STAMP.findall(text_in(message)))
        waiting.discard(message.get("id"))
        if not waiting:
            break
    return late
