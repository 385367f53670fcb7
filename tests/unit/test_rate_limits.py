"""What headers say of rate limits, in every service's spelling, and what is known of it later."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.rate_limits import RateLimits, end_of, fraction_left, read_headers

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def seconds(moment: datetime | None) -> float | None:
    return None if moment is None else round((moment - NOW).total_seconds(), 3)


def read(**headers: str) -> dict[str, tuple[int | None, int | None, float | None, float | None]]:
    """Limit, rest, percentage and seconds until the reset, by what is counted."""
    found = read_headers({name.replace("_", "-"): value for name, value in headers.items()}, ("p", None, "m"), NOW)
    return {one.counts: (one.limit, one.remaining, one.used_percent, seconds(one.resets_at)) for one in found}


def test_openai() -> None:
    assert read(
        x_ratelimit_limit_requests="500",
        x_ratelimit_remaining_requests="499",
        x_ratelimit_reset_requests="120ms",
        x_ratelimit_limit_tokens="30000",
        x_ratelimit_remaining_tokens="0",
        x_ratelimit_reset_tokens="6m0s",
    ) == {"requests": (500, 499, None, 0.12), "tokens": (30_000, 0, None, 360.0)}


def test_anthropic() -> None:
    assert read(
        anthropic_ratelimit_input_tokens_limit="40000",
        anthropic_ratelimit_input_tokens_remaining="39000",
        anthropic_ratelimit_input_tokens_reset="2026-11-26T12:00:30Z",
        anthropic_ratelimit_requests_limit="50",
        anthropic_ratelimit_requests_remaining="49",
        anthropic_ratelimit_requests_reset="2026-11-26T13:00:01+01:00",
    ) == {"inputTokens": (40_000, 39_000, None, 30.0), "requests": (50, 49, None, 1.0)}


def test_logins_of_anthropic() -> None:
    reset = str(int(NOW.timestamp()) + 3600)
    assert read(
        anthropic_ratelimit_unified_5h_utilization="0.36",
        anthropic_ratelimit_unified_5h_reset=reset,
        anthropic_ratelimit_unified_5h_status="allowed",
        anthropic_ratelimit_unified_status="allowed",
        anthropic_ratelimit_unified_reset=reset,
    ) == {"unified5h": (None, None, 36.0, 3600.0)}


def test_chatgpt() -> None:
    assert read(
        x_codex_primary_used_percent="97.5",
        x_codex_primary_window_minutes="300",
        x_codex_primary_reset_at=str(int(NOW.timestamp()) + 60),
        x_codex_secondary_used_percent="12",
        x_codex_secondary_window_minutes="10080",
        x_codex_credits_balance="$5.00",
    ) == {"primary": (None, None, 97.5, 60.0), "secondary": (None, None, 12.0, 604_800.0)}


@pytest.mark.parametrize("factor", [1, 1000], ids=["s", "ms"])
def test_openrouter_and_github(factor: int) -> None:
    reset = str((int(NOW.timestamp()) + 5) * factor)
    limits = read(x_ratelimit_limit="20", x_ratelimit_remaining="3", x_ratelimit_reset=reset)
    assert limits == {"requests": (20, 3, None, 5.0)}


def test_cerebras() -> None:
    assert read(
        x_ratelimit_limit_requests_day="1000",
        x_ratelimit_remaining_requests_day="999",
        x_ratelimit_reset_requests_day="33011.382867097855",
        x_ratelimit_limit_tokens_minute="60000",
        x_ratelimit_remaining_tokens_minute="60000",
    ) == {"requestsDay": (1000, 999, None, 33_011.383), "tokensMinute": (60_000, 60_000, None, 60.0)}


def test_mistral() -> None:
    assert read(
        x_ratelimitbysize_limit_minute="500000",
        x_ratelimitbysize_remaining_minute="499900",
        ratelimitbysize_reset="28",
        x_ratelimitbysize_limit_month="1000000000",
        x_ratelimitbysize_remaining_month="0",
        ratelimitbysize_query_cost="37",
        x_ratelimit_limit_req_minute="60",
        x_ratelimit_remaining_req_minute="0",
    ) == {
        "tokens": (500_000, 499_900, None, 28.0),
        "tokensMonth": (1_000_000_000, 0, None, 31 * 86_400.0),
        "requestsMinute": (60, 0, None, 60.0),
    }


@pytest.mark.parametrize(
    ("limit", "remaining", "reset"),
    [
        ("-1", "-1", "0"),
        ("0", "0", "1s"),
        ("x", "", "1s"),
        ("5", "9" * 400, "1s"),
        ("5", "1e5", "1s"),
        ("5", "٣", "1s"),
    ],
)
def test_numbers_that_say_nothing(limit: str, remaining: str, reset: str) -> None:
    headers = {"x_ratelimit_limit_tokens": limit, "x_ratelimit_remaining_tokens": remaining}
    assert read(**headers, x_ratelimit_reset_tokens=reset) == {}


@pytest.mark.parametrize(
    "reset", ["", "soon", "9" * 15, "99999999s", "9999-12-31T23:59:59Z", "1.2.3s", "0001-01-01T00:00"]
)
def test_times_that_cannot_be(reset: str) -> None:
    found = read(x_ratelimit_remaining="1", x_ratelimit_reset=reset)["requests"][3]
    assert found is None or found <= 0


NAMES = st.sampled_from(
    ["x-ratelimit-", "anthropic-ratelimit-", "x-codex-", "ratelimitbysize-", "x-ratelimitbysize-", "retry-after", ""]
)
ENDS = st.sampled_from(
    "limit remaining reset remaining-tokens reset-tokens tokens-reset tokens-remaining primary-used-percent "
    "primary-reset-at unified-5h-utilization unified-5h-reset reset-minute".split()
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
    st.builds(
        "{}{}{}".format, st.floats(0), st.sampled_from(["ms", "us", "d", "h", "m", "s"]), st.sampled_from(["", "1s"])
    ),
)


@given(st.dictionaries(st.one_of(st.text(max_size=90), st.builds(str.__add__, NAMES, ENDS)), VALUES, max_size=12))
def test_headers_never_raise_and_numbers_make_sense(headers: dict[str, str]) -> None:
    for limit in read_headers(headers, ("p", "s", "m"), NOW):
        assert 0 <= fraction_left(limit) <= 1
        assert limit.counts.isascii() and limit.counts.replace("_", "").isalnum() and len(limit.counts) <= 80
        assert limit.resets_at is None or limit.resets_at <= NOW + timedelta(days=40)
        assert limit.to_wire()["provider"] == "p"


class Known(RateLimits):
    """With a clock of the test's."""

    def __init__(self) -> None:
        self.now = NOW
        super().__init__(lambda: self.now)


def test_the_last_word_counts_until_its_time_is_over() -> None:
    known = Known()
    known.hear("openai", "s", "m", 200, {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "5"})
    known.hear("openai", "s", "m", 200, {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0"})
    assert known.left("openai", "s", "m") == 0
    assert known.left("openai", "other", "m") == 1
    used_up = known.used_up("openai", "s", "m")
    assert used_up is not None and end_of(used_up) == NOW + timedelta(seconds=60), "nobody told until when"
    known.now += timedelta(seconds=61)
    assert known.current() == []
    assert known.left("openai", "s", "m") == 1


def test_a_wait_is_one_of_its_model() -> None:
    known, heard = Known(), []
    known.changed = lambda: heard.append(len(known.current()))
    known.wait("gemini", None, "pro", 20)
    assert heard == [1]
    wait = known.used_up("gemini", None, "pro")
    assert wait is not None and wait.resets_at == NOW + timedelta(seconds=20)
    assert known.used_up("gemini", None, "flash") is None
    [shown] = known.current()
    assert (shown.counts, shown.remaining) == ("requests", 0)
    known.now += timedelta(seconds=20)
    assert known.used_up("gemini", None, "pro") is None
    assert known.current() == []
    known.wait("gemini", None, "pro", 1e300)
    assert known.current() == []


@pytest.mark.parametrize(("status", "over"), [(200, True), (429, False), (500, False)])
def test_an_answer_ends_the_wait_for_its_model(status: int, over: bool) -> None:
    known = Known()
    known.wait("openai", "s", "m", 60)
    known.hear("openai", "s", "other", 200, {})
    known.hear("openai", "other", "m", 200, {})
    known.hear("openai", "s", "m", status, {})
    assert (known.used_up("openai", "s", "m") is None) == over
    assert (known.current() == []) == over


def test_after_an_hour_it_is_worth_a_try() -> None:
    known = Known()
    known.wait("openai", "s", "m", 864_000)
    known.now += timedelta(minutes=59)
    assert known.used_up("openai", "s", "m") is not None
    known.now += timedelta(minutes=1)
    assert known.used_up("openai", "s", "m") is None
    assert known.current()[0].resets_at == NOW + timedelta(seconds=864_000), "what was said is still told"


def test_each_model_has_its_own_limits() -> None:
    known = Known()
    for model, left in {"m1": "90", "m9": "0"}.items():
        headers = {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": left}
        known.hear("openrouter", "s", model, 200, {**headers, "x-ratelimit-reset-requests": "60s"})
    assert known.left("openrouter", "s", "m1") == 0.9
    assert known.used_up("openrouter", "s", "m1") is None
    assert known.used_up("openrouter", "s", "m9") is not None
    assert [(one.model, one.remaining) for one in known.current()] == [("m1", 90), ("m9", 0)]


@pytest.mark.parametrize(("wait", "shown"), [(20, 60), (90, 90)])
def test_what_keeps_for_longer_hides_nothing(wait: float, shown: int) -> None:
    known = Known()
    known.hear("p", "s", "m", 200, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60s"})
    known.wait("p", "s", "m", wait)
    known.wait("p", "s", "other", 5)
    assert [(one.model, seconds(one.resets_at)) for one in known.current()] == [("m", shown), ("other", 5)]


def test_what_is_left_is_the_least_of_all() -> None:
    known = Known()
    half = {"x-ratelimit-limit-tokens": "10", "x-ratelimit-remaining-tokens": "5"}
    known.hear(
        "openai", "s", "m", 200, {**half, "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "9"}
    )
    assert known.left("openai", "s", "m") == 0.5
