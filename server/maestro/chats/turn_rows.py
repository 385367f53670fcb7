"""Turns as rows of the store: open while they run, afterwards what they took."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from maestro.chats import rows
from maestro.chats.coding import dump, now, storable, written
from maestro.chats.totals import add_cost, add_usage
from maestro_protocol.chat import Cost, StopReason, Usage

if TYPE_CHECKING:
    import sqlite3


class NewTurn(NamedTuple):
    """A turn at its begin. `model` is the model's id, with its provider; `chat_id` is None for `chat/complete`."""

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


def insert(connection: "sqlite3.Connection", turn: NewTurn, first_seq: int | None) -> None:
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
    connection.execute(f"INSERT INTO turns({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


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


def _open_turn(row: tuple[str, str, str, str | None, str | None, int, str]) -> OpenTurn:
    turn_id, chat_id, model, session_id, user_message_id, first_seq, started_at = row
    started = datetime.fromisoformat(started_at)
    return OpenTurn(turn_id, chat_id, model, session_id, user_message_id, first_seq, started)


def close(connection: "sqlite3.Connection", turn_id: str, outcome: Outcome) -> bool:
    """End a turn: its chat is idle and counts what it took. False if it had ended already; nothing counts twice.

    Of a turn whose chat was deleted meanwhile, what it took is kept.
    """
    row = connection.execute("SELECT chat_id, ended_at FROM turns WHERE id = ?", (turn_id,)).fetchone()
    if row is None or (row[0] is not None and row[1] is not None):
        return False
    chat_id, _ = row
    cost = None if outcome.cost is None else outcome.cost.amount
    connection.execute(
        "UPDATE turns SET ended_at = ?, stop_reason = ?, usage = ?, cost = ?, requests = ?, retries = ? WHERE id = ?",
        (now(), outcome.stop_reason, dump(outcome.usage), cost, outcome.requests, outcome.retries, turn_id),
    )
    if chat_id is not None:
        chat = rows.read(connection, chat_id)
        usage, total = add_usage(chat.usage, outcome.usage), add_cost(chat.cost, outcome.cost)
        rows.change(connection, chat_id, state="idle", usage=usage, cost=total)
    return True
