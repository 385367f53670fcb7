"""What services say is left of their rate limits: pure reading of their answers' headers, and the last of it kept."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, cast

from maestro_protocol.status import RateLimit

_Field: TypeAlias = Literal["limit", "remaining", "reset", "utilization", "used-percent", "window-minutes", "reset-at"]
_Told: TypeAlias = dict[_Field, str]

_WHAT = r"(?P<what>[a-z0-9]+(?:[-_][a-z0-9]+){0,4}?)"
_NAMES = (
    # OpenAI and its likes; OpenRouter and GitHub name nothing that is counted, Cerebras and Mistral name a window too.
    re.compile(rf"x-ratelimit-(?P<field>limit|remaining|reset)(?:-{_WHAT})?"),
    # Anthropic; logins have `unified-5h` and the like.
    re.compile(rf"anthropic-ratelimit-{_WHAT}-(?P<field>limit|remaining|reset|utilization)"),
    # ChatGPT.
    re.compile(r"x-codex-(?P<what>primary|secondary)-(?P<field>used-percent|window-minutes|reset-at)"),
    # Mistral, which counts tokens so.
    re.compile(r"(?:x-)?(?P<tokens>ratelimitbysize)-(?P<field>limit|remaining|reset)(?:-(?P<what>minute|month))?"),
)
_LONGEST_NAME, _LONGEST_VALUE, _MOST_KINDS, _MOST_UNREAD = 80, 48, 16, 32
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,12})?", re.ASCII)
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|us|d|h|m|s))+", re.ASCII)
_UNIT = re.compile(r"([\d.]+)(ms|us|d|h|m|s)", re.ASCII)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_WINDOWS = {"Second": 1.0, "Minute": 60.0, "Hour": 3600.0, "Day": 86_400.0, "Month": 31 * 86_400.0}
_EPOCH, _EPOCH_MS = 1e9, 1e11
"""From here on a number is a time since 1970, in seconds or milliseconds, and no number of seconds from now."""
_FARTHEST = timedelta(days=40)
"""Nothing is counted for longer; what resets later has been misread."""
_UNTOLD = timedelta(seconds=60)
"""How long a number is believed whose end nobody told."""
_PATIENCE = timedelta(hours=1)
"""How long nobody is asked who has nothing left: what is counted by the day or the month can be bought or raised
meanwhile, which one request finds out."""

Key: TypeAlias = tuple[str, str | None, str]
"""A provider, a session and the provider's own name of a model: what most services count by."""


def read_headers(headers: Mapping[str, str], key: Key, now: datetime | None = None) -> list[RateLimit]:
    """What an answer says is left; nothing for what it does not say, or says in a way nobody can read. Never raises.

    Header names are lower-case. A window that is named and whose end is not told ends when it would if it began now.
    """
    observed_at = now or datetime.now(UTC)
    told: dict[str, _Told] = {}
    for name, value in headers.items():
        if "ratelimit" not in name and not name.startswith("x-codex-"):
            continue
        if len(name) > _LONGEST_NAME or len(value) > _LONGEST_VALUE:
            continue
        for pattern in _NAMES:
            if (found := pattern.fullmatch(name)) is not None:
                told.setdefault(_counted(found), {})[cast("_Field", found["field"])] = value.strip()
                break
    limits = [_limit(counts, one, key, observed_at) for counts, one in told.items()]
    return [limit for limit in limits if limit is not None][:_MOST_KINDS]


def _counted(found: re.Match[str]) -> str:
    """`req-minute` -> `requestsMinute`; what nothing is said of are requests."""
    words = re.split("[-_]", found["what"] or "")
    if "tokens" in found.re.groupindex:
        words = ["tokens", *words] if words != ["minute"] else ["tokens"]
    first, *more = ["requests" if word == "req" else word for word in words]
    return (first or "requests") + "".join(word.capitalize() for word in more)


def _limit(counts: str, told: _Told, key: Key, now: datetime) -> RateLimit | None:
    limit, remaining, used = _whole(told.get("limit")), _whole(told.get("remaining")), _used(told)
    if (remaining is None and used is None) or limit == 0:
        return None
    provider, session_id, model = key
    return RateLimit(
        provider=provider,
        session_id=session_id,
        model=model,
        counts=counts,
        limit=limit,
        remaining=remaining,
        used_percent=used,
        resets_at=_reset(told.get("reset") or told.get("reset-at"), now) or _window_end(counts, told, now),
        observed_at=now,
    )


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None


def _whole(text: str | None) -> int | None:
    """Azure says -1 where it does not count."""
    number = _number(text)
    return None if number is None else int(number)


def _used(told: _Told) -> float | None:
    percent, share = _number(told.get("used-percent")), _number(told.get("utilization"))
    if percent is None and share is not None:
        percent = share * 100
    return None if percent is None else min(percent, 100.0)


def _reset(text: str | None, now: datetime) -> datetime | None:
    """From a duration (`6m0s`), a date (RFC 3339), seconds from now, or a time since 1970 in s or ms."""
    if not text:
        return None
    if (number := _number(text)) is not None:
        return _since_1970(number, now) if number >= _EPOCH else _after(number, now)
    if _DURATION.fullmatch(text):
        parts = _UNIT.findall(text)
        return _after(sum(float(amount) * _SECONDS[unit] for amount, unit in parts if amount.count(".") < 2), now)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _near(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)


def _after(seconds: float, now: datetime) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds <= _FARTHEST.total_seconds() else None


def _since_1970(number: float, now: datetime) -> datetime | None:
    seconds = number / 1000 if number >= _EPOCH_MS else number
    return _near(datetime.fromtimestamp(seconds, UTC), now) if seconds < 1e11 else None


def _near(moment: datetime, now: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment - now <= _FARTHEST else None
    except OverflowError:
        return None


def _window_end(counts: str, told: _Told, now: datetime) -> datetime | None:
    if (minutes := _number(told.get("window-minutes"))) is not None:
        return _after(minutes * 60, now)
    return next((_after(seconds, now) for word, seconds in _WINDOWS.items() if counts.endswith(word)), None)


def fraction_left(limit: RateLimit) -> float:
    """From 0, nothing, to 1; what is not known counts as whole."""
    if limit.used_percent is not None:
        return 1 - limit.used_percent / 100
    if limit.remaining == 0:
        return 0.0
    return min(limit.remaining / limit.limit, 1.0) if limit.remaining is not None and limit.limit else 1.0


def end_of(limit: RateLimit) -> datetime:
    """Until when it is believed."""
    return limit.resets_at or limit.observed_at + _UNTOLD


class RateLimits:
    """What is known now, in memory, by model: what headers said, and which waits were asked for.

    Headers are read when somebody wants to know, and not while somebody waits for the answer they came with.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._heard: list[tuple[Key, Mapping[str, str], datetime]] = []
        self._told: dict[Key, dict[str, RateLimit]] = {}
        self._waits: dict[Key, RateLimit] = {}
        self.changed: Callable[[], None] = lambda: None
        """Is called when something was learnt."""

    def hear(self, provider: str, session_id: str | None, model: str, status: int, headers: Mapping[str, str]) -> None:
        """Take in what an answer says. One that is no refusal ends the wait for this model."""
        key = (provider, session_id, model)
        if 200 <= status < 300:
            self._waits.pop(key, None)
        self._heard.append((key, headers, self._clock()))
        if len(self._heard) >= _MOST_UNREAD:
            self._read()
        self.changed()

    def wait(self, provider: str, session_id: str | None, model: str, seconds: float) -> None:
        """The service refused a request and told when to come back."""
        now = self._clock()
        if (resets_at := _after(seconds, now)) is not None:
            self._waits[provider, session_id, model] = RateLimit(
                provider=provider,
                session_id=session_id,
                model=model,
                counts="requests",
                remaining=0,
                resets_at=resets_at,
                observed_at=now,
            )
            self.changed()

    def current(self) -> list[RateLimit]:
        """Everything whose time is not over, by provider, session, model and what is counted; of two that count the
        same, the one that keeps from asking for longer."""
        self._refresh()
        found = [*(limit for limits in self._told.values() for limit in limits.values()), *self._waits.values()]
        ordered = sorted(found, key=lambda one: (fraction_left(one) <= 0, end_of(one)))
        shown = {(one.provider, one.session_id or "", one.model or "", one.counts): one for one in ordered}
        return [shown[place] for place in sorted(shown)]

    def left(self, provider: str, session_id: str | None, model: str) -> float:
        """The least fraction that is left of anything; 1 where nothing is known."""
        return min(map(fraction_left, self._of((provider, session_id, model))), default=1.0)

    def used_up(self, provider: str, session_id: str | None, model: str) -> RateLimit | None:
        """What keeps from asking for the longest, where it is known that there is nothing left now."""
        latest = self._clock() - _PATIENCE
        found = [one for one in self._of((provider, session_id, model)) if fraction_left(one) <= 0]
        return max((one for one in found if one.observed_at > latest), key=end_of, default=None)

    def _of(self, key: Key) -> Sequence[RateLimit]:
        self._refresh()
        wait = self._waits.get(key)
        return [*self._told.get(key, {}).values(), *([wait] if wait else [])]

    def _read(self) -> None:
        heard, self._heard = self._heard, []
        for key, headers, at in heard:
            if found := read_headers(headers, key, at):
                self._told.setdefault(key, {}).update({limit.counts: limit for limit in found})

    def _refresh(self) -> None:
        """Read what was heard, and drop what is over."""
        self._read()
        now = self._clock()
        for limits in self._told.values():
            for counts in [counts for counts, limit in limits.items() if now >= end_of(limit)]:
                del limits[counts]
        self._waits = {key: limit for key, limit in self._waits.items() if now < end_of(limit)}
