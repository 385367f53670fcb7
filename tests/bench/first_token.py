"""What our server adds to the time until the first text, beside a bare client of the same simulator."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.bench.harness import Broken, Row, percentile, serving
from tests.bench.server import RESPONSES, Maestro, text_in

TURNS = 300
WARM = 20
P50, P99 = 0.001, 0.005


def run(home: Path) -> Iterator[Row]:
    with (
        serving("openai", "burst", "5") as url,
        Maestro(home, RESPONSES.variables(url)) as server,
        httpx.Client(trust_env=False) as client,
    ):
        server.initialize()
        server.sign_in(RESPONSES)
        pairs = [(_through(server), _direct(client, url)) for _ in range(WARM + TURNS)][WARM:]
    added = [through - direct for through, direct in pairs]
    direct = [direct for _, direct in pairs]
    for percent, aim in ((50, P50), (99, P99)):
        ours, floor = percentile(added, percent), percentile(direct, percent)
        name, aimed = f"first token: added, p{percent}", f"<= {aim * 1e3:g} ms"
        yield Row(name, f"{ours * 1e3:.2f} ms", f"{floor * 1e3:.2f} ms direct", None, aimed, ours <= aim)


def _through(server: Maestro) -> float:
    """Seconds from the request to its first `text.delta`; the turn is then read to its end."""
    began = time.perf_counter()
    request_id, first = server.ask(RESPONSES), 0.0
    for message in server.messages():
        if not first and text_in(message):
            first = time.perf_counter() - began
        if message.get("id") == request_id:
            return first
    raise Broken("the answer never came")


def _direct(client: httpx.Client, url: str) -> float:
    """Seconds from the request to the first byte of the body."""
    began = time.perf_counter()
    order = RESPONSES.order(url)
    with client.stream("POST", order["url"], headers=order["headers"], json=order["body"]) as response:
        chunks = response.iter_raw()
        next(chunks)
        first = time.perf_counter() - began
        for _ in chunks:
            pass
    return first
