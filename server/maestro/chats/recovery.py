"""Turns whose process died, brought to the end every turn has: nothing that was shown is lost."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from maestro.chats import journal, messages, rows, turn_rows
from maestro.chats.fold import Fold
from maestro.chats.turn_rows import OpenTurn, Outcome
from maestro.database import leases
from maestro.errors import MaestroError
from maestro_protocol.chat import Cost, ToolCallPart, Usage
from maestro_protocol.conversations import Message
from maestro_protocol.events import (
    ChatEvent,
    ToolCompleted,
    TurnCompleted,
    TurnRetrying,
    TurnStarted,
    UsageUpdated,
)

if TYPE_CHECKING:
    import sqlite3

OnMessage: TypeAlias = "Callable[[sqlite3.Connection, str, Message], None]"
"""Keeps a message of the chat with this id, and whatever goes with it, in the same transaction."""

_SECONDS = 10.0
_UNKNOWN = "Maestro ended before the tool did; whether it took effect is not known."


def lease_of(chat_id: str) -> leases.Lease:
    """A new lease of the right to answer in a chat."""
    return leases.new(f"chat:{chat_id}")


def close_interrupted(
    connection: "sqlite3.Connection", chat_id: str | None, on_message: OnMessage = messages.add
) -> list[str]:
    """End the turns, of one chat or of all, whose process is no longer there; the ids of their chats.

    Their open calls and they themselves end in the log as `interrupted`, and what their events amount to becomes
    messages. To be called in a transaction that writes: whoever comes second finds nothing to do.
    """
    closed: dict[str, None] = {}
    for turn in turn_rows.open_turns(connection, chat_id):
        lease = lease_of(turn.chat_id)
        if leases.take(connection, lease, _SECONDS):
            close_turn(connection, turn, on_message)
            leases.release(connection, lease)
            closed[turn.chat_id] = None
    return list(closed)


def close_turn(connection: "sqlite3.Connection", turn: OpenTurn, on_message: OnMessage = messages.add) -> None:
    """End one turn. Only for who holds the chat's lease."""
    events = _events(connection, turn)
    fold = Fold(events)
    if fold.end is None:
        last_seq = rows.read(connection, turn.chat_id).last_seq
        ending = list(_ending(connection, turn, fold, events, last_seq))
        journal.append(connection, turn.chat_id, ending)
        for event in ending:
            fold.take(event)
    kept = messages.of_turn(connection, turn.id)
    for message in _missing(fold, turn, kept):
        on_message(connection, turn.chat_id, message)
    turn_rows.close(connection, turn.id, _outcome(fold, events))


def _events(connection: "sqlite3.Connection", turn: OpenTurn) -> list[ChatEvent]:
    """What was logged since it began; nothing else is logged while a turn is open."""
    last_seq = rows.read(connection, turn.chat_id).last_seq
    try:
        return journal.between(connection, turn.chat_id, turn.first_seq, last_seq)
    except MaestroError:
        return []  # what cannot be read must not keep the chat from going on


def _ending(
    connection: "sqlite3.Connection", turn: OpenTurn, fold: Fold, events: Sequence[ChatEvent], last_seq: int
) -> Iterator[ChatEvent]:
    """What its log lacks: the first event if nothing was logged, results of the open calls, the terminal event."""
    places = ({"chat_id": turn.chat_id, "turn_id": turn.id, "seq": seq} for seq in count(last_seq + 1))
    if last_seq < turn.first_seq:
        started = {"model": turn.model, "session_id": turn.session_id, "user_message_id": turn.user_message_id}
        yield TurnStarted.model_validate({**next(places), **started, "text": _text_of(connection, turn)})
    for call_id in fold.open_calls:
        result = {"tool_call_id": call_id, "status": "interrupted", "content": _UNKNOWN, "duration_ms": 0}
        yield ToolCompleted.model_validate({**next(places), **result})
    usage, cost = _spent(events)
    yield TurnCompleted.model_validate({**next(places), "stop_reason": "interrupted", "usage": usage, "cost": cost})


def _text_of(connection: "sqlite3.Connection", turn: OpenTurn) -> str | None:
    """The user's words."""
    asked = [one for one in messages.of_turn(connection, turn.id) if one.id == turn.user_message_id]
    return "\n".join(part.text for one in asked for part in one.parts if part.type == "text") or None


def _spent(events: Sequence[ChatEvent]) -> tuple[Usage, Cost | None]:
    """What the turn had taken when its usage was told last."""
    told = [event for event in events if isinstance(event, UsageUpdated)]
    return (told[-1].usage, told[-1].cost) if told else (Usage(), None)


def _outcome(fold: Fold, events: Sequence[ChatEvent]) -> Outcome:
    assert fold.end is not None
    retries = sum(isinstance(event, TurnRetrying) for event in events)
    return Outcome(fold.end.stop_reason, fold.end.usage, fold.end.cost, fold.rounds + retries, retries)


def _missing(fold: Fold, turn: OpenTurn, kept: Sequence[Message]) -> Iterator[Message]:
    """Those that are not kept yet: an answer is known by its id or by one of its calls, a result by its call."""
    ids = {message.id for message in kept}
    calls = {call_id for message in kept for call_id in _calls(message)}
    results = {message.tool_call_id for message in kept if message.role == "tool"}
    for message in fold.messages(turn.started_at, calls):
        known = message.id in ids or not calls.isdisjoint(_calls(message))
        if not known and not (message.role == "tool" and message.tool_call_id in results):
            yield message


def _calls(message: Message) -> set[str]:
    return {part.tool_call_id for part in message.parts if isinstance(part, ToolCallPart)}
