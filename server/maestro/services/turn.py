"""A turn: begun once, ended once, whatever happens in between; and what it has cost so far."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from typing import NamedTuple
from uuid import uuid4

from maestro.chats.totals import add_cost
from maestro.chats.turns import NewTurn, Outcome
from maestro.costs import Prices, total_cost
from maestro.errors import MaestroError
from maestro.services.models import PriceBook, Target
from maestro.services.turn_stream import TurnStream
from maestro.telemetry import TurnSpan
from maestro_protocol.chat import Cost, Limit, StopReason, Usage
from maestro_protocol.events import TurnCompleted, UsageUpdated

_NO_SPAN = TurnSpan()


def new_id(prefix: str) -> str:
    """`turn_3f…`: an id nobody else has."""
    return f"{prefix}_{uuid4().hex[:16]}"


class Leg(NamedTuple):
    """A turn's part at one target."""

    target: Target
    usage: Usage
    cost: Cost | None
    requests: int
    retries: int


@dataclass(slots=True)
class Turn:
    """What is known of a turn so far. `stop_reason` and `limit` are set by whoever conducts it."""

    target: Target
    prices: PriceBook
    id: str = field(default_factory=lambda: new_id("turn"))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    stop_reason: StopReason = "interrupted"
    limit: Limit | None = None
    usage: Usage = field(default_factory=Usage)
    requests: int = 0
    retries: int = 0
    left: list[Leg] = field(default_factory=list)
    """What the targets took that did not answer to the end, where they were asked."""
    _counted: list[Usage] = field(default_factory=list)
    """By the requests to the present target."""
    _prices: Prices | None = None
    """Those of the present target, once they are known; they hold for all its requests."""

    @property
    def leg(self) -> Leg:
        """What the present target took."""
        requests = self.requests - sum(leg.requests for leg in self.left)
        retries = self.retries - sum(leg.retries for leg in self.left)
        return Leg(self.target, reduce(added, self._counted, Usage()), self._cost_with(), requests, retries)

    @property
    def cost(self) -> Cost | None:
        """Of the targets with a known price; None where there is none of them."""
        return reduce(add_cost, [leg.cost for leg in (*self.left, self.leg)])

    @property
    def spent(self) -> Decimal:
        """US dollars, as far as they are known."""
        cost = self.cost
        return Decimal(cost.amount) if cost else Decimal(0)

    def go_to(self, target: Target) -> None:
        """Ask this one from now on."""
        if (leg := self.leg).requests:
            self.left.append(leg)
        self.target, self._prices, self._counted = target, None, []

    @property
    def outcome(self) -> Outcome:
        """As the store keeps it where there is one target."""
        return Outcome(self.stop_reason, self.usage, self.cost, self.requests, self.retries)

    async def cost_later(self) -> Cost | None:
        """Once the prices of the present target are known, if they ever are."""
        await self.prices.known(self.target)
        return self.leg.cost

    def row(self, chat_id: str | None = None, user_message_id: str | None = None) -> NewTurn:
        """As the store keeps its begin."""
        target = self.target
        return NewTurn(
            self.id, chat_id, target.provider, target.model_id, target.session_id, user_message_id, self.started_at
        )

    def price(self) -> Prices | None:
        """Of the present target, as far as it is known by now."""
        if self._prices is None:
            self._prices = self.prices.now(self.target)
        return self._prices

    def count(self, usage: Usage) -> None:
        """Add what a request to the present target took."""
        self.usage = added(self.usage, usage)
        self._counted.append(usage)

    async def run(self, out: TurnStream, answer: Callable[[], Awaitable[None]], span: TurnSpan = _NO_SPAN) -> None:
        """Carry `answer` out and tell `span` how it ended.

        Exactly one `turn.completed` ends the events, also when the task is cancelled: that is a stop reason, not a
        failure.

        Raises:
            MaestroError: what `answer` raised, after its `turn.completed`.
        """
        error: MaestroError | None = None
        try:
            await answer()
            await self.prices.known_soon(self.target)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            self.stop_reason, self.limit = "cancelled", None
        except MaestroError as failure:
            failure.data.turn_id = self.id
            self.stop_reason, self.limit, error = "error", None, failure
        except BaseException:
            self.stop_reason, self.limit = "error", None
            error = MaestroError("internalError", "Maestro failed while relaying the answer; its log says more.")
            raise
        finally:
            out.emit(
                TurnCompleted,
                stop_reason=self.stop_reason,
                limit=self.limit,
                usage=self.usage,
                cost=self.cost,
                error=error.info() if error else None,
            )
            out.close()
            span.went_to(self.target.provider, self.target.model)
            span.ended(self.stop_reason, self.usage, error.kind if error else None)
        if error:
            raise error

    def tell_usage(self, out: TurnStream, usage: Usage, size: int | None) -> None:
        """Say what the turn has cost, `usage` of the request under way included."""
        if self.price() is None:
            self.prices.want(self.target)
        total = added(self.usage, usage)
        used = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        context = {"used": used, "size": size} if used else None
        cost = reduce(add_cost, [leg.cost for leg in self.left], self._cost_with(usage))
        out.emit(UsageUpdated, usage=total, cost=cost, context=context)

    def _cost_with(self, *under_way: Usage) -> Cost | None:
        """Of the present target's requests."""
        return total_cost((self.price(), usage) for usage in (*self._counted, *under_way))


def added(one: Usage, other: Usage) -> Usage:
    """The tokens of both; the provider's own object stays where there is only one."""
    if one == Usage():
        return other
    names = [name for name in Usage.model_fields if name.endswith("_tokens")]
    values = {name: getattr(one, name) + getattr(other, name) for name in names}
    return Usage.model_validate({**values, "estimated": one.estimated or other.estimated})
