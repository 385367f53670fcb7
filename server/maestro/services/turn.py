"""A turn: begun once, ended once, whatever happens in between; and what it has cost so far."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

from maestro.errors import MaestroError
from maestro.services.models import Target
from maestro.services.turn_stream import TurnStream
from maestro.telemetry import TurnSpan
from maestro_protocol.chat import Cost, Limit, StopReason, Usage
from maestro_protocol.events import TurnCompleted, UsageUpdated
from maestro_protocol.models import Price

_MILLION = 1_000_000
_NO_SPAN = TurnSpan()


def new_id(prefix: str) -> str:
    """`turn_3f…`: an id nobody else has."""
    return f"{prefix}_{uuid4().hex[:16]}"


@dataclass(slots=True)
class Turn:
    """What is known of a turn so far. `stop_reason` and `limit` are set by whoever conducts it."""

    target: Target
    prices: Price | None = None
    id: str = field(default_factory=lambda: new_id("turn"))
    stop_reason: StopReason = "interrupted"
    limit: Limit | None = None
    usage: Usage = field(default_factory=Usage)
    requests: int = 0
    retries: int = 0

    @property
    def cost(self) -> Cost | None:
        """None where nobody has told the model's price."""
        return cost_of(self.usage, self.prices)

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
            span.ended(self.stop_reason, self.usage, error.kind if error else None)
        if error:
            raise error

    def tell_usage(self, out: TurnStream, usage: Usage, size: int | None) -> None:
        """Say what the turn has cost, `usage` of the request under way included."""
        total = added(self.usage, usage)
        used = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        context = {"used": used, "size": size} if used else None
        out.emit(UsageUpdated, usage=total, cost=cost_of(total, self.prices), context=context)


def added(one: Usage, other: Usage) -> Usage:
    """The tokens of both; the provider's own object stays where there is only one."""
    if one == Usage():
        return other
    names = [name for name in Usage.model_fields if name.endswith("_tokens")]
    return Usage.model_validate({name: getattr(one, name) + getattr(other, name) for name in names})


def cost_of(usage: Usage, prices: Price | None) -> Cost | None:
    """An estimate from the listed price; cached tokens count as input, since lists do not say what they cost."""
    if prices is None:
        return None
    entered = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    amount = (Decimal(prices.input) * entered + Decimal(prices.output) * usage.output_tokens) / _MILLION
    return Cost(amount=f"{amount:.6f}".rstrip("0").rstrip(".") or "0")
