"""What the lists of compatible services say of prices, as dollars per million tokens."""

from decimal import Decimal, DecimalException
from typing import NamedTuple

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from maestro_protocol.models import Price


class _Tariff(NamedTuple):
    """What a service calls its prices, and how many dollars per million tokens its unit is."""

    input: str
    output: str
    cache_read: str
    cache_write: str
    unit: Decimal


_TARIFFS = (
    # OpenRouter: dollars per token.
    _Tariff("prompt", "completion", "input_cache_read", "input_cache_write", Decimal(1_000_000)),
    # Together: dollars per million tokens; 0 and 0 also for models that are not sold by the token.
    _Tariff("input", "output", "cached_input", "", Decimal(1)),
    # xAI: cents per hundred million tokens.
    _Tariff(
        "prompt_text_token_price", "completion_text_token_price", "cached_prompt_text_token_price", "", Decimal("1e-4")
    ),
)
_LEAST, _MOST = Decimal("1e-6"), Decimal("1e6")


def prices(entry: JsonObject) -> Price | None:
    """Those under `pricing`, or in the entry itself; None where they are not said, or depend (OpenRouter's -1)."""
    pricing = entry.get("pricing")
    told = pricing if isinstance(pricing, dict) else entry
    return next((_price(told, tariff) for tariff in _TARIFFS if tariff.input in told), None)


def _price(told: JsonObject, tariff: _Tariff) -> Price | None:
    paid, got = _amount(told.get(tariff.input), tariff), _amount(told.get(tariff.output), tariff)
    if paid is None or got is None or (tariff.input == "input" and not paid + got):
        return None
    return Price(
        input=_plain(paid),
        output=_plain(got),
        cache_read=_other(told.get(tariff.cache_read), tariff, paid),
        cache_write=_other(told.get(tariff.cache_write), tariff, paid),
    )


def _other(value: JsonValue, tariff: _Tariff, paid: Decimal) -> str | None:
    """A price of the cache; 0 beside a price for input means that none was entered."""
    amount = _amount(value, tariff)
    return _plain(amount) if amount is not None and (amount or not paid) else None


def _amount(value: JsonValue, tariff: _Tariff) -> Decimal | None:
    """None for what is no number, for less than nothing, and for what nobody asks for a million tokens."""
    try:
        amount = Decimal(str(value)) * tariff.unit
        return amount if amount == 0 or _LEAST <= amount <= _MOST else None
    except DecimalException:
        return None


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
