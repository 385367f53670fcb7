"""Budgets: whether money may be spent is asked before it is, and what is under way counts as spent."""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from maestro.chats import spent, turns
from maestro.chats.turns import NewTurn, Outcome
from maestro.costs import Need, Prices, plain
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.models.price_lists import EXTRA, are_missing
from maestro.services.status import StatusService
from maestro.services.taken import Taken, dollars, exactly
from maestro_protocol.chat import Cost, Usage
from maestro_protocol.settings import BudgetSettings
from maestro_protocol.usage import BudgetState

_NEARLY = Decimal("0.8")
"""The part of the day's budget from which on the status says so."""
_MOMENTS = 0.2
"""Seconds; a server has half a second for its whole end."""
_USUAL_ANSWER = 1_000
"""Tokens, of a model that has not answered yet."""


@dataclass(slots=True)
class Allowance:
    """What one turn, or one audit, may spend. `row` is how it stands, or would stand, among the turns on disk."""

    spending: "Spending"
    budgets: BudgetSettings
    row: NewTurn
    prices: Callable[[], Prices | None]
    """Of the model that is asked now."""
    output: int = 0
    """Tokens its answer is taken for."""
    chat_spent: Decimal = Decimal(0)
    """Of the chat, before this turn."""
    holds: bool = False
    """Whether something is held; also where the day has no budget, for the case that this process dies."""

    @property
    def is_set(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.budgets.turn or self.budgets.chat or self.budgets.day)

    @property
    def notice(self) -> str | None:
        """What to tell once of a model whose cost is not known."""
        if not self.is_set or self.prices() is not None:
            return None
        told = f"The price of {self.row.model} is not known, so the budgets do not count what it costs"
        return f"{told}; `pip install '{EXTRA}'` brings public price lists." if are_missing() else f"{told}."

    async def require(self, tokens: int, spent_so_far: Decimal = Decimal(0)) -> None:
        """Ask for a request with so many tokens, and hold what it will cost.

        Raises:
            MaestroError: 4208 in one sentence; 4901.
        """
        if more := self._check(tokens, spent_so_far):
            await self.hold(more, spent_so_far)

    async def require_day(self, tokens: int) -> None:
        """Ask for a request with so many tokens, and hold nothing. Raises as `require`."""
        if (more := self._check(tokens, Decimal(0))) and self.budgets.day:
            others = await self.spending.database.read(self._others)
            Taken("day", _limit(self.budgets.day), *others).require(more.prompt)

    async def hold(self, more: Need, spent_so_far: Decimal, reserved: Decimal = Decimal(0)) -> None:
        """Ask the day for so much more than is spent, and reserved, and hold all of it. Raises as `require`."""
        if more:
            await self.spending.database.run(lambda connection: self._hold(connection, more, spent_so_far, reserved))

    def require_within(self, connection: sqlite3.Connection | None, tokens: int) -> None:
        """The same for a turn's first request, in the transaction that begins the turn; without a connection the turn's
        chat is not in the database on disk. For the threads of databases."""
        if not (more := self._check(tokens, Decimal(0))):
            return
        if connection is not None:
            self._hold(connection, more, Decimal(0))
        else:
            self.spending.database.run_now(lambda disk: self._hold(disk, more, Decimal(0)))

    def require_within_turn(self, prices: Prices | None, tokens: int, spent_so_far: Decimal) -> None:
        """Ask for a request at these prices, of the turn's and the chat's budget alone. Raises 4208."""
        more = prices.of(Usage(input_tokens=tokens)) if prices else Decimal(0)
        if more or prices is None:
            Taken("turn", _limit(self.budgets.turn), spent_so_far).require(more)
            Taken("chat", _limit(self.budgets.chat), self.chat_spent + spent_so_far).require(more)

    def _check(self, tokens: int, spent_so_far: Decimal) -> Need | None:
        """What the request will cost; None where that is nothing, or not known. Raises 4208 for the turn and the
        chat."""
        prices = self.prices()
        if prices is not None or spent_so_far:
            self.require_within_turn(prices, tokens, spent_so_far)
        return prices.need(tokens, self.output) if prices and self.is_set else None

    def _hold(
        self, connection: sqlite3.Connection, more: Need, spent_so_far: Decimal, reserved: Decimal = Decimal(0)
    ) -> None:
        """What is alone may have any answer; beside others there must be room for a usual one."""
        own = spent_so_far - spent.of_parts(connection, self.row.id)  # those are among the others
        others, held = self._others(connection)
        day = Taken("day", _limit(self.budgets.day), others + own, held + reserved)
        day.require(more.whole if day.held else more.prompt)
        spent.hold(connection, self.row, own + reserved + more.whole)
        self.holds = True

    def _others(self, connection: sqlite3.Connection) -> tuple[Decimal, Decimal]:
        """What all others have spent today, and what they hold."""
        return spent.and_held(connection, today(), but=self.row.id)


@dataclass(slots=True)
class _Answers:
    """How long a model's answers were in this process."""

    tokens: int = 0
    requests: int = 0

    @property
    def usual(self) -> int:
        """Tokens of one."""
        return self.tokens // self.requests if self.requests else _USUAL_ANSWER

    def add(self, outcome: Outcome) -> None:
        if outcome.usage.output_tokens:
            self.tokens += outcome.usage.output_tokens
            self.requests += max(1, outcome.requests - outcome.retries)


class Spending:
    """The budgets of all windows, by what the database on disk tells."""

    def __init__(self, runtime: Runtime, database: Database, status: StatusService) -> None:
        self._runtime = runtime
        self._status = status
        self._day: tuple[datetime, Decimal] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._warned: set[str] = set()
        self._pricing: set[asyncio.Task[None]] = set()
        self._answers: defaultdict[str, _Answers] = defaultdict(_Answers)
        """By the model's id."""
        self.database = database
        status.warnings.append(self.warning)

    @property
    def is_limited(self) -> bool:
        """Whether prices must be known before a request."""
        budgets = self._runtime.settings.budgets
        return bool(budgets.turn or budgets.chat or budgets.day)

    @property
    def has_day(self) -> bool:
        """Whether the day has a budget."""
        return bool(self._runtime.settings.budgets.day)

    def allowance(self, row: NewTurn, prices: Callable[[], Prices | None], most: int | None = None) -> Allowance:
        """For a turn whose answers may have `most` tokens; None is as many as the model likes."""
        output = self._answers[row.model].usual if most is None else most
        return Allowance(self, self._runtime.settings.budgets, row, prices, output)

    def of_audit(self, row: NewTurn, prices: Callable[[], Prices | None]) -> Allowance:
        """For an audit the day's budget counts alone."""
        return Allowance(self, BudgetSettings(day=self._runtime.settings.budgets.day), row, prices)

    def record(self, row: NewTurn, outcome: Outcome) -> None:
        """Keep what a turn without a chat on disk took; nobody waits for it."""
        self.database.post(lambda connection: turns.record(connection, row, outcome))
        self.ended(row, outcome)

    def ended(
        self, row: NewTurn, outcome: Outcome, cost_later: Callable[[], Awaitable[Cost | None]] | None = None
    ) -> None:
        """Something was spent: look at the day anew. What that cost is added when it is known, if it was not."""
        self._answers[row.model].add(outcome)
        if cost_later is not None and outcome.cost is None and outcome.usage.total_tokens:
            task = asyncio.create_task(self._price(row.id, cost_later))
            self._pricing.add(task)
            task.add_done_callback(self._pricing.discard)
        if self.has_day and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self.look())

    async def aclose(self) -> None:
        """Let what was just spent have its price, if that is a matter of moments."""
        if self._pricing:
            _, late = await asyncio.wait(self._pricing, timeout=_MOMENTS)
            for task in late:
                task.cancel()

    async def _price(self, turn_id: str, cost_later: Callable[[], Awaitable[Cost | None]]) -> None:
        if (cost := await cost_later()) is not None:
            with suppress(MaestroError):
                await self.database.run(lambda connection: turns.price(connection, turn_id, cost))

    async def budgets(self, chat_spent: Decimal | None = None) -> Sequence[BudgetState]:
        """Those that are set."""
        budgets = self._runtime.settings.budgets
        taken = {"turn": None, "chat": chat_spent, "day": await self.of_today() if budgets.day else None}
        limits = {"turn": budgets.turn, "chat": budgets.chat, "day": budgets.day}
        return [_state(scope, _limit(limit), taken[scope]) for scope, limit in limits.items() if limit]

    async def of_today(self) -> Decimal:
        """US dollars of all windows, with what is held for requests under way."""
        day = today()
        amount = await self.database.read(lambda connection: spent.since(connection, day))
        self._day = day, amount
        return amount

    def warning(self) -> str | None:
        """What the status says of the day's budget, as far as it was looked at."""
        limit = _limit(self._runtime.settings.budgets.day)
        if not limit or self._day is None or self._day[0] != today() or self._day[1] < limit * _NEARLY:
            return None
        left = f"{dollars(self._day[1])} of the day's budget of {exactly(limit)} are spent"
        return f"{left}; it begins anew at midnight UTC." if self._day[1] >= limit else f"{left}."

    def warn_once(self, notice: str | None) -> None:
        """For what has no events to tell it in."""
        if notice is not None and notice not in self._warned:
            self._warned.add(notice)
            self._runtime.warn(notice)

    async def look(self) -> None:
        """Have the status say how much of the day's budget is left, if there is one."""
        if not self.has_day:
            return
        with suppress(MaestroError):  # whoever spends next is told
            await self.of_today()
            self._status.tell()


def today() -> datetime:
    """When this day, as UTC counts, began."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _state(scope: str, limit: Decimal, of: Decimal | None) -> BudgetState:
    values = {"scope": scope, "limit": plain(limit), "spent": None if of is None else plain(of)}
    return BudgetState.model_validate(values)


def _limit(setting: float) -> Decimal:
    return Decimal(str(setting))
