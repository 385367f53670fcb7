"""What audits may cost and did cost: their own budgets, the day's, and their rows among the turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from maestro.audit.asking.budget import LEAST_TOKENS, Budget
from maestro.audit.usage import add_usage
from maestro.chats.turns import NewTurn, Outcome
from maestro.costs import Prices, total_cost
from maestro.errors import MaestroError
from maestro.services.models import ModelService, Target
from maestro.services.spending import Allowance, Spending
from maestro_protocol.audit import AuditBudget, AuditStatus
from maestro_protocol.chat import StopReason, Usage
from maestro_protocol.errors import Issue

_ENDS: Mapping[str, StopReason] = {"failed": "error", "cancelled": "cancelled"}
"""Those that are not the end of an answer."""


@dataclass(slots=True)
class Bill:
    """An audit's money at one model. `batched` requests have prices of their own, where they are known."""

    id: str
    """The audit's; with a number behind it for who is asked after another model."""
    target: Target
    batched: bool
    budget: Budget
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    allowance: Allowance | None = None

    def row(self) -> NewTurn:
        """As it stands among the turns."""
        target = self.target
        return NewTurn(self.id, None, target.provider, target.model_id, target.session_id, None, self.started_at)


class AuditCosts:
    def __init__(self, models: ModelService, spending: Spending) -> None:
        self._models = models
        self._spending = spending

    async def budget(self, target: Target, wanted: AuditBudget | None, *, batched: bool) -> Budget:
        """What the audit itself may take. Raises MaestroError: -32602 for a cost that cannot be limited."""
        if wanted is None or wanted.max_cost is None:
            self._models.prices.want(target)
            return Budget(wanted.max_tokens if wanted else None)
        prices = await self._models.prices.known(target, batched=batched)
        if prices is None:
            message = "The prices of this model are not known, so its cost cannot be limited; limit the tokens instead."
            raise MaestroError(
                "invalidParams", message, issues=[Issue(path="budget.maxCost", message="no prices known")]
            )
        return Budget(wanted.max_tokens, Decimal(wanted.max_cost), prices)

    async def prices(self, bill: Bill) -> Prices | None:
        """Of its model, once they are known."""
        return await self._models.prices.known(bill.target, batched=bill.batched)

    async def limit_to_day(self, bill: Bill) -> None:
        """Have every request ask the day's budget, if there is one.

        Raises:
            MaestroError: 4208 where there is no room for a single one.
        """
        if not self._spending.has_day:
            return
        prices = await self.prices(bill)
        bill.allowance = allowance = self._spending.of_audit(bill.row(), lambda: prices)
        self._spending.warn_once(allowance.notice)
        await allowance.require_day(LEAST_TOKENS)
        bill.budget.prices, bill.budget.agree = prices, allowance.hold

    def record(self, bill: Bill, status: AuditStatus) -> None:
        """Keep what the audit took there, unless that is nothing."""
        budget = bill.budget
        if not budget.requests and not (bill.allowance and bill.allowance.holds):
            return
        prices = self._models.prices.now(bill.target, batched=bill.batched)
        cost = total_cost((prices, usage) for usage in budget.taken)
        stop_reason = _ENDS.get(status, "endTurn")
        usage = add_usage(budget.taken) or Usage()
        self._spending.record(bill.row(), Outcome(stop_reason, usage, cost, budget.requests))
