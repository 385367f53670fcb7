"""What the store keeps of a turn's end: for every target that was asked, what it took."""

import sqlite3

from maestro.chats import turns
from maestro.chats.turns import NewTurn, Outcome
from maestro.services.turn import Turn


def record_turn(connection: sqlite3.Connection, turn: Turn) -> None:
    """Keep a turn that has no chat in this database."""
    turns.record(connection, turn.row(), keep_left(connection, turn))


def keep_left(connection: sqlite3.Connection, turn: Turn) -> Outcome:
    """Keep what the targets took that were left, and which one is asked now; the outcome of that one.

    To be called when a target is left, so that nothing stands under another one's name whatever happens, and at the
    end: what is kept already stays as it is.
    """
    for number, leg in enumerate(turn.left, 1):
        target = leg.target
        part = NewTurn(
            f"{turn.id}.{number}", None, target.provider, target.model_id, target.session_id, None, turn.started_at
        )
        turns.split(connection, turn.id, part, Outcome("error", leg.usage, leg.cost, leg.requests, leg.retries))
    turns.move(connection, turn.id, turn.target.provider, turn.target.model_id, turn.target.session_id)
    return Outcome(turn.stop_reason, *turn.leg[1:])
