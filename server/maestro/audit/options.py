"""How to audit, and what audits share."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maestro.audit.asking.budget import Budget
from maestro.audit.asking.cache import ReviewCache
from maestro.audit.asking.chunks import MAX_CHARS
from maestro.audit.asking.flights import Flights
from maestro.audit.code.units import LastGoods
from maestro.audit.outcome import Outcomes
from maestro.audit.source import AuditSource
from maestro.positions import Encoding
from maestro_protocol.audit import FindingIntent, Severity
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Effort

CONCURRENCY = 3


@dataclass(frozen=True, slots=True)
class IntentLines:
    """Lines a tool wrote last, zero-based and inclusive, and what it said it did that for."""

    first_line: int
    last_line: int
    intent: FindingIntent

    @property
    def high_risk(self) -> bool:
        return self.intent.risk_level == "high"

    def as_data(self) -> JsonObject:
        """The intent as a prompt tells it."""
        one = self.intent
        return {"id": one.intent_id, "purpose": one.purpose, "scope": one.scope, "riskLevel": one.risk_level}


def _nobody() -> None:
    """For those who need not know."""


def _untold(done: int, of: int) -> None:
    """For those who show no progress."""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How to audit. `rules` are ids or categories, None for all; `encoding` is the unit of ranges in the result.

    `lines` are stretches from a first to a last line, zero-based; without any the whole document is meant. `asked` is
    called once all requests are under way, or known not to be needed.
    """

    provider: str
    model: str
    audit_id: str
    rules: Sequence[str] | None = None
    min_severity: Severity = "low"
    encoding: Encoding = "utf-16"
    lines: Sequence[tuple[int, int]] = ()
    budget: Budget = field(default_factory=Budget)
    written: Sequence[IntentLines] = ()
    max_tokens: int = 16_384
    chunk_chars: int = MAX_CHARS
    by_tool: bool = False
    """A tool answers and no model: it judges by whole documents, need not be paid, and its word on fixes counts."""
    effort: Effort | None = None
    """How hard the model shall think."""
    fresh: bool = False
    """Ask again about what is remembered."""
    asked: Callable[[], None] = _nobody
    told: Callable[[int, int], None] = _untold
    """Hears how many requests are answered, of how many."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all audits of a process have in common, or by default nobody."""

    cache: ReviewCache = field(default_factory=lambda: ReviewCache(None))
    flights: Flights = field(default_factory=Flights)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENCY))
    outcomes: Outcomes = field(default_factory=Outcomes)
    last_good: LastGoods = field(default_factory=LastGoods)


def asked_about(source: AuditSource, options: AuditOptions) -> Hashable:
    """What an outcome depends on."""
    rules = None if options.rules is None else tuple(options.rules)
    written = tuple((lines.first_line, lines.last_line, lines.intent.intent_id) for lines in options.written)
    how = (
        options.provider,
        options.model,
        options.effort,
        rules,
        options.min_severity,
        options.encoding,
        options.by_tool,
    )
    return source, how, tuple(options.lines), written


def shared_on_disk(path: Path, concurrency: int) -> Shared:
    """For the audits of a server, which remember what was reviewed."""
    return Shared(ReviewCache(path), Flights(), asyncio.Semaphore(concurrency))
