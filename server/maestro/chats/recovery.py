"""Turns whose process died, brought to the end every turn has: nothing that was shown is lost."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from maestro.chats import journal, messages, rows, turn_rows
from maestro.chats.fold import Fold
from maestro.chats.totals import without_cost, without_usage
from maestro.chats.turn_rows import OpenTurn, Outcome
from maestro.database import leases
from maestro.errors import MaestroError
from maestro_protocol.chat import Cost, ToolCallPart, Usage
from maestro_protocol.conversations import Message
from maestro_protocol.events import (
    ChatEvent,
    ToolCompleted,
    TurnCompleted,
    TurnRerouted,
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
    for moved in (event for event in events if isinstance(event, TurnRerouted)):
        turn_rows.move(connection, turn.id, moved.to.partition("/")[0], moved.to, moved.session_id)
    turn_rows.close(connection, turn.id, _outcome(fold, events, turn_rows.of_parts(connection, turn.id)))


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
    usage, cost = _spent(turn, events)
    yield TurnCompleted.model_validate({**next(places), "stop_reason": "interrupted", "usage": usage, "cost": cost})


def _text_of(connection: "sqlite3.Connection", turn: OpenTurn) -> str | None:
    """The user's words."""
    asked = [one for one in messages.of_turn(connection, turn.id) if one.id == turn.user_message_id]
    return "\n".join(part.text for one in asked for part in one.parts if part.type == "text") or None


def _spent(turn: OpenTurn, events: Sequence[ChatEvent]) -> tuple[Usage, Cost | None]:
    """What the turn had taken when its usage was told last; its cost is not less than what was held for it."""
    told = [event for event in events if isinstance(event, UsageUpdated)]
    usage, cost = (told[-1].usage, told[-1].cost) if told else (Usage(), None)
    if turn.cost is not None and (cost is None or Decimal(cost.amount) < Decimal(turn.cost)):
        cost = Cost(amount=turn.cost)
    return usage, cost


def _outcome(fold: Fold, events: Sequence[ChatEvent], parts: Sequence[tuple[Usage, Cost | None]]) -> Outcome:
    """Without what is kept of its parts at other models."""
    assert fold.end is not None
    usage, cost = fold.end.usage, fold.end.cost
    for took, costs in parts:
        usage, cost = without_usage(usage, took), without_cost(cost, costs)
    own = _since_moved(events) if parts else events
    retries = sum(isinstance(event, TurnRetrying) for event in own)
    rounds = max(Fold(own).rounds, 1) if parts else fold.rounds  # whoever a turn moves to is asked at once
    return Outcome(fold.end.stop_reason, usage, cost, rounds + retries, retries)


def _since_moved(events: Sequence[ChatEvent]) -> Sequence[ChatEvent]:
    """What is of the model that answered last."""
    moved = [place for place, event in enumerate(events, 1) if isinstance(event, TurnRerouted)]
    return events[moved[-1] :] if moved else events


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
