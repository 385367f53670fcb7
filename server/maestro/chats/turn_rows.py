"""Turns as rows of the store: open while they run, afterwards what they took."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from maestro.chats import rows
from maestro.chats.coding import dump_json, now, storable, written
from maestro.chats.totals import add_cost, add_usage
from maestro_protocol.chat import Cost, StopReason, Usage

if TYPE_CHECKING:
    import sqlite3


AS_OF = "pricesAsOf"
"""Beside the tokens in the column `usage`: the day of the prices behind the cost."""


_KNOWN = "ON CONFLICT(id) DO UPDATE SET chat_id = coalesce(chat_id, excluded.chat_id)"


class NewTurn(NamedTuple):
    """A turn at its begin. `model` is the model's id, with its provider; `chat_id` is None for what has no chat in this
    database: `chat/complete`, audits."""

    id: str
    chat_id: str | None
    provider: str
    model: str
    session_id: str | None
    user_message_id: str | None
    started_at: datetime


class Outcome(NamedTuple):
    """How a turn ended, and what it took."""

    stop_reason: StopReason
    usage: Usage
    cost: Cost | None = None
    requests: int = 0
    """Sent to the provider, repetitions included."""
    retries: int = 0


class OpenTurn(NamedTuple):
    """A turn that has not ended."""

    id: str
    chat_id: str
    model: str
    session_id: str | None
    user_message_id: str | None
    first_seq: int
    started_at: datetime
    cost: str | None = None
    """What `spent.hold` counts for it, in US dollars."""


def insert(connection: "sqlite3.Connection", turn: NewTurn, first_seq: int | None = None) -> None:
    """Keep a turn that begins, or say whose it is of one that `spent.hold` wrote down."""
    values = (
        turn.id,
        turn.chat_id,
        turn.provider,
        storable(turn.model),
        turn.session_id,
        turn.user_message_id,
        written(turn.started_at),
        first_seq,
    )
    names = "id, chat_id, provider, model, session_id, user_message_id, started_at, first_seq"
    connection.execute(f"INSERT INTO turns({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) {_KNOWN}", values)


def open_turns(connection: "sqlite3.Connection", chat_id: str | None) -> Sequence[OpenTurn]:
    """The turns of a chat, or of all chats, that have not ended, the earliest first."""
    names = ", ".join(OpenTurn._fields)
    there = "EXISTS (SELECT 1 FROM chats WHERE chats.id = chat_id AND deleted = 0)"
    statement = f"SELECT {names} FROM turns WHERE ended_at IS NULL AND {there}"
    values: tuple[str, ...] = ()
    if chat_id is not None:
        statement, values = f"{statement} AND chat_id = ?", (chat_id,)
    found = connection.execute(f"{statement} ORDER BY started_at", values)
    return [_open_turn(row) for row in found]


def _open_turn(row: tuple[str, str, str, str | None, str | None, int, str, str | None]) -> OpenTurn:
    turn_id, chat_id, model, session_id, user_message_id, first_seq, started_at, cost = row
    started = datetime.fromisoformat(started_at)
    return OpenTurn(turn_id, chat_id, model, session_id, user_message_id, first_seq, started, cost)


def move(connection: "sqlite3.Connection", turn_id: str, provider: str, model: str, session_id: str | None) -> None:
    """Another model answers a turn than it began with; `model` is its id."""
    values = (provider, storable(model), session_id, turn_id)
    connection.execute("UPDATE turns SET provider = ?, model = ?, session_id = ? WHERE id = ?", values)


def price(connection: "sqlite3.Connection", turn_id: str, cost: Cost) -> None:
    """Say what a turn has cost that ended before that was known; its chat counts it."""
    unpriced = "SELECT chat_id FROM turns WHERE id = ? AND ended_at IS NOT NULL AND cost IS NULL"
    if (row := connection.execute(unpriced, (turn_id,)).fetchone()) is None:
        return
    noted = f"json_set(usage, '$.{AS_OF}', ?)"
    connection.execute(f"UPDATE turns SET cost = ?, usage = {noted} WHERE id = ?", (cost.amount, cost.as_of, turn_id))
    if row[0] is not None:
        rows.change(connection, row[0], cost=add_cost(rows.read(connection, row[0]).cost, cost))


def close(connection: "sqlite3.Connection", turn_id: str, outcome: Outcome, *, is_part: bool = False) -> bool:
    """End a turn: its chat counts what it took, and is idle unless this is a part of another turn.

    False if it had ended already; nothing counts twice.

    Of a turn whose chat was deleted meanwhile, what it took is kept.
    """
    row = connection.execute("SELECT chat_id, ended_at FROM turns WHERE id = ?", (turn_id,)).fetchone()
    if row is None or (row[0] is not None and row[1] is not None):
        return False
    chat_id, _ = row
    cost, took = None, outcome.usage.to_wire()
    if outcome.cost is not None:
        cost, took = outcome.cost.amount, {**took, AS_OF: outcome.cost.as_of}
    connection.execute(
        "UPDATE turns SET ended_at = ?, stop_reason = ?, usage = ?, cost = ?, requests = ?, retries = ? WHERE id = ?",
        (now(), outcome.stop_reason, dump_json(took), cost, outcome.requests, outcome.retries, turn_id),
    )
    if chat_id is not None:
        chat = rows.read(connection, chat_id)
        usage, total = add_usage(chat.usage, outcome.usage), add_cost(chat.cost, outcome.cost)
        state = chat.state if is_part else "idle"
        rows.change(connection, chat_id, state=state, usage=usage, cost=total)
    return True


def of_parts(connection: "sqlite3.Connection", turn_id: str) -> Sequence[tuple[Usage, Cost | None]]:
    """What was kept of a turn's parts at other models."""
    statement = "SELECT usage, cost FROM turns WHERE id > ? AND id < ? AND ended_at IS NOT NULL"
    found = connection.execute(statement, (f"{turn_id}.", f"{turn_id}/"))  # whose ids go on with a dot
    return [_taken(*row) for row in found]


def _taken(usage: str, cost: str | None) -> tuple[Usage, Cost | None]:
    took = json.loads(usage)
    as_of = took.pop(AS_OF, None)
    return Usage.from_wire(took), None if cost is None else Cost.from_wire({"amount": cost, "asOf": as_of})
