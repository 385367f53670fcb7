"""Costs are exact: parts add up to the whole, in any order, to the last digit."""

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.chats.totals import add_cost
from maestro.costs import FREE, Need, Prices, billed_for, plain, prices_of, total_cost
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Cost, Usage
from maestro_protocol.models import Price

AMOUNTS = st.decimals(0, 1000, places=6, allow_nan=False, allow_infinity=False)
CACHED = st.none() | AMOUNTS
TOKENS = st.integers(0, 3_000_000)
USAGES = st.builds(
    Usage, input_tokens=TOKENS, cache_read_tokens=TOKENS, cache_write_tokens=TOKENS, output_tokens=TOKENS
)
PRICES = st.builds(Prices, AMOUNTS, AMOUNTS, CACHED, CACHED, st.none() | st.just("2026-01-01"))


def of(prices: Prices, usage: Usage) -> Fraction:
    """The same, in fractions."""
    into = Fraction(prices.input)
    read = into if prices.cache_read is None else Fraction(prices.cache_read)
    write = into if prices.cache_write is None else Fraction(prices.cache_write)
    parts = (
        into * usage.input_tokens,
        read * usage.cache_read_tokens,
        write * usage.cache_write_tokens,
        Fraction(prices.output) * usage.output_tokens,
    )
    return sum(parts, Fraction(0)) / 1_000_000


@given(PRICES, USAGES)
def test_nothing_is_rounded(prices: Prices, usage: Usage) -> None:
    assert Fraction(prices.of(usage)) == of(prices, usage)
    cost = total_cost([(prices, usage)])
    assert cost is not None
    assert Fraction(Decimal(cost.amount)) == of(prices, usage)
    assert "e" not in cost.amount.lower()


@given(st.lists(st.tuples(st.none() | PRICES, USAGES), max_size=8), st.randoms(use_true_random=False))
def test_the_sum_equals_its_parts_in_any_order(requests: list[tuple[Prices | None, Usage]], rng: random.Random) -> None:
    whole = total_cost(requests)
    one_by_one: Cost | None = None
    shuffled = rng.sample(requests, len(requests))
    for request in shuffled:
        one_by_one = add_cost(one_by_one, total_cost([request]))
    assert total_cost(shuffled) == whole
    assert (whole is None) == (one_by_one is None)
    if whole is not None and one_by_one is not None:
        assert Decimal(whole.amount) == Decimal(one_by_one.amount)
        assert whole.as_of == one_by_one.as_of
        known = [of(prices, usage) for prices, usage in requests if prices is not None]
        assert Fraction(Decimal(whole.amount)) == sum(known, Fraction(0))


def test_a_long_prompt_costs_its_own_price_as_a_whole() -> None:
    prices = Prices(Decimal(1), Decimal(2), longer=((100, Prices(Decimal(3), Decimal(4))),))
    assert prices.of(Usage(input_tokens=50, cache_read_tokens=50, output_tokens=10)) * 1_000_000 == 120
    assert prices.of(Usage(input_tokens=51, cache_read_tokens=50, output_tokens=10)) * 1_000_000 == 343
    assert prices.need(100, 0) == Need(Decimal("0.0001"), Decimal("0.0001"))


def test_an_unknown_price_is_no_price_and_nothing_is_one() -> None:
    assert total_cost([(None, Usage(input_tokens=5))]) is None
    assert total_cost([(FREE, Usage(input_tokens=5))]) == Cost(amount="0")


@pytest.mark.parametrize("told", ["", "much", "NaN", "-1", "Infinity"])
def test_what_is_no_price_is_not_taken_for_one(told: str) -> None:
    assert prices_of(Price(input=told, output="1")) is None
    assert prices_of(Price(input="1", output="1", cache_read=told)) is None


@given(PRICES)
def test_a_price_survives_the_wire(prices: Prices) -> None:
    again = prices_of(prices.to_wire())
    assert again == prices


@given(AMOUNTS)
def test_an_amount_is_written_without_an_exponent(amount: Decimal) -> None:
    assert Decimal(plain(amount)) == amount
    assert set(plain(amount)) <= set("0123456789.")


def test_what_the_service_says_it_bills_is_the_cost() -> None:
    told = Usage(input_tokens=1_000, total_tokens=1_000, raw={"cost": 0.00042})
    assert total_cost([(None, told)]) == Cost(amount="0.00042", estimated=False)
    own = Usage(input_tokens=1_000_000, total_tokens=1_000_000)
    mixed = total_cost([(Prices(Decimal(2), Decimal(2), as_of="2026-03-01"), usage) for usage in (told, own)])
    assert mixed == Cost(amount="2.00042", estimated=True, as_of="2026-03-01")


@pytest.mark.parametrize(
    "told",
    [{}, {"cost": True}, {"cost": "0.1"}, {"cost": -1}, {"cost": {"total_cost": 1}}, {"cost": 1, "is_byok": True}],
)
def test_what_is_no_bill_is_not_taken_for_one(told: JsonObject) -> None:
    assert billed_for(Usage(input_tokens=1, total_tokens=1, raw=told)) is None
