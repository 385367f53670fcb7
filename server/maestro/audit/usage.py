"""Tokens of several requests as one sum."""

from collections.abc import Sequence

from maestro_protocol.chat import Usage


def add_usage(parts: Sequence[Usage]) -> Usage | None:
    """The sum; None if no provider said anything. The providers' own objects are left out."""
    if not parts:
        return None
    return Usage(
        input_tokens=sum(part.input_tokens for part in parts),
        cache_read_tokens=sum(part.cache_read_tokens for part in parts),
        cache_write_tokens=sum(part.cache_write_tokens for part in parts),
        output_tokens=sum(part.output_tokens for part in parts),
        reasoning_tokens=sum(part.reasoning_tokens for part in parts),
        total_tokens=sum(part.total_tokens for part in parts),
        estimated=any(part.estimated for part in parts) or None,
    )
