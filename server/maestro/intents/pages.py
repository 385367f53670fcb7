"""The ledger read page by page, and written out whole."""

import json
from typing import TYPE_CHECKING, TypeAlias

from maestro.errors import MaestroError
from maestro.intents.chain import COLUMNS, Entry
from maestro.intents.records import record_of, written
from maestro_protocol.intents import IntentListParams, IntentListResult

if TYPE_CHECKING:
    import sqlite3

_Values: TypeAlias = dict[str, str | int]

_LARGEST = 2**63 - 1
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM ledger"
_OF_CHAT = f"{_SELECT} WHERE intent_id IN (SELECT intent_id FROM ledger WHERE step = 'declared' AND chat_id = :chat)"

_DECLARED = "SELECT number AS place, intent_id FROM ledger WHERE step = 'declared'"
# Beside the mark stands what the record's other entries have as well.
_MISMATCHED = "SELECT declared AS place, intent_id FROM ledger WHERE mismatched = 1"
_MATCHED = (
    f"{_DECLARED} AND NOT EXISTS "
    "(SELECT 1 FROM ledger AS later WHERE later.mismatched = 1 AND later.declared = ledger.number)"
)

# Times need not grow with the numbers, so the first number only narrows the search. The `+` has it found by the time,
# not by walking through all numbers.
_FIRST_SINCE = "(SELECT MIN(+number) FROM ledger WHERE step = 'declared' AND at >= :since)"
# The time of a mark is when the tool had ended; what counts is when the call was declared.
_MARKED_SINCE = "EXISTS (SELECT 1 FROM ledger AS first WHERE first.number = ledger.declared AND first.at >= :since)"


def records(connection: "sqlite3.Connection", params: IntentListParams) -> IntentListResult:
    """A page of the records that fit, the latest first.

    Raises:
        MaestroError: 4303 for a cursor that no page had.
    """
    chosen, values = _choice(params)
    wanted = f"SELECT intent_id FROM ({chosen} ORDER BY place DESC LIMIT {params.limit + 1})"
    there = _grouped(connection, f"{_SELECT} WHERE intent_id IN ({wanted}) ORDER BY declared DESC, number", values)
    shown = list(there.items())[: params.limit]
    return IntentListResult(
        intents=[record_of(entries) for _, entries in shown],
        next_cursor=str(shown[-1][0]) if len(there) > params.limit else None,
    )


def export(connection: "sqlite3.Connection", chat_id: str | None = None) -> str:
    """The records of a chat, or all of them, as JSON: one on each line, the oldest first."""
    values: _Values = {} if chat_id is None else {"chat": chat_id}
    there = _grouped(connection, f"{_SELECT if chat_id is None else _OF_CHAT} ORDER BY number", values)
    return "".join(f"{json.dumps(record_of(entries).to_wire())}\n" for entries in there.values())


def _grouped(connection: "sqlite3.Connection", statement: str, values: _Values) -> dict[int, list[Entry]]:
    """The entries of each record, by the number of its first one."""
    found: dict[int, list[Entry]] = {}
    for row in connection.execute(statement, values):
        entry = Entry(*row)
        found.setdefault(entry.declared, []).append(entry)
    return found


def _choice(params: IntentListParams) -> tuple[str, _Values]:
    """A statement that gives the records that fit as `place` and `intent_id`, and its values."""
    base = {None: _DECLARED, True: _MISMATCHED, False: _MATCHED}[params.mismatched]
    place = "declared" if params.mismatched else "number"
    wanted = {
        "chat_id": params.chat_id,
        "tool": params.tool,
        "risk_level": params.risk_level,
        "purpose": params.purpose,
    }
    values: _Values = {column: value for column, value in wanted.items() if value is not None}
    # Only the first one is looked up by its index (`+` keeps the others from it): it names the fewest records.
    conditions = [f"{'+' if at else ''}{column} = :{column}" for at, column in enumerate(values)]
    if (before := _place(params.cursor)) is not None:
        values["before"] = before
        conditions.append(f"{place} < :before")
    if params.since is not None:
        values["since"] = written(params.since)
        conditions += (f"{place} >= {_FIRST_SINCE}", _MARKED_SINCE if params.mismatched else "+at >= :since")
    return " AND ".join([base, *conditions]), values


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if cursor.isascii() and cursor.isdecimal() and len(cursor) < 20 and 0 < int(cursor) <= _LARGEST:
        return int(cursor)
    raise MaestroError("cursorExpired", "This page marker is none of the ledger's; list again from the start.")
