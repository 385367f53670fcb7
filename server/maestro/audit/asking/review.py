"""What is known of one chunk: what was claimed about it, and whether that is all."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from maestro.audit.asking.wire import WireFinding
from maestro.errors import MaestroError


@dataclass(frozen=True, slots=True)
class Review:
    """`line` of a claim counts from the chunk's first line, 1 being that one, so that it holds wherever the chunk is.

    Only `reviewed` says that everything was looked at; `cut` keeps what came before the end of a truncated answer.
    """

    status: Literal["reviewed", "cut", "failed", "skipped"]
    claims: tuple[WireFinding, ...] = ()
    error: MaestroError | None = None
    reason: str | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    cached: bool = False
    tokens: int | None = None
    milliseconds: int | None = None


def failed(error: MaestroError) -> Review:
    """Nothing is known, because of this."""
    return Review("failed", error=error, reason=error.message)


def skipped(error: MaestroError) -> Review:
    """Nothing was asked, because of this."""
    return Review("skipped", error=error, reason=error.message)


def joined(first: Review, then: Review) -> Review:
    """What two answers say together; the later one tells how complete that is."""
    claims = (*first.claims, *(claim for claim in then.claims if claim not in first.claims))
    return replace(then, claims=claims, rejected=first.rejected + then.rejected, cached=False)
