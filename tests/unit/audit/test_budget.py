"""What an audit may take."""

import asyncio
from decimal import Decimal

import pytest

from maestro.audit.asking.budget import Budget, Prices
from maestro.costs import Need
from maestro.errors import MaestroError
from maestro_protocol.chat import Usage

PRICES = Prices(Decimal(1), Decimal(10))


def usage(prompt: int, output: int) -> Usage:
    return Usage(input_tokens=prompt, output_tokens=output, total_tokens=prompt + output)


def reserved(budget: Budget, chars: int, most: int = 0) -> Usage:
    found = budget.reserve(chars, most)
    assert found is not None
    return found


def test_no_limit_admits_everything() -> None:
    assert all(Budget().reserve(10**9, 10**6) for _ in range(3))


def test_tokens_are_reserved_until_they_are_known() -> None:
    budget = Budget(max_tokens=4_100)
    first = reserved(budget, 240)
    assert budget.reserve(90, 0) is None, "two thousand for the frame and eighty for the code are reserved"
    budget.settle(first, usage(10, 10))
    reserved(budget, 210)
    assert budget.reserve(3, 0) is None


def test_what_nobody_counted_stays_taken() -> None:
    budget = Budget(max_tokens=4_000)
    budget.settle(reserved(budget, 300), None, said=30)
    assert budget.taken == [usage(2_100, 10).model_copy(update={"estimated": True})]
    assert budget.reserve(3, 0) is None


def test_what_was_not_sent_is_free_again() -> None:
    budget = Budget(max_tokens=2_100)
    budget.release(reserved(budget, 300))
    reserved(budget, 300)


def test_money_counts_input_and_output_at_their_prices() -> None:
    budget = Budget(max_cost=Decimal("0.0039"), prices=PRICES)
    budget.settle(reserved(budget, 300), usage(100, 90))
    assert budget.reserve(300, 0) is None, "a thousandth is spent, and 2,100 tokens with an answer of 90 cost three"
    reserved(budget, 0)


def test_only_the_first_request_may_have_any_answer() -> None:
    budget = Budget(max_cost=Decimal("0.003"), prices=PRICES)
    reserved(budget, 0, most=80_000)
    assert budget.reserve(0, 0) is None


def test_answers_are_expected_to_be_as_long_as_those_before() -> None:
    budget = Budget()
    assert reserved(budget, 0, most=80).output_tokens == 10
    budget.settle(reserved(budget, 0), usage(1, 100))
    budget.settle(reserved(budget, 0), usage(1, 300))
    assert reserved(budget, 0, most=80).output_tokens == 200


def test_whoever_agrees_hears_what_is_spent_and_what_is_reserved() -> None:
    heard: list[tuple[Need, Decimal, Decimal]] = []

    async def agree(more: Need, so_far: Decimal, held: Decimal) -> None:
        heard.append((more, so_far, held))
        if len(heard) == 3:
            raise MaestroError("budgetExceeded", "No.")

    async def take() -> None:
        budget = Budget(prices=PRICES, agree=agree)
        first = await budget.take(0, 800)
        await budget.take(0, 800)
        budget.settle(first, usage(1_000, 100))
        with pytest.raises(MaestroError):
            await budget.take(0, 800)
        assert budget.reserve(0, 800) is not None

    asyncio.run(take())
    alone, whole = Need(Decimal("0.002"), Decimal("0.003")), Need(Decimal("0.003"), Decimal("0.003"))
    assert heard == [
        (alone, Decimal(0), Decimal(0)),
        (whole, Decimal(0), Decimal("0.003")),
        (whole, Decimal("0.002"), Decimal("0.003")),
    ]


def test_cached_tokens_are_taken_for_new_ones() -> None:
    cached = Usage(input_tokens=1, cache_read_tokens=2, cache_write_tokens=3, output_tokens=1, total_tokens=7)
    assert PRICES.of(cached) == Decimal(16) / 1_000_000


def test_a_refusal_reserves_nothing() -> None:
    budget = Budget(max_tokens=2_010)
    assert budget.reserve(33, 0) is None
    reserved(budget, 30)
