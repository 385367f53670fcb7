"""Money in the table of turns: what has been spent in a time, and what is held for requests under way."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from maestro.chats import turn_rows
from maestro.chats.coding import written
from maestro.chats.turn_rows import NewTurn
from maestro.costs import plain

if TYPE_CHECKING:
    import sqlite3


def since(connection: "sqlite3.Connection", moment: datetime, but: str | None = None) -> Decimal:
    """US dollars of all turns that began since then, with what is held for those under way, in whichever process.

    `but` is the turn that does not count.
    """
    statement = "SELECT cost FROM turns WHERE started_at >= ? AND cost IS NOT NULL AND id IS NOT ?"
    return summed(amount for (amount,) in connection.execute(statement, (written(moment), but)))


def of_parts(connection: "sqlite3.Connection", turn_id: str) -> Decimal:
    """What the parts of a turn cost that are kept already."""
    return summed(cost.amount for _, cost in turn_rows.of_parts(connection, turn_id) if cost is not None)


def and_held(connection: "sqlite3.Connection", moment: datetime, but: str) -> tuple[Decimal, Decimal]:
    """The same as two sums: what was spent by turns that ended, and what is held for those under way."""
    statement = "SELECT cost, ended_at FROM turns WHERE started_at >= ? AND cost IS NOT NULL AND id IS NOT ?"
    found = connection.execute(statement, (written(moment), but)).fetchall()
    ended = summed(amount for amount, end in found if end is not None)
    return ended, summed(amount for amount, end in found if end is None)


def hold(connection: "sqlite3.Connection", turn: NewTurn, amount: Decimal) -> None:
    """Count a turn under way as having cost so much; its end puts what it did cost in the place of that."""
    turn_rows.insert(connection, turn)
    connection.execute("UPDATE turns SET cost = ? WHERE id = ? AND ended_at IS NULL", (plain(amount), turn.id))


def summed(amounts: Iterable[str]) -> Decimal:
    return sum(map(Decimal, amounts), Decimal(0))
