"""What several turns took and cost, as one sum."""

from decimal import Decimal

from maestro_protocol.chat import Cost, Usage


def add_usage(one: Usage, other: Usage) -> Usage:
    """The tokens of both. The providers' own objects are left out."""
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
        total_tokens=one.total_tokens + other.total_tokens,
    )


def add_cost(one: Cost | None, other: Cost | None) -> Cost | None:
    """The amounts of those that are known; an estimate if one of them is."""
    if one is None or other is None:
        return one or other
    amount = Decimal(one.amount) + Decimal(other.amount)
    return Cost(amount=f"{amount:f}", estimated=one.estimated or other.estimated)
