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
        estimated=one.estimated or other.estimated,
    )


def without_usage(one: Usage, other: Usage) -> Usage:
    """The tokens of the one that are not the other's."""
    names = [name for name in Usage.model_fields if name.endswith("_tokens")]
    return Usage.model_validate({name: max(getattr(one, name) - getattr(other, name), 0) for name in names})


def without_cost(one: Cost | None, other: Cost | None) -> Cost | None:
    """What the one costs beyond the other; None where that is nothing that is known."""
    if one is None or other is None:
        return one
    amount = Decimal(one.amount) - Decimal(other.amount)
    return one.model_copy(update={"amount": f"{amount:f}"}) if amount > 0 else None


def add_cost(one: Cost | None, other: Cost | None) -> Cost | None:
    """The amounts of those that are known; an estimate if one of them is, by prices as old as the oldest."""
    if one is None or other is None:
        return one or other
    amount = Decimal(one.amount) + Decimal(other.amount)
    noted = [cost.as_of for cost in (one, other) if cost.as_of is not None]
    return Cost(amount=f"{amount:f}", estimated=one.estimated or other.estimated, as_of=min(noted, default=None))
