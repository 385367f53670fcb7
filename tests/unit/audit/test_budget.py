"""What an audit may take."""

from decimal import Decimal

from maestro.audit.asking.budget import Budget, Prices
from maestro_protocol.chat import Usage

PRICES = Prices(Decimal(1), Decimal(10))


def test_no_limit_admits_everything() -> None:
    assert all(Budget().admits(10**9) for _ in range(3))


def test_tokens_are_reserved_until_they_are_known() -> None:
    budget = Budget(max_tokens=4_100)
    assert budget.admits(240)
    assert not budget.admits(90), "two thousand for the frame and eighty for the code are reserved"
    budget.settle(240, Usage(input_tokens=10, output_tokens=10, total_tokens=20))
    assert budget.admits(240)
    assert not budget.admits(3)


def test_what_nobody_counted_stays_reserved() -> None:
    budget = Budget(max_tokens=4_000)
    assert budget.admits(300)
    budget.settle(300, None)
    assert not budget.admits(3)


def test_money_counts_input_and_output_at_their_prices() -> None:
    budget = Budget(max_cost=Decimal("0.003"), prices=PRICES)
    assert budget.admits(300)
    budget.settle(300, Usage(input_tokens=100, output_tokens=90, total_tokens=190))
    assert not budget.admits(300), "a thousandth is spent"
    assert budget.admits(0)


def test_cached_tokens_are_taken_for_new_ones() -> None:
    usage = Usage(input_tokens=1, cache_read_tokens=2, cache_write_tokens=3, output_tokens=1, total_tokens=7)
    assert PRICES.of(usage) == Decimal(16) / 1_000_000


def test_a_refusal_reserves_nothing() -> None:
    budget = Budget(max_tokens=2_010)
    assert not budget.admits(33)
    assert budget.admits(30)


def test_requests_sent_together_are_reserved_together() -> None:
    budget = Budget(max_tokens=4_100)
    assert not budget.admits(240, requests=2)
    assert budget.admits(120, requests=2)
    for _ in range(2):
        budget.settle(120, Usage(total_tokens=50))
    assert budget.admits(5_940), "a hundred are spent"
    assert not budget.admits(0)
