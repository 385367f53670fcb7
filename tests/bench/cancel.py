"""From `$/cancelRequest` to the moment the provider sees its connection closed."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Broken, Row, percentile
from tests.bench.server import RESPONSES, Maestro, text_in
from tests.simulators.fixtures import Outside, running
from tests.simulators.personas import paced

TURNS = 250
P99 = 0.010


def run(home: Path) -> Iterator[Row]:
    with running("openai", paced(50, 500)) as sim, Maestro(home, RESPONSES.variables(sim.base_url)) as server:
        server.initialize()
        server.sign_in(RESPONSES)
        late = [_cancel(server, sim) for _ in range(TURNS)]
    p50, p99 = percentile(late, 50), percentile(late, 99)
    yield Row("cancel: socket closed, p50", f"{p50 * 1e3:.2f} ms")
    yield Row("cancel: socket closed, p99", f"{p99 * 1e3:.2f} ms", "", None, f"<= {P99 * 1e3:g} ms", p99 <= P99)


def _cancel(server: Maestro, sim: Outside) -> float:
    """Cancel a turn that has begun to stream."""
    request_id = server.ask(RESPONSES)
    messages = server.messages()
    next(message for message in messages if text_in(message))
    connection = sim.requests[-1].connection
    began = time.monotonic()
    server.notify("$/cancelRequest", {"id": request_id})
    next(message for message in messages if message.get("id") == request_id)
    sim.call(sim.sim.closed(connection))
    if connection.closed_at is None or connection.closed_by != "client":
        raise Broken("the connection was not closed by the server under test")
    return connection.closed_at - began
