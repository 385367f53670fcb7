"""Answers without a chat: messages in, one turn out, calls of tools returned and not run."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from maestro.chats import turns
from maestro.chats.turns import NewTurn, Outcome
from maestro.database.database import Database
from maestro.intents import assess, ledger, schema
from maestro.services.models import ModelService, Target
from maestro.services.round import Round
from maestro.services.running import Running
from maestro.services.sink import EventSink
from maestro.services.status import StatusService
from maestro.services.turn import Turn, added, new_id
from maestro.services.turn_stream import TurnStream
from maestro.streaming.messages import FunctionCall
from maestro.telemetry import Telemetry
from maestro_protocol.chat import ChatCompleteParams, ChatCompleteResult, ChatParams, Tool, ToolCall
from maestro_protocol.events import ToolReady, TurnStarted
from maestro_protocol.intents import Decision, Intent
from maestro_protocol.permissions import PermissionSubject, Risk


@dataclass(slots=True)
class _Calls:
    """The calls of an answer, each with the intent it declared."""

    tools: Sequence[Tool]
    out: TurnStream
    returned: list[ToolCall] = field(default_factory=list)

    def take(self, call: FunctionCall) -> None:
        intent, given = None, call.arguments
        if call.arguments is not None:
            own = next((tool.input_schema for tool in self.tools if tool.name == call.name), {})
            taken = schema.take(call.arguments, own)
            intent, given = taken.intent, taken.input
        raw = None if call.complete else call.raw_arguments
        self.out.emit(
            ToolReady, tool_call_id=call.id, name=call.name, input=given, complete=call.complete, intent=intent
        )
        self.returned.append(
            ToolCall(id=call.id, name=call.name, input=given, complete=call.complete, raw_arguments=raw, intent=intent)
        )


class CompletionService:
    def __init__(
        self,
        models: ModelService,
        running: Running,
        status: StatusService,
        telemetry: Telemetry,
        database: Database,
    ) -> None:
        self._models = models
        self._running = running
        self._status = status
        self._telemetry = telemetry
        self._database = database

    async def complete(
        self, params: ChatCompleteParams, events: EventSink | None, max_latency_ms: int
    ) -> ChatCompleteResult:
        """Answer once, without a chat. Cancelling the task is a stop reason.

        Raises:
            MaestroError: 4001, 4007, 4102, 4103 before anything is sent; the provider's failures; 4701.
        """
        target = await self._models.target(params.model, params.session_id)
        with self._running.admitted(), self._status.busy(f"{target.model_id} is answering"):
            return await self._answer(target, params, events, max_latency_ms / 1000)

    async def _answer(
        self, target: Target, params: ChatCompleteParams, events: EventSink | None, latency: float
    ) -> ChatCompleteResult:
        model = await self._models.known(target)
        turn, started_at = Turn(target, model.prices if model else None), datetime.now(UTC)
        out = TurnStream(events, None, turn.id, count(1).__next__, latency)
        calls = _Calls(params.tools or (), out)
        one = Round(target, params.messages, new_id("msg"), params.params or ChatParams(), _with_intents(calls.tools))
        one.on_usage = lambda: turn.tell_usage(out, one.usage, None)
        one.on_call = calls.take

        async def answer() -> None:
            try:
                await one.relay(out)
                turn.stop_reason = one.stop_reason
            finally:
                turn.usage = added(turn.usage, one.usage)
                turn.requests, turn.retries = 1 + one.retries, one.retries

        out.emit(TurnStarted, model=target.model_id, session_id=target.session_id)
        try:
            with self._telemetry.turn(target.provider, target.model) as span:
                await turn.run(out, answer, span)
        finally:
            self._record(turn, started_at, calls.returned)
        return ChatCompleteResult(
            turn_id=turn.id,
            message=one.message() if events is None else None,
            tool_calls=calls.returned or None,
            stop_reason=turn.stop_reason,
            usage=turn.usage,
            cost=turn.cost,
            model=target.model_id,
        )

    def _record(self, turn: Turn, started_at: datetime, calls: Sequence[ToolCall]) -> None:
        """Keep what the turn took, and in the ledger what was called; the answer does not wait for it."""
        target = turn.target
        new = NewTurn(turn.id, None, target.provider, target.model_id, target.session_id, None, started_at)
        outcome = Outcome(turn.stop_reason, turn.usage, turn.cost, turn.requests, turn.retries)
        self._database.post(lambda connection: turns.record(connection, new, outcome))
        declarations = [_declaration(turn, call) for call in calls]
        if declarations:
            self._database.post(lambda connection: _note(connection, declarations))


def _with_intents(tools: Sequence[Tool]) -> Sequence[Tool]:
    return [
        tool.model_copy(update={"input_schema": schema.with_intent(tool.input_schema, required=True)}) for tool in tools
    ]


def _risk(intent: Intent | None) -> Risk:
    """As far as it can be told of a tool nobody here knows."""
    broad = assess.broad_scope(intent.scope) if intent else None
    return assess.risk_of(intent.risk_level if intent else None, [broad] if broad else [])


def _declaration(turn: Turn, call: ToolCall) -> ledger.Declaration:
    return ledger.Declaration(
        chat_id=None,
        turn_id=turn.id,
        tool_call_id=call.id,
        tool=call.name,
        intent=call.intent,
        declared_by="model" if call.intent else "none",
        risk=_risk(call.intent),
        subject=PermissionSubject(type="other", tool=call.name, input=call.input),
        session_id=turn.target.session_id,
        model=turn.target.model_id,
    )


def _note(connection: sqlite3.Connection, declarations: Sequence[ledger.Declaration]) -> None:
    decision = Decision(outcome="returned", by="policy", at=datetime.now(UTC))
    for declaration in declarations:
        ledger.decide(connection, ledger.declare(connection, declaration).id, decision)
