"""What an audit may take: tokens, or money where the model's prices are known."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from maestro.costs import Need, billed_for
from maestro.costs import Prices as Prices
from maestro.errors import MaestroError
from maestro_protocol.chat import Usage

CHARS_PER_TOKEN = 3
"""Of code, on the safe side."""
_FRAME = 6_000
"""Characters of a request beside the code: instructions, rules, line numbers."""
LEAST_TOKENS = _FRAME // CHARS_PER_TOKEN
"""Of any request."""
_FIRST_PART = 8
"""The part of the longest answer that the first ones are taken for."""
_TOO_MUCH = "The audit's budget does not allow this part; raise it, or audit less."

Agree: TypeAlias = Callable[[Need, Decimal, Decimal], Awaitable[None]]
"""Hears what the next request will cost, and what is spent and reserved at this model, in US dollars; raises 4208 to
keep it back."""


async def _agreed(more: Need, so_far: Decimal, reserved: Decimal) -> None:
    """For audits whose money nobody else counts."""


@dataclass(slots=True)
class Budget:
    """Shared by all requests of an audit; a limit of None is none. `max_cost` needs `prices`."""

    max_tokens: int | None = None
    max_cost: Decimal | None = None
    prices: Prices | None = None
    agree: Agree = _agreed
    taken: list[Usage] = field(default_factory=list)
    """By the requests that were answered, as far as the provider told."""
    requests: int = 0
    """That were answered."""
    _tokens: int = 0
    _cost: Decimal = Decimal(0)
    _taken_tokens: int = 0
    _taken_cost: Decimal = Decimal(0)
    _before: Decimal = Decimal(0)
    """What other models cost before this one."""

    async def take(self, chars: int, most: int) -> Usage:
        """Reserve a request about so many characters of code, whose answer may have `most` tokens; to be asked right
        before it is sent. What is reserved, for `settle` or `release`.

        Raises:
            MaestroError: 4208 if it does not fit; then nothing is reserved.
        """
        least = self._least(chars, most)
        if (reserved := self.reserve(chars, most)) is None:
            raise MaestroError("budgetExceeded", _TOO_MUCH)
        whole = self._price(reserved)
        try:
            more = Need(self._price(least), whole)
            await self.agree(more, self._taken_cost - self._before, self._cost - self._taken_cost - whole)
        except MaestroError:
            self.release(reserved)
            raise
        return reserved

    def reserve(self, chars: int, most: int) -> Usage | None:
        """A request with its answer, as long as those so far were; None if it does not fit."""
        least, expected = self._least(chars, most), _guessed(_estimate(chars), self._usual_output(most))
        if self.max_tokens is not None and self._tokens + least.total_tokens > self.max_tokens:
            return None
        if self.max_cost is not None and self._cost + self._price(least) > self.max_cost:
            return None
        self._tokens += expected.total_tokens
        self._cost += self._price(expected)
        return expected

    def release(self, reserved: Usage) -> None:
        """Nothing was sent."""
        self._tokens -= reserved.total_tokens
        self._cost -= self._price(reserved)

    def settle(self, reserved: Usage, usage: Usage | None, said: int = 0) -> None:
        """Put what a request took in the place of what was reserved for it. Where nobody told, that is estimated by its
        prompt, and the characters that were said."""
        self.release(reserved)
        self.requests += 1
        usage = usage or _guessed(reserved.input_tokens, said // CHARS_PER_TOKEN)
        self.taken.append(usage)
        self._taken_tokens += usage.total_tokens
        self._taken_cost += self._price(usage)
        self._tokens += usage.total_tokens
        self._cost += self._price(usage)

    def after(self, other: "Budget") -> "Budget":
        """Goes on where another model's ended: what was only reserved at that one is free again."""
        self._tokens = self._taken_tokens = other._taken_tokens
        self._cost = self._taken_cost = self._before = other._taken_cost
        return self

    def _least(self, chars: int, most: int) -> Usage:
        """What there must be room for: the first of all requests may have any answer."""
        is_first = not self.taken and self._tokens == self._taken_tokens
        return _guessed(_estimate(chars), 0 if is_first else self._usual_output(most))

    def _usual_output(self, most: int) -> int:
        """Tokens of an answer: the mean of those so far, at first a part of what it may have."""
        answers = [usage.output_tokens for usage in self.taken]
        return sum(answers) // len(answers) if answers else most // _FIRST_PART

    def _price(self, usage: Usage) -> Decimal:
        if (billed := billed_for(usage)) is not None:
            return billed
        return self.prices.of(usage) if self.prices is not None else Decimal(0)


def _guessed(prompt: int, output: int) -> Usage:
    return Usage(input_tokens=prompt, output_tokens=output, total_tokens=prompt + output, estimated=True)


def _estimate(chars: int) -> int:
    """Tokens of a request about so many characters of code."""
    return (chars + _FRAME) // CHARS_PER_TOKEN
