"""What an audit may take: tokens, or money where the model's prices are known."""

from dataclasses import dataclass
from decimal import Decimal

from maestro_protocol.chat import Usage

CHARS_PER_TOKEN = 3
"""Of code, on the safe side."""
_FRAME = 6_000
"""Characters of a request beside the code: instructions, rules, line numbers."""
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: Decimal
    output: Decimal

    def of(self, usage: Usage) -> Decimal:
        """What this took; cached tokens are taken for new ones."""
        read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        return (self.input * read + self.output * usage.output_tokens) / _MILLION


@dataclass(slots=True)
class Budget:
    """Shared by all requests of an audit; a limit of None is none. `max_cost` needs `prices`."""

    max_tokens: int | None = None
    max_cost: Decimal | None = None
    prices: Prices | None = None
    _tokens: int = 0
    _cost: Decimal = Decimal(0)

    def admits(self, chars: int, requests: int = 1) -> bool:
        """Whether requests about so many characters of code fit, whatever an answer takes; if so they are reserved."""
        tokens = requests * _estimate(chars)
        cost = self._price(Usage(input_tokens=tokens))
        if self.max_tokens is not None and self._tokens + tokens > self.max_tokens:
            return False
        if self.max_cost is not None and self._cost + cost > self.max_cost:
            return False
        self._tokens += tokens
        self._cost += cost
        return True

    def settle(self, chars: int, usage: Usage | None) -> None:
        """Put what a request took in the place of what was reserved for it."""
        if usage is None:
            return
        self._tokens += usage.total_tokens - _estimate(chars)
        self._cost += self._price(usage) - self._price(Usage(input_tokens=_estimate(chars)))

    def _price(self, usage: Usage) -> Decimal:
        return self.prices.of(usage) if self.prices is not None else Decimal(0)


def _estimate(chars: int) -> int:
    """Tokens of a request about so many characters of code."""
    return (chars + _FRAME) // CHARS_PER_TOKEN
