"""When a request is tried again, how long that waits, and what is counted."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.failures import ErrorClass, Failure, UpstreamError, classify_response
from maestro.retry import RULES, Backoff, Counters, with_retries
from maestro_protocol.codes import BY_KIND
from maestro_protocol.settings import RetrySettings

AT_ONCE = RetrySettings(base_delay_ms=0)


def error(
    kind: ErrorClass, *, after: float | None = None, should: bool | None = None, status: int = 0
) -> UpstreamError:
    return UpstreamError(Failure(kind, "said so", None, after, should), http_status=status, request_id="req_1")


class Service:
    """Fails with each of the errors in turn, then answers."""

    def __init__(self, *errors: UpstreamError) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def counted(counters: Counters) -> dict[str, tuple[int, int, int, int]]:
    """By class: attempts, successes, exhausted and cancelled."""
    return {row.class_: (row.attempts, row.successes, row.exhausted, row.cancelled) for row in counters.rows()}


def test_every_class_has_a_rule_and_every_rule_a_code() -> None:
    assert set(RULES) == set(ErrorClass.__args__)
    assert all(rule.kind in BY_KIND for rule in RULES.values())


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [
        ("rate_limited", 4),
        ("overloaded", 3),
        ("server", 2),
        ("network", 2),
        ("auth_invalid", 0),
        ("auth_expired", 0),
        ("permission", 0),
        ("billing_quota", 0),
        ("invalid_request", 0),
        ("context_window", 0),
        ("content_filter", 0),
        ("malformed", 0),
    ],
)
def test_each_class_has_its_attempts(kind: ErrorClass, attempts: int) -> None:
    backoff = Backoff(RetrySettings())
    delays = [backoff.next_delay(error(kind)) for _ in range(6)]
    assert [delay is not None for delay in delays] == [number < attempts for number in range(6)]


def test_delays_double_up_to_a_limit_minus_a_quarter_at_most() -> None:
    backoff = Backoff(RetrySettings(network=7))
    delays = [backoff.next_delay(error("network")) or 0 for _ in range(7)]
    for delay, full in zip(delays, [0.5, 1, 2, 4, 8, 8, 8], strict=True):
        assert full * 0.75 <= delay <= full
    assert len(set(delays)) == 7


def test_the_services_delay_is_kept_exactly() -> None:
    assert Backoff(RetrySettings()).next_delay(error("rate_limited", after=12.345)) == 12.345


@pytest.mark.parametrize("after", [0, -3])
def test_a_delay_of_nothing_is_none(after: float) -> None:
    delay = Backoff(RetrySettings()).next_delay(error("rate_limited", after=after))
    assert delay is not None
    assert 0.375 <= delay <= 0.5


def test_no_word_of_the_service_makes_one_wait_beyond_patience() -> None:
    assert Backoff(RetrySettings()).next_delay(error("invalid_request", after=121, should=True)) is None
    assert Backoff(RetrySettings()).next_delay(error("invalid_request", after=120, should=True)) == 120


def test_patience_is_a_setting() -> None:
    settings = RetrySettings(max_server_delay_ms=150_000)
    refused = UpstreamError(classify_response(429, {"retry-after": "150"}, b""), http_status=429)
    backoff = Backoff(settings)
    assert backoff.next_delay(backoff.judge(refused)) == 150


def test_a_delay_beyond_patience_is_a_spent_quota() -> None:
    backoff = Backoff(RetrySettings())
    judged = backoff.judge(error("rate_limited", after=120.001, status=429))
    assert (judged.failure.kind, judged.failure.retry_after) == ("billing_quota", 120.001)
    assert (judged.http_status, judged.request_id) == (429, "req_1")
    assert backoff.judge(error("rate_limited", after=120)).failure.kind == "rate_limited"
    assert backoff.judge(error("invalid_request", after=999)).failure.kind == "invalid_request"


def test_the_waits_of_one_request_have_a_total() -> None:
    backoff = Backoff(RetrySettings())
    assert backoff.next_delay(error("rate_limited", after=100)) == 100
    assert backoff.next_delay(error("rate_limited", after=80.1)) is None
    assert backoff.next_delay(error("rate_limited", after=80)) == 80


def test_the_services_word_on_whether_wins() -> None:
    assert Backoff(RetrySettings()).next_delay(error("rate_limited", should=False)) is None
    backoff = Backoff(RetrySettings())
    assert [backoff.next_delay(error("invalid_request", should=True)) is not None for _ in range(3)] == [
        True,
        True,
        False,
    ]
    backoff = Backoff(RetrySettings(rate_limited=1))
    assert [backoff.next_delay(error("rate_limited", should=True)) is not None for _ in range(2)] == [True, False]


@pytest.mark.asyncio
async def test_calls_until_it_succeeds() -> None:
    service, counters = Service(error("server"), error("network")), Counters()
    heard: list[tuple[int, float, str]] = []
    answer = await with_retries(
        service,
        AT_ONCE,
        lambda attempt, delay, why: heard.append((attempt, delay, why.failure.kind)),
        count=counters.request("openai", "s1"),
    )
    assert (answer, service.calls, heard) == ("answer", 3, [(1, 0, "server"), (2, 0, "network")])
    assert counted(counters) == {"server": (1, 0, 0, 0), "network": (2, 1, 0, 0)}


@pytest.mark.asyncio
async def test_gives_up_with_the_last_failure() -> None:
    service, counters = Service(*[error("server", status=500 + n) for n in range(9)]), Counters()
    with pytest.raises(UpstreamError) as caught:
        await with_retries(service, AT_ONCE, count=counters.request("openai", "s1"))
    assert (service.calls, caught.value.http_status) == (3, 502)
    assert counted(counters) == {"server": (3, 0, 1, 0)}


@pytest.mark.asyncio
async def test_a_long_wait_is_not_even_begun() -> None:
    with pytest.raises(UpstreamError) as caught:
        await with_retries(Service(error("overloaded", after=121)), AT_ONCE)
    assert caught.value.failure.kind == "billing_quota"


@pytest.mark.asyncio
@pytest.mark.parametrize("stale", [error("auth_expired"), error("auth_invalid", status=401)])
async def test_a_stale_login_is_renewed_once(stale: UpstreamError) -> None:
    renewals: list[str] = []

    async def refresh() -> None:
        renewals.append("once")

    assert await with_retries(Service(stale), AT_ONCE, refresh=refresh) == "answer"
    with pytest.raises(UpstreamError):
        await with_retries(Service(stale, stale), AT_ONCE, refresh=refresh)
    assert renewals == ["once", "once"]
    with pytest.raises(UpstreamError):
        await with_retries(Service(error("auth_invalid", status=400)), AT_ONCE, refresh=refresh)
    assert len(renewals) == 2


@pytest.mark.asyncio
async def test_cancelling_while_it_waits_is_counted() -> None:
    waiting, counters = asyncio.Event(), Counters()
    count = counters.request("openai", "s1")
    call = asyncio.create_task(
        with_retries(Service(error("network")), RetrySettings(), lambda *_: waiting.set(), count=count)
    )
    await waiting.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert counted(counters) == {"network": (1, 0, 0, 1)}


@pytest.mark.asyncio
async def test_cancelling_a_request_that_never_failed_is_counted_apart() -> None:
    asked, counters = asyncio.Event(), Counters()

    async def silent() -> str:
        asked.set()
        return await asyncio.Future()

    call = asyncio.create_task(with_retries(silent, AT_ONCE, count=counters.request("openai", "s1")))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert counted(counters) == {"ok": (1, 0, 0, 1)}


@pytest.mark.asyncio
async def test_a_login_that_cannot_be_renewed_is_a_failure_that_reached_the_caller() -> None:
    counters = Counters()

    async def refresh() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await with_retries(
            Service(error("auth_expired")), AT_ONCE, refresh=refresh, count=counters.request("openai", "s1")
        )
    assert counted(counters) == {"auth_expired": (1, 0, 1, 0)}


@given(st.lists(st.sampled_from(sorted(RULES)), max_size=6))
def test_every_attempt_and_every_end_is_counted_once(kinds: list[ErrorClass]) -> None:
    service, counters = Service(*map(error, kinds)), Counters()

    async def call() -> None:
        with suppress(UpstreamError):
            await with_retries(service, AT_ONCE, count=counters.request("openai", "s1"))

    asyncio.run(call())
    counts = counted(counters).values()
    assert sum(attempts for attempts, *_ in counts) == service.calls
    assert sum(successes + exhausted for _, successes, exhausted, _ in counts) == 1


@pytest.mark.asyncio
async def test_providers_and_sessions_are_counted_apart() -> None:
    counters = Counters()
    for provider, session in [("openai", "s2"), ("openai", ""), ("gemini", "s2"), ("openai", "s2")]:
        await with_retries(Service(), AT_ONCE, count=counters.request(provider, session))
    await with_retries(Service(error("overloaded")), AT_ONCE, count=counters.request("openai", "s2"))
    assert [(row.provider, row.session_id, row.class_, row.successes) for row in counters.rows()] == [
        ("gemini", "s2", "ok", 1),
        ("openai", None, "ok", 1),
        ("openai", "s2", "ok", 2),
        ("openai", "s2", "overloaded", 1),
    ]


def test_a_request_that_was_never_sent_is_not_counted() -> None:
    counters = Counters()
    counters.request("openai").cancelled()
    counters.request("openai").exhausted()
    assert counters.rows() == []
