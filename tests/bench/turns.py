"""What a chat costs: `chat/send`, which keeps everything, beside `chat/complete` on the same server."""

import time
from collections.abc import Iterator
from pathlib import Path

from maestro_protocol.base import JsonObject
from tests.bench.harness import Broken, Row, median_ratio, percentile, serving, spread
from tests.bench.server import RESPONSES, Maestro, text_in

TURNS, WARM = 200, 20
TOKENS = 20_000
ROUNDS = 8
ADDED = 0.003
"""Seconds."""


def run(home: Path) -> Iterator[Row]:
    with serving("openai", "burst", "5") as url, Maestro(home / "a", RESPONSES.variables(url)) as server:
        server.initialize()
        server.sign_in(RESPONSES)
        pairs = [(_turn(server, _send()), _turn(server, None)) for _ in range(WARM + TURNS)][WARM:]
        added = [kept - bare for (kept, _), (bare, _) in pairs]
        for percent in (50, 99):
            ours, bare = percentile(added, percent), percentile([bare for _, (bare, _) in pairs], percent)
            name = f"chat: first token, added to `complete`, p{percent}"
            yield Row(
                name, f"{ours * 1e3:.2f} ms", f"{bare * 1e3:.2f} ms bare", None, f"<= {ADDED * 1e3:g} ms", ours <= ADDED
            )
        whole, bare_whole = [kept for (_, kept), _ in pairs], [bare for _, (_, bare) in pairs]
        ratio = median_ratio(whole, bare_whole)
        yield Row("chat: a whole short turn", spread(whole, "ms", 1e3), spread(bare_whole, "ms", 1e3), ratio)
    with serving("openai", "burst", str(TOKENS)) as url, Maestro(home / "b", RESPONSES.variables(url)) as server:
        server.initialize()
        server.sign_in(RESPONSES)
        kept, bare = [], []
        for _ in range(ROUNDS):
            kept.append(_burnt(server, _send()))
            bare.append(_burnt(server, None))
        ratio = median_ratio(kept, bare)
        name = f"chat: processor per token of {TOKENS}"
        yield Row(name, spread(kept, "us", 1e6), spread(bare, "us", 1e6), ratio, "<= 1.5x", ratio <= 1.5)


def _send() -> JsonObject:
    return {"model": f"{RESPONSES.provider}/{RESPONSES.model}", "sessionId": RESPONSES.name, "input": "Go"}


def _turn(server: Maestro, send: JsonObject | None) -> tuple[float, float]:
    """Seconds until the first text, and until the answer."""
    began, first = time.perf_counter(), 0.0
    request_id = (
        server.start("maestro/chat/send", {**send, "partialResultToken": "t"}) if send else server.ask(RESPONSES)
    )
    for message in server.messages():
        if not first and text_in(message):
            first = time.perf_counter() - began
        if message.get("id") == request_id:
            return first, time.perf_counter() - began
    raise Broken("the answer never came")


def _burnt(server: Maestro, send: JsonObject | None) -> float:
    """Seconds of the server's processor time per token."""
    before = server.cpu
    _turn(server, send)
    return (server.cpu - before) / TOKENS
