"""The way of a request along its route: whom it asks now, whom it may ask next, and why it goes on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from maestro.errors import MaestroError
from maestro.rate_limits import RateLimits, end_of
from maestro.retry import REROUTING
from maestro.services.models.routes import key_of
from maestro.services.models.target import Target
from maestro_protocol.errors import ErrorInfo
from maestro_protocol.status import RateLimit

_REASONS: Mapping[str, str] = {
    "rateLimited": "{model} is rate limited",
    "quotaExceeded": "The quota of {model} is used up",
    "overloaded": "{model} is overloaded or fails",
    "unreachable": "{model} cannot be reached",
    "streamInterrupted": "The answer of {model} broke off",
}


@dataclass(slots=True)
class Journey:
    """Nothing is asked twice, and nothing that is known to refuse while there is another."""

    limits: RateLimits
    target: Target
    _rest: Sequence[Target] = field(init=False)

    def __post_init__(self) -> None:
        self._rest = self.target.alternatives

    def others(self) -> Iterator[Target]:
        """Whom it may ask next, in this order."""
        return (target for target in self._rest if self._used_up(target) is None)

    @property
    def has_others(self) -> bool:
        return next(self.others(), None) is not None

    @property
    def detour(self) -> Sequence[Target]:
        """Whom it may begin with where the present one is used up: the others, else the one that is there again
        before it."""
        if (limit := self._used_up(self.target)) is None:
            return []
        if free := [*self.others()]:
            return free
        ends = [(end_of(used), place) for place, one in enumerate(self._rest) if (used := self._used_up(one))]
        soonest, place = min(ends, default=(end_of(limit), 0))
        return [self._rest[place]] if soonest < end_of(limit) else []

    @property
    def obstacle(self) -> str:
        """Why the present one is not asked, as a sentence."""
        limit = self._used_up(self.target)
        wait = ""
        if limit is not None and limit.resets_at is not None:
            wait = f" for another {_duration(max((limit.resets_at - datetime.now(UTC)).total_seconds(), 1))}"
        return f"{self.target.model_id} is rate limited{wait}."

    def go_to(self, target: Target) -> None:
        """Ask this one from now on, and afterwards only those behind it."""
        self._rest = self._rest[self._rest.index(target) + 1 :]
        self.target = target

    def _used_up(self, target: Target) -> RateLimit | None:
        return self.limits.used_up(*key_of(target))


def reason_to_leave(target: Target, error: MaestroError | ErrorInfo) -> str | None:
    """Why a route goes on after this failure of a target, as a sentence; None where it does not."""
    kind, after = error.data.kind, error.data.retry_after_ms
    if kind not in REROUTING:
        return None
    wait = f" for another {_duration(after / 1000)}" if after and kind in ("rateLimited", "quotaExceeded") else ""
    return f"{_REASONS[kind].format(model=target.model_id)}{wait}."


def _duration(seconds: float) -> str:
    """`20 s`, `12 min`, `5 h`, `3 days`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
