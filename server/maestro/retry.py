"""The only place that decides to try again, and what a failure is called when there is nothing left to try."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from maestro.failures import ErrorClass, UpstreamError
from maestro_protocol.settings import RetrySettings
from maestro_protocol.usage import RetryCounter

T = TypeVar("T")

Refresh: TypeAlias = Callable[[], Awaitable[None]]
"""Renews the credential behind a connection, once; raises when that fails."""

_Budget: TypeAlias = Literal["rate_limited", "overloaded", "server", "network"]


class Rule(NamedTuple):
    """`kind` is the name in `maestro_protocol.codes`; `budget` the setting that says how often to try again."""

    kind: str
    budget: _Budget | None = None
    reroutes: bool = False
    """Whether another model of a route may answer where this one failed."""


RULES: Mapping[ErrorClass, Rule] = {
    "auth_expired": Rule("authExpired"),
    "auth_invalid": Rule("authRejected"),
    "permission": Rule("authRejected"),
    "billing_quota": Rule("quotaExceeded", reroutes=True),
    "rate_limited": Rule("rateLimited", "rate_limited", reroutes=True),
    "overloaded": Rule("overloaded", "overloaded", reroutes=True),
    "server": Rule("overloaded", "server", reroutes=True),
    "network": Rule("unreachable", "network", reroutes=True),
    "stream_interrupted": Rule("streamInterrupted", "network", reroutes=True),
    "invalid_request": Rule("upstreamBadRequest"),
    "context_window": Rule("contextWindowExceeded"),
    "content_filter": Rule("contentFiltered"),
    "malformed": Rule("upstreamBadResponse"),
}
"""An interrupted stream is tried again like a broken connection, as long as nothing of it was shown."""

REROUTING = frozenset(rule.kind for rule in RULES.values() if rule.reroutes)
"""The kinds of errors after which a route goes on."""
ONCE = {"rate_limited": 0, "overloaded": 0, "server": 0, "network": 0}
"""What a request changes in its settings that has somewhere else to go."""


@dataclass(slots=True)
class Tally:
    """What became of requests of one class."""

    attempts: int = 0
    """Requests that were sent and are over, repetitions included."""
    successes: int = 0
    exhausted: int = 0
    """Failures that reached the caller."""
    cancelled: int = 0


class Counters:
    """What became of the requests, by provider, session and class, since the process began.

    A request counts under the class of its last failure, `ok` while it had none: what failed with `overloaded` and then
    worked is a success of `overloaded`. An attempt that failed counts under its own failure.
    """

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str | None, str], Tally] = {}

    def request(self, provider: str, session_id: str | None = None) -> "RequestCount":
        """To note what becomes of one request; an empty `session_id` is none."""
        return RequestCount(self, provider, session_id or None)

    def tally(self, provider: str, session_id: str | None, kind: str) -> Tally:
        """The numbers of one class, to be added to."""
        return self._tallies.setdefault((provider, session_id, kind), Tally())

    def rows(self) -> list[RetryCounter]:
        """Everything counted so far, by provider, session and class in this order."""
        ordered = sorted(self._tallies.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2]))
        return [_row(*key, tally) for key, tally in ordered]


def _row(provider: str, session_id: str | None, kind: str, tally: Tally) -> RetryCounter:
    where = {"class": kind, "provider": provider, "session_id": session_id}
    return RetryCounter.model_validate({**where, **asdict(tally)})


class RequestCount:
    """One request on its way: each attempt is `sent`, then `failed`; the request ends in one of the other ways."""

    def __init__(self, counters: Counters, provider: str, session_id: str | None) -> None:
        self._counters = counters
        self._provider = provider
        self._session_id = session_id
        self._failure: ErrorClass | None = None
        self._in_flight = False

    def sent(self) -> None:
        self._in_flight = True

    def failed(self, kind: ErrorClass) -> None:
        """The attempt failed; what follows counts under `kind`."""
        self._failure = kind
        self._land()

    def succeeded(self) -> None:
        self._land().successes += 1

    def exhausted(self) -> None:
        """The last failure reached the caller; without one nothing had come of a request, and nothing is counted."""
        if self._failure is not None:
            self._land().exhausted += 1

    def cancelled(self) -> None:
        """Nobody waits any more; a request that was never sent is not counted."""
        if self._in_flight or self._failure is not None:
            self._land().cancelled += 1

    def _land(self) -> Tally:
        tally = self._counters.tally(self._provider, self._session_id, self._failure or "ok")
        tally.attempts += self._in_flight
        self._in_flight = False
        return tally


class Backoff:
    """How long to wait before the next attempt, and whether there is one; one object per request.

    0.5 s doubling to 8 s, minus up to a quarter at random so that many clients do not return at once; a wait the
    provider names is kept to the millisecond. `x-should-retry` has the last word on whether, never on how often or how
    long.
    """

    def __init__(self, settings: RetrySettings) -> None:
        self.attempt = 0
        self._settings = settings
        self._left_ms = float(settings.max_total_delay_ms)

    def judge(self, error: UpstreamError) -> UpstreamError:
        """A provider that asks for more patience than the settings allow is out of quota, not busy."""
        failure = error.failure
        if RULES[failure.kind].budget is None or not self._asks_too_much(error):
            return error
        exhausted = replace(failure, kind="billing_quota")
        return UpstreamError(exhausted, http_status=error.http_status, request_id=error.request_id)

    def next_delay(self, error: UpstreamError) -> float | None:
        """Seconds to wait before the next attempt, or None if there is none. Counts the attempt."""
        delay_ms = self._delay_ms(error)
        if self.attempt >= self._budget(error) or delay_ms > self._left_ms or self._asks_too_much(error):
            return None
        self.attempt += 1
        self._left_ms -= delay_ms
        return delay_ms / 1000

    def _asks_too_much(self, error: UpstreamError) -> bool:
        return (error.failure.retry_after or 0) * 1000 > self._settings.max_server_delay_ms

    def _budget(self, error: UpstreamError) -> int:
        budget = RULES[error.failure.kind].budget
        if error.failure.should_retry is not None:
            budget = (budget or "server") if error.failure.should_retry else None
        return getattr(self._settings, budget) if budget else 0

    def _delay_ms(self, error: UpstreamError) -> float:
        if error.failure.retry_after is not None and error.failure.retry_after > 0:
            return error.failure.retry_after * 1000
        full = min(self._settings.base_delay_ms * 2.0**self.attempt, self._settings.max_delay_ms)
        return full * (1 - random.random() / 4)


def is_stale_login(error: UpstreamError) -> bool:
    """Whether a renewed credential may help: a 401, whichever of the two the service meant by it."""
    return error.failure.kind == "auth_expired" or (error.failure.kind == "auth_invalid" and error.http_status == 401)


async def with_retries(
    call: Callable[[], Awaitable[T]],
    settings: RetrySettings,
    on_retry: Callable[[int, float, UpstreamError], None] | None = None,
    *,
    refresh: Refresh | None = None,
    count: RequestCount | None = None,
) -> T:
    """Call until it succeeds or trying again is pointless.

    `on_retry` hears the number of the coming attempt (from 1), the wait in seconds, and why. `refresh` is used at most
    once. A plain loop rather than stamina's: streams need the same policy without a call to wrap, and stamina's hooks
    are global and show arguments.

    Raises:
        UpstreamError: the last failure.
    """
    count = count or Counters().request("")
    try:
        return await _until_it_succeeds(call, Backoff(settings), on_retry, refresh, count)
    except asyncio.CancelledError:
        count.cancelled()
        raise
    except Exception:
        count.exhausted()
        raise


async def _until_it_succeeds(
    call: Callable[[], Awaitable[T]],
    backoff: Backoff,
    on_retry: Callable[[int, float, UpstreamError], None] | None,
    refresh: Refresh | None,
    count: RequestCount,
) -> T:
    while True:
        count.sent()
        try:
            result = await call()
        except UpstreamError as failure:
            error = backoff.judge(failure)
            count.failed(error.failure.kind)
        else:
            count.succeeded()
            return result
        if refresh is not None and is_stale_login(error):
            once, refresh = refresh, None
            await once()
            continue
        delay = backoff.next_delay(error)
        if delay is None:
            raise error
        if on_retry is not None:
            on_retry(backoff.attempt, delay, error)
        await asyncio.sleep(delay)
