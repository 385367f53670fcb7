"""A client that stops reading costs bounded memory and loses nothing; R7."""

import threading
import time

import psutil

from tests.e2e.conftest import Launch
from tests.e2e.turns import check_turn, gemini_session, new_token, scripted, text_of
from tests.e2e.upstream import Exchange, Upstream, end, event, text

STREAMS = 50
DELTAS = 400
PAUSE = 10.0
MEGABYTE = 1 << 20


def delta(stream: str, number: int) -> str:
    """4 kB that say which delta of which stream this is."""
    return f"<{stream}:{number}>".ljust(4_000, ".")


def burst(exchange: Exchange) -> None:
    """80 MB over all streams, as fast as the server takes them; each is named by what it was asked."""
    stream = exchange.json["contents"][-1]["parts"][0]["text"]
    exchange.open_stream()
    for number in range(DELTAS):
        exchange.write(event(text(delta(stream, number))))
    exchange.write(event(end()))
    exchange.close_stream()


def test_slow_reader(launch: Launch) -> None:
    with Upstream(burst) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize()
        gemini_session(client)
        client.request("maestro/chat/complete", scripted("warm-up"))
        process = psutil.Process(client.process.pid)
        before = process.memory_info().rss
        tokens = [new_token() for _ in range(STREAMS)]

        with client.reading_paused():
            ids = [client.start("maestro/chat/complete", scripted(token, partialResultToken=token)) for token in tokens]
            highest = _highest_rss(process, PAUSE)
            running = [n for n, exchange in enumerate(provider.exchanges[1:]) if not exchange.gone.is_set()]
            status = client.start("maestro/status")

        assert client.response(status, timeout=60)["state"]
        for request_id, token in zip(ids, tokens, strict=True):
            assert client.response(request_id, timeout=60)["stopReason"] == "endTurn"
            events = check_turn(client, request_id, token)
            assert text_of(events) == "".join(delta(token, number) for number in range(DELTAS))
        assert len(running) == STREAMS, "the turns wait for the reader, they are not given up"
        assert highest - before < 40 * MEGABYTE
        assert client.exit() == 0


def _highest_rss(process: psutil.Process, seconds: float) -> int:
    ends, highest = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        highest = max(highest, process.memory_info().rss)
        time.sleep(0.05)
    return highest


def test_requests_are_served_while_streams_run_and_nobody_reads(launch: Launch) -> None:
    """Stdin is always read: a cancel reaches the provider while stdout is stuck."""
    endless = threading.Event()

    def flood(exchange: Exchange) -> None:
        exchange.open_stream()
        while not endless.is_set():
            exchange.write(event(text("x" * 1000)))

    with Upstream(flood) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize()
        gemini_session(client)
        with client.reading_paused():
            ids = [client.start("maestro/chat/complete", scripted(partialResultToken=new_token())) for _ in range(8)]
            exchanges = [provider.wait(n + 1) for n in range(8)]
            for request_id in ids:
                client.cancel(request_id)
            closed = [exchange.gone.wait(20) for exchange in exchanges]
        endless.set()

        assert all(closed)
        assert {client.response(i, timeout=60)["stopReason"] for i in ids} == {"cancelled"}


def test_undrained_stderr_freezes_nothing(launch: Launch) -> None:
    """T5: everything logged, nobody reads it; more than a pipe holds."""
    client = launch(drain_stderr=False, MAESTRO_LOG_LEVEL="debug")
    client.initialize()

    for number in range(3_000):
        client.send_bytes(b"garbage %d\r\n" % number)
        if number % 100 == 0:
            assert client.request("maestro/status")["state"]

    assert client.exit() == 0


def test_deltas_of_one_read_share_a_frame(launch: Launch) -> None:
    """R7: with the longest latency a burst becomes few frames, and the first text is not held back."""
    more = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.open_stream()
        exchange.write(event(text("first ")))
        assert more.wait(30)
        exchange.write(b"".join(event(text(f"{n} ")) for n in range(200)))
        exchange.write(event(end()))
        exchange.close_stream()

    with Upstream(script) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize({"features": {"stream": {"maxLatencyMs": 250}}})
        gemini_session(client)
        token = new_token()
        request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
        client.event(token, lambda e: e["type"] == "text.delta" and e["text"] == "first ")
        more.set()
        client.response(request_id)

        events = check_turn(client, request_id, token)
        assert text_of(events) == "first " + "".join(f"{n} " for n in range(200))
        assert len([e for e in events if e["type"] == "text.delta"]) <= 4


def test_reading_goes_on_after_the_longest_pause(launch: Launch) -> None:
    client = launch()
    client.initialize()

    with client.reading_paused():
        ids = [client.start("maestro/provider/list") for _ in range(1_000)]

    assert all(client.response(i, timeout=60)["providers"] for i in ids)
    assert client.tally() == {}
