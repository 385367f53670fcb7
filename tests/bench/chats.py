"""A chat of ten thousand turns: opened, continued, found."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from maestro.chats import journal, listing, messages, rows
from maestro.database.opening import open_database
from maestro.database.transactions import transaction
from maestro_protocol.chat import TextPart, Usage
from maestro_protocol.conversations import Chat, ChatEventsParams, ChatListParams, Message
from maestro_protocol.events import ChatEvent, TextDelta, TurnCompleted, TurnStarted
from tests.bench.harness import Row, median_ratio, percentile, spread

TURNS, TIMES, PAGE = 10_000, 50, 50
OPEN = 0.050
_WORDS = "The parser reads one token ahead and never looks back; what it cannot place it reports with its line. " * 8
_NOW = datetime.now(UTC)


def run(home: Path) -> Iterator[Row]:
    path = home / "maestro.db"
    with closing(open_database(path).connection) as connection:
        for name in ("short", "long"):
            rows.insert(connection, _chat(name))
        with transaction(connection):
            for number in range(TURNS):
                _add_turn(connection, number)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        short, long = _appends(connection)
    opened = [_timed(partial(_open, path)) for _ in range(TIMES)]
    yield Row("chats: open the first page of a process", f"{opened.pop(0) * 1e3:.3g} ms")
    yield Row(
        f"chats: open the last {PAGE} of {2 * TURNS} messages",
        spread(opened, "ms", 1e3),
        aim=f"<= {OPEN * 1e3:g} ms",
        met=percentile(opened, 95) <= OPEN,
    )
    ratio = median_ratio(long, short)
    name = f"chats: append an event after {TURNS} turns, and after none"
    yield Row(name, spread(long, "us", 1e6), spread(short, "us", 1e6), ratio, "~1x", ratio <= 1.5)
    with closing(open_database(path).connection) as connection:
        yield from _reads(connection)
    yield Row("chats: on disk", f"{path.stat().st_size / 2**20:.0f} MB")


def _reads(connection: sqlite3.Connection) -> Iterator[Row]:
    params = ChatEventsParams(chat_id="long")
    replayed = [_timed(lambda: journal.replay(connection, params)) for _ in range(TIMES)]
    yield Row(f"chats: replay the last {params.limit} events", spread(replayed, "ms", 1e3))
    for what, query in (("all", None), ("a word said early", "turn-7"), ("a word nobody said", "nowhere")):
        search = partial(listing.list_chats, connection, ChatListParams(query=query))
        took = [_timed(search) for _ in range(10)]
        yield Row(f"chats: list, {what}", spread(took, "ms", 1e3))


def _open(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        chat = rows.read(connection, "long")
        page, _ = messages.page(connection, chat.id, None, PAGE, for_client=True)
        assert [message.to_wire() for message in page]


def _appends(connection: sqlite3.Connection) -> tuple[list[float], list[float]]:
    """Seconds per event, each in a transaction of its own: at the log's begin and at its end, one after the other."""
    last = rows.read(connection, "long").last_seq
    short: list[float] = []
    long: list[float] = []
    for number in range(1, 10 * TIMES + 1):
        short.append(_timed(partial(_append, connection, "short", number)))
        long.append(_timed(partial(_append, connection, "long", last + number)))
    return short, long


def _append(connection: sqlite3.Connection, chat_id: str, seq: int) -> None:
    with transaction(connection):
        journal.append(connection, chat_id, [_delta(chat_id, "turn", seq)])


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _chat(chat_id: str) -> Chat:
    return Chat(
        id=chat_id, title=f"A {chat_id} chat", state="idle", usage=Usage(), last_seq=0, created_at=_NOW, updated_at=_NOW
    )


def _delta(chat_id: str, turn_id: str, seq: int) -> TextDelta:
    return TextDelta(chat_id=chat_id, turn_id=turn_id, seq=seq, message_id="m", part_id="p", text=_WORDS[:200])


def _add_turn(connection: sqlite3.Connection, number: int) -> None:
    turn_id, seq = f"turn-{number}", 5 * number
    events: list[ChatEvent] = [TurnStarted(chat_id="long", turn_id=turn_id, seq=seq + 1, model="openai/gpt")]
    events += [_delta("long", turn_id, seq + place) for place in (2, 3, 4)]
    events.append(
        TurnCompleted(chat_id="long", turn_id=turn_id, seq=seq + 5, stop_reason="endTurn", usage=Usage(total_tokens=9))
    )
    journal.append(connection, "long", events)
    asked = Message(
        id=f"u{number}", turn_id=turn_id, role="user", parts=[TextPart(text=f"In {turn_id}?")], created_at=_NOW
    )
    messages.add(connection, "long", asked)
    answer = Message(id=f"a{number}", turn_id=turn_id, role="assistant", parts=[TextPart(text=_WORDS)], created_at=_NOW)
    messages.add(connection, "long", answer)
