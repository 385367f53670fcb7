"""The ledger as a chain: each entry's hash covers the entry before it, so that nothing can be changed unseen."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from maestro.database.shape import create
from maestro_protocol.intents import IntentVerifyResult

if TYPE_CHECKING:
    import sqlite3

Step: TypeAlias = Literal["declared", "decided", "observed"]

GENESIS = "0" * 64
"""What stands before the first entry."""

COLUMNS = (
    "number", "intent_id", "step", "declared", "chat_id", "tool", "purpose", "risk_level", "mismatched", "body", "at",
    "prev_hash", "hash",
)  # fmt: skip

_TABLES = ("ledger", "ledger_head")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM ledger"
_INSERT = f"INSERT INTO ledger({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

_in_one_spelling = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Entry(NamedTuple):
    """A row of the table `ledger`."""

    number: int
    intent_id: str
    step: Step
    declared: int
    chat_id: str | None
    tool: str
    purpose: str | None
    risk_level: str
    mismatched: int
    body: str
    at: str
    prev_hash: str
    hash: str


class _Head(NamedTuple):
    number: int
    hash: str


def next_number(connection: "sqlite3.Connection") -> int:
    """The number of the entry that would be appended now."""
    (last,) = connection.execute("SELECT MAX(number) FROM ledger").fetchone()
    return max(_head(connection).number, last or 0) + 1


def append(connection: "sqlite3.Connection", entry: Entry) -> Entry:
    """Put an entry at the end, with the hashes it gets there. Only in a transaction that writes.

    The hash before it is the one the head knows: if the ledger was tampered with, it goes on, and the place stays
    visible.
    """
    chained = entry._replace(prev_hash=_head(connection).hash)
    chained = chained._replace(hash=hash_of(chained))
    connection.execute(_INSERT, chained)
    connection.execute("INSERT OR REPLACE INTO ledger_head VALUES (1, ?, ?)", (chained.number, chained.hash))
    return chained


def entries_of(connection: "sqlite3.Connection", intent_id: str) -> list[Entry]:
    """A record's entries, the first one first."""
    rows = connection.execute(f"{_SELECT} WHERE intent_id = ? ORDER BY number", (intent_id,))
    return [Entry(*row) for row in rows]


def hash_of(entry: Entry) -> str:
    """SHA-256 over everything but the hash itself, as JSON in one spelling."""
    return hashlib.sha256(_in_one_spelling(entry[:-1]).encode("ascii")).hexdigest()


def verify(connection: "sqlite3.Connection", head: str | None = None) -> IntentVerifyResult:
    """Walk the chain from its first entry to the one that its head names, and look at what guards it.

    `head` is the hash of an entry that was kept elsewhere, and must still be one of the chain's. Without it two things
    are not found: a ledger that was rewritten from some entry to its end together with its head, as anybody can who
    may write the file, and a ledger that was taken away, which is then an empty one that is whole.
    """
    with _one_moment(connection):
        found, is_there = _walk(connection, head.lower() if head else None)
        if not found.ok:
            return found
        if not _is_guarded(connection):
            return found.model_copy(update={"ok": False, "first_broken": "triggers"})
        return found if is_there else found.model_copy(update={"ok": False, "first_broken": "kept"})


def _walk(connection: "sqlite3.Connection", kept: str | None) -> tuple[IntentVerifyResult, bool]:
    """What was found, and whether the hash that was kept stands in the chain."""
    head, before, checked = _head(connection), _Head(0, GENESIS), 0
    is_there = kept is None or kept == GENESIS
    for row in connection.execute(f"{_SELECT} ORDER BY number"):
        entry = Entry(*row)
        if entry.number > head.number or not _follows(entry, before):
            broken = str(entry.intent_id)
            return IntentVerifyResult(ok=False, checked=checked, first_broken=broken, head=head.hash), False
        before, checked = _Head(entry.number, entry.hash), checked + 1
        is_there = is_there or entry.hash == kept
    if before != head:
        return IntentVerifyResult(ok=False, checked=checked, first_broken="head", head=head.hash), False
    return IntentVerifyResult(ok=True, checked=checked, head=head.hash), is_there


def _is_guarded(connection: "sqlite3.Connection") -> bool:
    """Whether our triggers stand on the tables of the ledger, as we wrote them, and no others."""
    return _triggers(connection) == _our_triggers()


def _triggers(connection: "sqlite3.Connection") -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger'")
    return {(name, table, sql) for name, table, sql in rows if table.lower() in _TABLES}


@cache
def _our_triggers() -> set[tuple[str, str, str]]:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    try:
        create(connection, _TABLES)
        return _triggers(connection)
    finally:
        connection.close()


def _follows(entry: Entry, before: _Head) -> bool:
    try:
        return (entry.number, entry.prev_hash, entry.hash) == (before.number + 1, before.hash, hash_of(entry))
    except (TypeError, ValueError):  # a value of a type that JSON has not, such as bytes
        return False


@contextmanager
def _one_moment(connection: "sqlite3.Connection") -> Iterator[None]:
    """What is read inside is of one moment, although other processes write."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _head(connection: "sqlite3.Connection") -> _Head:
    row = connection.execute("SELECT number, hash FROM ledger_head").fetchone()
    return _Head(*row) if row else _Head(0, GENESIS)
