"""A budget beside what was taken of it, and amounts of money as people read them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from typing import NamedTuple

from maestro.costs import plain
from maestro.errors import MaestroError
from maestro_protocol.errors import Issue

_WAYS: Mapping[str, str] = {
    "turn": "send less, take a cheaper model, or raise `budgets.turn`",
    "chat": "go on in a new chat, or raise `budgets.chat`",
    "day": "raise `budgets.day`, or wait until midnight UTC, when it begins anew",
}

_UNKNOWN = "what this request takes is not known"


class Taken(NamedTuple):
    """A budget beside what has been spent of it, and what is held for requests under way, in US dollars."""

    scope: str
    limit: Decimal
    spent: Decimal
    held: Decimal = Decimal(0)

    def require(self, more: Decimal) -> None:
        """Raises MaestroError: 4208 if so much more is too much."""
        if 0 < self.limit < self.spent + self.held + more:
            held = f" and {dollars(self.held, up=True)} held for requests under way" if self.held else ""
            of = f"Of the {exactly(self.limit)} a {self.scope} may cost, {dollars(self.spent, up=True)} are spent{held}"
            would = f"this request would take about {dollars(more, up=True)}" if more else _UNKNOWN
            message = f"{of}, and {would}; {_WAYS[self.scope]}."
            issue = Issue(path=f"budgets.{self.scope}", message=f"is {exactly(self.limit)}, which does not allow this")
            raise MaestroError("budgetExceeded", message, issues=[issue])


def dollars(amount: Decimal, *, up: bool = False) -> str:
    """`$0.42`; of less than ten cents two digits that say something, and nothing is shown as none. With `up` never less
    than it is."""
    rounding = ROUND_UP if up else ROUND_HALF_EVEN
    if amount and amount < Decimal("0.1"):
        return f"${plain(Context(2, rounding).create_decimal(amount))}"
    return f"${amount.quantize(Decimal('0.01'), rounding):,.2f}"


def exactly(amount: Decimal) -> str:
    """`$0.50` or `$0.125`: every digit, and cents at least."""
    return f"${amount:,.2f}" if amount == round(amount, 2) else f"${plain(amount)}"
