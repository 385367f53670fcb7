"""Answers without a chat: messages in, one turn out, calls of tools returned and not run."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from maestro.context import tokens
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.intents import assess, ledger, schema
from maestro.services.models import ModelService, Target, deprecation
from maestro.services.rerouting import Rerouting
from maestro.services.round import Round
from maestro.services.running import Running
from maestro.services.sink import EventSink
from maestro.services.spending import Allowance, Spending
from maestro.services.status import StatusService
from maestro.services.turn import Turn, new_id
from maestro.services.turn_records import record_turn
from maestro.services.turn_stream import TurnStream
from maestro.streaming.messages import FunctionCall
from maestro.telemetry import Telemetry
from maestro_protocol.chat import ChatCompleteParams, ChatCompleteResult, Tool, ToolCall
from maestro_protocol.events import ToolReady, TurnNotice, TurnStarted
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


@dataclass(frozen=True, slots=True)
class _Permit:
    """Asks the budgets for the same messages, as often as they are sent."""

    allowance: Allowance
    tokens: int

    async def ask(self, turn: Turn) -> None:
        """Raises MaestroError: 4208."""
        await self.allowance.require(self.tokens, turn.spent)


class CompletionService:
    def __init__(
        self,
        models: ModelService,
        running: Running,
        status: StatusService,
        telemetry: Telemetry,
        database: Database,
        spending: Spending,
    ) -> None:
        self._models = models
        self._running = running
        self._status = status
        self._telemetry = telemetry
        self._database = database
        self._spending = spending

    async def complete(
        self, params: ChatCompleteParams, events: EventSink | None, max_latency_ms: int
    ) -> ChatCompleteResult:
        """Answer once, without a chat. Cancelling the task is a stop reason.

        Raises:
            MaestroError: 4001, 4007, 4102, 4103, 4208 before anything is sent; the provider's failures; 4701.
        """
        target = await self._models.target(params.model, params.session_id, role="complete")
        self._models.routes.note_use(target)
        with self._running.admitted(), self._status.busy(f"{target.model_id} is answering"):
            return await self._answer(target, params, events, max_latency_ms / 1000)

    async def _answer(
        self, target: Target, params: ChatCompleteParams, events: EventSink | None, latency: float
    ) -> ChatCompleteResult:
        turn = Turn(target, self._models.prices)
        permit = await self._permit(turn, params)
        await permit.ask(turn)
        out = TurnStream(events, None, turn.id, count(1).__next__, latency)
        calls = _Calls(params.tools or (), out)
        rerouting = Rerouting(self._models, turn, out, self._measure)
        one: Round | None = None

        async def answer() -> None:
            nonlocal one
            await rerouting.begin()
            while True:
                if turn.requests:
                    await permit.ask(turn)
                one = _round(turn, params, out, calls)
                one.once = rerouting.has_others
                try:
                    await _relay(one, turn, out)
                    turn.stop_reason = one.stop_reason
                    return
                except MaestroError as error:
                    if one.shown or not await rerouting.move(error):
                        raise rerouting.retold(error) from None

        out.emit(TurnStarted, model=target.model_id, session_id=target.session_id)
        if words := deprecation(await self._models.known(target)):
            out.emit(TurnNotice, severity="warning", message=words)
        if permit.allowance.notice is not None:
            out.emit(TurnNotice, severity="warning", message=permit.allowance.notice)
        try:
            with self._models.routes.under_way(turn), self._telemetry.turn(target.provider, target.model) as span:
                await turn.run(out, answer, span)
        finally:
            self._record(turn, calls.returned)
        return ChatCompleteResult(
            turn_id=turn.id,
            message=one.message() if one and events is None else None,
            tool_calls=calls.returned or None,
            stop_reason=turn.stop_reason,
            usage=turn.usage,
            cost=turn.cost,
            model=turn.target.model_id,
        )

    async def _permit(self, turn: Turn, params: ChatCompleteParams) -> "_Permit":
        allowance, size = self._spending.allowance(turn.row(), turn.price, _most(params)), 0
        if allowance.is_set:
            await self._models.prices.known(turn.target)
            tools = "".join(f"{tool.description}{tool.input_schema}" for tool in params.tools or ())
            size = tokens.of_request(params.messages) + tokens.estimate(tools)
        return _Permit(allowance, size)

    async def _measure(self, target: Target) -> None:
        """A context without a chat is not made to fit; but what the model costs must be known where that counts."""
        if self._spending.is_limited:
            await self._models.prices.known(target)

    def _record(self, turn: Turn, calls: Sequence[ToolCall]) -> None:
        """Keep what the turn took, and in the ledger what was called; the answer does not wait for it."""
        self._database.post(lambda connection: record_turn(connection, turn))
        self._spending.ended(turn.row(), turn.outcome, turn.cost_later)
        declarations = [_declaration(turn, call) for call in calls]
        if declarations:
            self._database.post(lambda connection: _note(connection, declarations))


def _most(params: ChatCompleteParams) -> int | None:
    """Tokens the answer may have, as far as that was said."""
    return params.params.max_tokens if params.params else None


def _round(turn: Turn, params: ChatCompleteParams, out: TurnStream, calls: _Calls) -> Round:
    how = turn.target.applied(params.params)
    one = Round(turn.target, params.messages, new_id("msg"), how, _with_intents(calls.tools))
    one.on_usage = lambda: turn.tell_usage(out, one.usage, None)
    one.on_call = calls.take
    return one


async def _relay(one: Round, turn: Turn, out: TurnStream) -> None:
    try:
        await one.relay(out)
    finally:
        turn.count(one.usage)
        turn.requests, turn.retries = turn.requests + 1 + one.retries, turn.retries + one.retries


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
