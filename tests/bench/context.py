"""Context: a page of a hundred thousand chunks, and what adding, deleting and comparing costs there."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from maestro.context import chunks, deletion, staleness, tokens
from maestro.context.listing import page
from maestro.context.rows import NewChunk
from maestro.database.opening import open_database
from maestro.database.transactions import transaction
from maestro_protocol.context import ContextListParams
from tests.bench.harness import Row, percentile

MANY = 100_000
TIMES = 50
PAGE = 0.02
"""Seconds for a page of a hundred."""
CHAT = "chat_bench"


def run(home: Path) -> Iterator[Row]:
    with closing(open_database(home / "maestro.db").connection) as connection:
        new = NewChunk("file", "src/a.py", "x = 1\n" * 20, uri="file:///work/src/a.py", sha256="0" * 64)
        with transaction(connection):
            ids = [chunks.add(connection, CHAT, new).id for _ in range(MANY)]
        for name, before in (("first", 0), ("middle", MANY // 2), ("last", MANY - 100)):
            params = ContextListParams(chat_id=CHAT, cursor=_after(connection, before))
            yield _row(f"{name} page of {MANY:,}", partial(page, connection, params, [CHAT]), PAGE)
        yield _row("add one", partial(_written, connection, partial(chunks.add, connection, CHAT, new)))
        left = iter(ids)
        delete = partial(_written, connection, lambda: deletion.delete(connection, [next(left)]))
        yield _row("delete one", delete)
        yield _row("compare a file", partial(staleness.is_news, connection, str(new.uri), new.sha256))
        yield _row("clear", partial(_written, connection, lambda: deletion.clear(connection, CHAT)), times=1)
        yield _row("restore", partial(_written, connection, lambda: deletion.restore(connection, ids)), times=1)
    text = Path(tokens.__file__).read_text(encoding="utf-8") * 250
    seconds = percentile([_timed(lambda: tokens.estimate(text)) for _ in range(9)], 50)
    yield Row("context: estimate of tokens", f"{seconds * 1e9 / len(text):.0f} ns a character")


def _after(connection: sqlite3.Connection, count: int) -> str | None:
    """The marker behind so many chunks."""
    cursor = None
    while count:
        params = ContextListParams(chat_id=CHAT, limit=min(count, 1_000), cursor=cursor)
        _, cursor, _ = page(connection, params, [CHAT])
        count -= params.limit
    return cursor


def _row(name: str, work: Callable[[], object], aim: float | None = None, times: int = TIMES) -> Row:
    """An aim is for the slowest."""
    taken = [_timed(work) for _ in range(times)]
    middle, slowest = percentile(taken, 50), percentile(taken, 99)
    shown = f"{middle * 1e3:.2f} ms, p99 {slowest * 1e3:.2f}"
    if aim is None:
        return Row(f"context: {name}", shown)
    return Row(f"context: {name}", shown, "", None, f"<= {aim * 1e3:g} ms", slowest <= aim)


def _written(connection: sqlite3.Connection, work: Callable[[], object]) -> None:
    with transaction(connection):
        work()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
