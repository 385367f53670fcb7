"""What tokens cost, to the last digit."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from maestro_protocol.chat import Cost, Usage
from maestro_protocol.models import Price


class Need(NamedTuple):
    """What a request will cost, in US dollars."""

    prompt: Decimal
    """What is certain to be paid before it is answered."""
    whole: Decimal
    """With an answer as it may be expected."""


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens. What a cache takes or gives costs as `input` where nobody has told."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    as_of: str | None = None
    """The day they were noted, where they are not the service's own."""
    longer: "tuple[tuple[int, Prices], ...]" = ()
    """What all tokens of a request cost whose prompt has more than so many, the least first."""

    def of(self, usage: Usage) -> Decimal:
        """What one request took, in US dollars."""
        prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        prices = next((one for above, one in reversed(self.longer) if prompt > above), self)
        million_times = (
            prices.input * usage.input_tokens
            + _or(prices.cache_read, prices.input) * usage.cache_read_tokens
            + _or(prices.cache_write, prices.input) * usage.cache_write_tokens
            + prices.output * usage.output_tokens
        )
        return million_times.scaleb(-6)

    def need(self, prompt: int, output: int) -> "Need | None":
        """What a request of so many tokens takes; None if that is nothing."""
        asked, whole = self.of(Usage(input_tokens=prompt)), self.of(Usage(input_tokens=prompt, output_tokens=output))
        return Need(asked, whole) if whole else None

    def to_wire(self) -> Price:
        """As a list of models shows them, for prompts of the usual length."""
        return Price(
            input=plain(self.input),
            output=plain(self.output),
            cache_read=None if self.cache_read is None else plain(self.cache_read),
            cache_write=None if self.cache_write is None else plain(self.cache_write),
            as_of=self.as_of,
        )


FREE = Prices(Decimal(0), Decimal(0))


def prices_of(told: Price) -> Prices | None:
    """What a list of models said; None if it is no price."""
    try:
        given = [Decimal(one) for one in (told.input, told.output)]
        cached = [None if one is None else Decimal(one) for one in (told.cache_read, told.cache_write)]
    except InvalidOperation:
        return None
    if not all(one.is_finite() and one >= 0 for one in (*given, *cached) if one is not None):
        return None
    return Prices(given[0], given[1], cached[0], cached[1], told.as_of)


def total_cost(requests: Iterable[tuple[Prices | None, Usage]]) -> Cost | None:
    """What these requests cost together: by their services' own figures, else as far as prices are known; None where
    nothing is."""
    billed: list[Decimal] = []
    estimated: list[Decimal] = []
    noted: list[str] = []
    for prices, usage in requests:
        if (amount := billed_for(usage)) is not None:
            billed.append(amount)
        elif prices is not None:
            estimated.append(prices.of(usage))
            noted += [prices.as_of] if prices.as_of is not None else []
    if not billed and not estimated:
        return None
    amount = sum((*billed, *estimated), Decimal(0))
    return Cost(amount=plain(amount), estimated=bool(estimated), as_of=min(noted, default=None))


def billed_for(usage: Usage) -> Decimal | None:
    """US dollars that the service itself says a request cost; None where it does not, or where others bill too."""
    told = usage.raw or {}
    amount = told.get("cost")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or told.get("is_byok"):
        return None
    exact = Decimal(str(amount))
    return exact if exact.is_finite() and exact >= 0 else None


def plain(amount: Decimal) -> str:
    """`0.00417`, never with an exponent, and without zeros at its end."""
    return format(amount.normalize(), "f") if amount else "0"


def _or(price: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if price is None else price
