"""What somebody with access to the database might do to the ledger."""

import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias

from maestro.intents import chain

Tamper: TypeAlias = Callable[[sqlite3.Connection, random.Random], None]


def _some(connection: sqlite3.Connection, chance: random.Random) -> int:
    (last,) = connection.execute("SELECT MAX(number) FROM ledger").fetchone()
    return chance.randint(1, last)


def change_a_value(connection: sqlite3.Connection, chance: random.Random) -> None:
    column = chance.choice([name for name in chain.COLUMNS if name not in ("number", "step", "mismatched", "declared")])
    connection.execute(f"UPDATE ledger SET {column} = {column} || 'x' WHERE number = ?", (_some(connection, chance),))
    connection.execute("UPDATE ledger SET chat_id = 'x' WHERE chat_id IS NULL")


def change_a_number(connection: sqlite3.Connection, chance: random.Random) -> None:
    column = chance.choice(["mismatched", "declared"])
    connection.execute(f"UPDATE ledger SET {column} = {column} + 1 WHERE number = ?", (_some(connection, chance),))


def change_the_type(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("UPDATE ledger SET body = CAST(body AS BLOB) WHERE number = ?", (_some(connection, chance),))


def spell_the_body_differently(connection: sqlite3.Connection, chance: random.Random) -> None:
    number = _some(connection, chance)
    (body,) = connection.execute("SELECT body FROM ledger WHERE number = ?", (number,)).fetchone()
    connection.execute("UPDATE ledger SET body = ? WHERE number = ?", (json.dumps(json.loads(body), indent=1), number))


def rewrite_with_its_hash(connection: sqlite3.Connection, chance: random.Random) -> None:
    """The entry fits itself then, and the one after it does not."""
    number = _some(connection, chance)
    row = connection.execute(f"SELECT {', '.join(chain.COLUMNS)} FROM ledger WHERE number = ?", (number,)).fetchone()
    changed = chain.Entry(*row)._replace(tool="other")
    connection.execute("UPDATE ledger SET tool = 'other', hash = ? WHERE number = ?", (chain.hash_of(changed), number))


def remove_one(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM ledger WHERE number = ?", (_some(connection, chance),))


def cut_the_end(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM ledger WHERE number >= ?", (_some(connection, chance),))


def cut_the_beginning(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM ledger WHERE number <= ?", (_some(connection, chance),))


def close_a_gap(connection: sqlite3.Connection, chance: random.Random) -> None:
    number = _some(connection, chance)
    connection.execute("DELETE FROM ledger WHERE number = ?", (number,))
    later = connection.execute("SELECT number FROM ledger WHERE number > ? ORDER BY number", (number,)).fetchall()
    connection.executemany("UPDATE ledger SET number = number - 1 WHERE number = ?", later)


def swap_two(connection: sqlite3.Connection, chance: random.Random) -> None:
    (last,) = connection.execute("SELECT MAX(number) FROM ledger").fetchone()
    one, other = chance.sample(range(1, last + 1), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        connection.execute("UPDATE ledger SET number = ? WHERE number = ?", (new, old))


def insert_at_the_end(connection: sqlite3.Connection, chance: random.Random) -> None:
    """Chained as it should be, but the head does not know it."""
    columns = ", ".join(chain.COLUMNS)
    row = connection.execute(f"SELECT {columns} FROM ledger ORDER BY number DESC LIMIT 1").fetchone()
    last = chain.Entry(*row)
    added = last._replace(number=last.number + 1, declared=last.number + 1, intent_id="int_x", prev_hash=last.hash)
    added = added._replace(hash=chain.hash_of(added))
    connection.execute(f"INSERT INTO ledger({columns}) VALUES ({', '.join('?' * len(added))})", added)


def insert_before(connection: sqlite3.Connection, chance: random.Random) -> None:
    columns = [name for name in chain.COLUMNS if name not in ("number", "intent_id")]
    connection.execute(
        f"INSERT INTO ledger(number, intent_id, {', '.join(columns)}) "
        f"SELECT {chance.choice([0, -5])}, 'int_x', {', '.join(columns)} FROM ledger WHERE number = 1"
    )


def forget_the_head(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM ledger_head")


def turn_the_head_back(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("UPDATE ledger_head SET number = number - 1")


TAMPERING: Sequence[Tamper] = [
    change_a_value, change_a_number, change_the_type, spell_the_body_differently, rewrite_with_its_hash, remove_one,
    cut_the_end, cut_the_beginning, close_a_gap, swap_two, insert_at_the_end, insert_before, forget_the_head,
    turn_the_head_back,
]  # fmt: skip
