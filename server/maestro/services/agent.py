"""A turn of a chat: requests to the model and calls of tools, in turns, until there is a reason to stop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from maestro.errors import MaestroError
from maestro.intents import schema
from maestro.services.models import Target
from maestro.services.prompt import Prompt
from maestro.services.rerouting import Rerouting
from maestro.services.round import Round, answer_of
from maestro.services.spending import Allowance
from maestro.services.tool_calls import ToolCalls
from maestro.services.transcript import Transcript
from maestro.services.turn import Turn
from maestro.services.turn_stream import TurnStream
from maestro.streaming.messages import FunctionCall
from maestro.tools.base import Tool
from maestro_protocol.chat import ChatMessage, ChatParams, ContentPart, Limit, ToolCallPart
from maestro_protocol.chat import Tool as OfferedTool
from maestro_protocol.events import TurnNotice, TurnRestarted
from maestro_protocol.settings import Settings


class Clock:
    """The time a turn may take; it stands still while the user is asked."""

    def __init__(self, milliseconds: int) -> None:
        self._seconds = milliseconds / 1000 if milliseconds else None
        self.timeout = asyncio.timeout(self._seconds)

    @contextmanager
    def paused(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        when = self.timeout.when()
        left = None if when is None else when - loop.time()
        self.timeout.reschedule(None)
        try:
            yield
        finally:
            if left is not None:
                self.timeout.reschedule(loop.time() + left)


class SpendingLimit(NamedTuple):
    """What a turn may take; checked between its rounds."""

    name: Limit
    spent: Callable[[Turn], int]
    most: Callable[[Settings], int]
    """0 is no limit."""

    def is_reached(self, turn: Turn, settings: Settings) -> bool:
        return 0 < self.most(settings) <= self.spent(turn)


LIMITS: Sequence[SpendingLimit] = (
    SpendingLimit("tokens", lambda turn: turn.usage.total_tokens, lambda settings: settings.chat.max_turn_tokens),
)
"""The other ends of a turn: rounds and cost here, time by the clock, repetition and intents by `tool_calls.py`."""

_BROKE_OFF = "The answer broke off within this call."


@dataclass(slots=True)
class Agent:
    """Conducts one turn. `calls` and `clock` are made by whoever makes the agent."""

    turn: Turn
    allowance: Allowance
    prompt: Prompt
    transcript: Transcript
    calls: ToolCalls
    clock: Clock
    tools: Mapping[str, Tool]
    params: ChatParams
    settings: Settings
    out: TurnStream
    rerouting: Rerouting
    parts: list[ContentPart] = field(default_factory=list)
    """Everything the model said in this turn."""
    _rounds: int = 0
    _restarted: Target | None = None
    """Whose answer was begun anew last."""
    _call_ids: set[str] = field(default_factory=set)
    _asked: list[FunctionCall] = field(default_factory=list)
    """The calls of answers that came to their end."""

    async def answer(self) -> None:
        """Raises MaestroError: what kept the provider from answering to the end."""
        try:
            async with self.clock.timeout:
                await self._converse()
        except TimeoutError:
            if not self.clock.timeout.expired():
                raise
            self.turn.stop_reason, self.turn.limit = "limit", "time"
        finally:
            self._end_calls()

    def message(self) -> ChatMessage | None:
        """What was said, as one message; None if nothing was."""
        return answer_of(self.parts)

    def _end_calls(self) -> None:
        """Every call that was begun has an end, also where the turn broke off before its turn came."""
        events = self.calls.events
        for call in self._asked:
            events.finish(call, "cancelled", "The turn ended before this call was run.")
        for call_id in self._call_ids:
            events.end(call_id, "cancelled", _BROKE_OFF)

    async def _converse(self) -> None:
        if self.allowance.notice:
            self.out.emit(TurnNotice, severity="warning", message=self.allowance.notice)
        await self.rerouting.begin()
        try:
            while await self._goes_on(await self._ask(f"{self.turn.id}.{self._rounds + 1}")):
                pass
        except MaestroError as refusal:
            if refusal.kind != "budgetExceeded":
                raise
            self.turn.stop_reason, self.turn.limit = "limit", "cost"
            self.out.emit(TurnNotice, severity="warning", message=refusal.message)

    async def _ask(self, message_id: str) -> Round:
        """The answer of the first target that gives one; what broke off and is not begun anew is kept."""
        while True:
            one = await self._round(message_id)
            again = False
            try:
                await self._relay(one)
            except MaestroError as error:
                again = await self._asks_again(one, error)
                if not again:
                    raise self.rerouting.retold(error) from None
            finally:
                if not again:
                    self._keep(one)
            if not again:
                return one

    async def _round(self, message_id: str) -> Round:
        turn, messages = self.turn, await self.prompt.messages()
        if turn.requests:  # the first one's is asked for before the turn begins
            await self.allowance.require(self.prompt.tokens, turn.spent)
        if self.prompt.notice:
            self.out.emit(TurnNotice, severity="warning", message=self.prompt.notice)
        one = Round(turn.target, messages, message_id, turn.target.applied(self.params), _offered(self.tools))
        one.once, one.taken_ids = self.rerouting.has_others, self._call_ids
        one.on_usage = lambda: turn.tell_usage(self.out, one.usage, self.prompt.size)
        return one

    async def _relay(self, one: Round) -> None:
        try:
            await one.relay(self.out)
        finally:
            self.turn.requests += 1 + one.retries
            self.turn.retries += one.retries
            self.turn.count(one.usage)

    async def _asks_again(self, one: Round, error: MaestroError) -> bool:
        """Whether the answer is begun anew: by the next target of a route, or by the same one. What was shown is
        discarded only where the user wants that."""
        due = self.rerouting.is_due(error)
        restarts = (one.shown or not due) and self._may_restart(error, due=due)
        if one.shown and not restarts:
            return False
        if restarts:
            await self._allow_restart(due=due)
            self._restarted = self.turn.target
            self._end_broken_calls(one)
            self.out.emit(TurnRestarted, message_id=one.message_id)
            one.discard()
        return (due and await self.rerouting.move(error)) or restarts

    def _may_restart(self, error: MaestroError, *, due: bool) -> bool:
        """Once per target, where the user wants it: an answer that broke off and that the provider cannot resume."""
        broke_off = due or error.kind == "streamInterrupted"
        wanted = self.settings.chat.restart_interrupted == "auto"
        return wanted and broke_off and self._restarted is not self.turn.target

    async def _allow_restart(self, *, due: bool) -> None:
        """Ask the budgets before what was paid for is discarded. Raises MaestroError: 4208."""
        if self.allowance.is_set:
            prices = await self.turn.prices.known(next(self.rerouting.journey.others()) if due else self.turn.target)
            self.allowance.require_within_turn(prices, self.prompt.tokens, self.turn.spent)

    def _end_broken_calls(self, one: Round) -> None:
        """Before the next attempt says anything."""
        for call_id in one.call_ids:
            self.calls.events.end(call_id, "cancelled", _BROKE_OFF)

    def _keep(self, one: Round) -> None:
        """Keep an answer, also one that broke off."""
        for call in one.calls:
            if call.arguments is None and one.stop_reason == "toolUse":  # its answer needs a call to stand behind
                one.parts.insert(_last_call(one.parts), ToolCallPart(tool_call_id=call.id, name=call.name, input={}))
        self.parts += one.parts
        tokens = one.usage.output_tokens - one.usage.reasoning_tokens
        self.transcript.answered(one.message_id, one.parts, tokens=tokens or None, whole=one.whole)

    async def _goes_on(self, one: Round) -> bool:
        """Run what the model called; whether there is another round."""
        self._rounds += 1
        if one.calls and one.stop_reason in ("toolUse", "endTurn"):
            self._asked += one.calls
            await self.calls.run(one.calls)
            if self.calls.stop is not None:
                self.turn.stop_reason, self.turn.limit = self.calls.stop
                return False
            return self._has_more_to_spend()
        if one.goes_on:
            return self._has_more_to_spend()
        self.turn.stop_reason = one.stop_reason
        return False

    def _has_more_to_spend(self) -> bool:
        reached = next((limit for limit in LIMITS if limit.is_reached(self.turn, self.settings)), None)
        if reached is not None:
            self.turn.stop_reason, self.turn.limit = "limit", reached.name
        elif self._rounds >= self.settings.chat.max_rounds:
            self.turn.stop_reason = "maxRounds"
        else:
            return True
        return False


def _offered(tools: Mapping[str, Tool]) -> Sequence[OfferedTool]:
    """The tools as the model sees them: each asks for the intent."""
    return [
        OfferedTool(
            name=tool.spec.name,
            description=tool.spec.description,
            input_schema=schema.with_intent(tool.spec.input_schema, required=not tool.spec.annotations.read_only),
        )
        for tool in tools.values()
    ]


def _last_call(parts: Sequence[ContentPart]) -> int:
    """Where a call belongs: behind the text, before what is replayed verbatim."""
    behind = [index + 1 for index, part in enumerate(parts) if part.type != "replay"]
    return behind[-1] if behind else 0
