"""The turns of a chat, one at a time over all windows: whoever answers holds the chat's lease."""

from typing import TYPE_CHECKING

from maestro.chats import journal, messages, recovery, rows, turn_rows
from maestro.chats.coding import storable
from maestro.chats.recovery import OnMessage
from maestro.chats.recovery import lease_of as lease_of
from maestro.chats.turn_rows import NewTurn as NewTurn
from maestro.chats.turn_rows import Outcome as Outcome
from maestro.chats.turn_rows import move as move
from maestro.chats.turn_rows import price as price
from maestro.database import leases
from maestro.database.leases import Lease
from maestro.errors import MaestroError
from maestro_protocol.conversations import Chat, ChatState
from maestro_protocol.events import ChatEvent

if TYPE_CHECKING:
    import sqlite3

LEASE_SECONDS = 300.0
"""How long a turn may go on without `renew`."""


def begin(
    connection: "sqlite3.Connection",
    turn: NewTurn,
    lease: Lease,
    on_message: OnMessage = messages.add,
    *,
    from_own: bool = False,
) -> None:
    """Begin a turn of a chat; its first event is the log's next. A turn that a dead process left open is ended first.

    With `from_own` so is one of this process, for who knows that it is not under way any more.

    Raises:
        MaestroError: 4301 if there is no such chat, 4302 while a living process answers in it.
    """
    chat_id = turn.chat_id
    assert chat_id is not None
    rows.read(connection, chat_id)
    _take(connection, chat_id, lease, on_message, from_own=from_own)
    chat = rows.change(connection, chat_id, state="running")
    turn_rows.insert(connection, turn, chat.last_seq + 1)


def renew(connection: "sqlite3.Connection", lease: Lease) -> bool:
    """Hold the lease for another while; False if it is lost, and with it the turn."""
    row = connection.execute("SELECT 1 FROM leases WHERE name = ? AND holder = ?", lease).fetchone()
    return row is not None and leases.take(connection, lease, LEASE_SECONDS)


def set_state(connection: "sqlite3.Connection", chat_id: str, state: ChatState) -> Chat:
    """Raises MaestroError: 4301 if there is no such chat."""
    return rows.change(connection, chat_id, state=state)


def end(connection: "sqlite3.Connection", turn_id: str, outcome: Outcome, lease: Lease) -> bool:
    """End a turn and let go of its chat, which counts what it took; False if another process had ended it."""
    ended = turn_rows.close(connection, turn_id, outcome)
    leases.release(connection, lease)
    return ended


def abandon(
    connection: "sqlite3.Connection", chat_id: str, turn_id: str, lease: Lease, on_message: OnMessage
) -> list[ChatEvent]:
    """End a turn that this process could not write down to its end, and no other; what that adds to the log."""
    before = rows.read(connection, chat_id).last_seq
    for turn in turn_rows.open_turns(connection, chat_id):
        if turn.id == turn_id:
            recovery.close_turn(connection, turn, on_message)
    leases.release(connection, lease)
    return journal.between(connection, chat_id, before + 1, rows.read(connection, chat_id).last_seq)


def ask_to_cancel(connection: "sqlite3.Connection", chat_id: str, turn_id: str | None) -> bool:
    """Leave word for the process that answers in a chat; False if none does, or if it is at another turn.

    Raises:
        MaestroError: 4301 if there is no such chat.
    """
    rows.read(connection, chat_id)
    running = [one for one in turn_rows.open_turns(connection, chat_id) if turn_id in (None, one.id)]
    for turn in running:
        connection.execute("UPDATE turns SET cancel = 1 WHERE id = ?", (turn.id,))
    return bool(running)


def to_cancel(connection: "sqlite3.Connection") -> list[str]:
    """The open turns that another process asked to cancel."""
    found = connection.execute("SELECT id FROM turns WHERE ended_at IS NULL AND cancel = 1")
    return [turn_id for (turn_id,) in found]


def record(connection: "sqlite3.Connection", turn: NewTurn, outcome: Outcome) -> None:
    """Keep what a turn took of which no event tells: one without a chat, or a chat's compaction."""
    turn_rows.insert(connection, turn)
    turn_rows.close(connection, turn.id, outcome)


def split(connection: "sqlite3.Connection", turn_id: str, part: NewTurn, outcome: Outcome) -> None:
    """Keep what a part of a turn took like a turn of the same chat, which counts it; the turn itself goes on."""
    row = connection.execute("SELECT chat_id FROM turns WHERE id = ?", (turn_id,)).fetchone()
    turn_rows.insert(connection, part._replace(chat_id=row[0] if row else None), None)
    turn_rows.close(connection, part.id, outcome, is_part=True)


def require_idle(connection: "sqlite3.Connection", chat_id: str, on_message: OnMessage = messages.add) -> Chat:
    """The chat, in which nobody answers. A turn that a dead process left open is ended first.

    Raises:
        MaestroError: 4301 if there is no such chat, 4302 while a living process answers in it.
    """
    rows.read(connection, chat_id)
    lease = lease_of(chat_id)
    _take(connection, chat_id, lease, on_message)
    leases.release(connection, lease)
    return rows.read(connection, chat_id)


def refuse_running(connection: "sqlite3.Connection", chat_id: str) -> None:
    """Raises MaestroError: 4302 while a living process answers in the chat. Nothing is changed."""
    lease = lease_of(storable(chat_id))
    if not leases.take(connection, lease, LEASE_SECONDS):
        running = turn_rows.open_turns(connection, chat_id)
        raise in_progress(chat_id, running[0].id if running else None)
    leases.release(connection, lease)


def _take(
    connection: "sqlite3.Connection", chat_id: str, lease: Lease, on_message: OnMessage, *, from_own: bool = False
) -> None:
    left_open = turn_rows.open_turns(connection, chat_id)
    if not leases.take(connection, lease, LEASE_SECONDS, from_own=from_own):
        raise in_progress(chat_id, left_open[0].id if left_open else None)
    for dead in left_open:
        recovery.close_turn(connection, dead, on_message)


def in_progress(chat_id: str, turn_id: str | None) -> MaestroError:
    message = "This chat is answering; cancel that, or wait for its end."
    return MaestroError("turnInProgress", message, chat_id=chat_id, turn_id=turn_id)
