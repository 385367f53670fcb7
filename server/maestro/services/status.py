"""The one status a thin client draws, told when it changes."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from maestro.connections import find_provider
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.rate_limits import end_of, fraction_left
from maestro.runtime import Runtime
from maestro_protocol.status import RateLimit, Status, StatusDidChangeParams

_LITTLE = 0.05
"""A fraction that is worth a warning."""
_SOON = timedelta(seconds=2)
"""What is there again by then is not worth a word."""
_MOST_SAID = 5
_WORDS = {
    "requests": "requests",
    "tokens": "tokens",
    "inputTokens": "input tokens",
    "outputTokens": "output tokens",
}


class StatusService:
    """Busy while work is under way; else a warning where there is something to warn of; else normal."""

    def __init__(self, runtime: Runtime, editor: Editor) -> None:
        self._runtime = runtime
        self._editor = editor
        self._limits = runtime.rate_limits
        self._under_way: list[str] = []
        self._told = ("normal", "")
        self._timer: asyncio.TimerHandle | None = None
        self._limits.changed = self._tell_limits
        self.warnings: list[Callable[[], str | None]] = []
        """Each tells what is to be said while nothing is under way, if there is something."""

    def current(self) -> Status:
        limits = self._limits.current()
        told, scarce = limits or None, _scarce(limits)
        if self._under_way:
            more = f" (and {len(self._under_way) - 1} more)" if len(self._under_way) > 1 else ""
            return Status(state="busy", message=self._under_way[-1] + more, rate_limits=told)
        if warnings := [*self._sentences(scarce), *filter(None, (warning() for warning in self.warnings))]:
            return Status(state="warning", message=" ".join(warnings), rate_limits=told)
        return Status(state="normal", message="Ready", rate_limits=told)

    @contextmanager
    def busy(self, message: str) -> Iterator[None]:
        """Show this message until the work ends."""
        self._under_way.append(message)
        self.tell()
        try:
            yield
        finally:
            self._under_way.remove(message)
            self.tell()

    def _tell_limits(self) -> None:
        """Work under way tells them with its end: whoever waits for its first word does not wait for this."""
        if not self._under_way:
            self.tell()

    def tell(self) -> None:
        """Tell the editor if the status is another one; what is under way is told once."""
        status = self.current()
        shown = (status.state, status.message if status.state == "warning" else "")
        if shown != self._told:
            self._editor.notify("maestro/status/didChange", StatusDidChangeParams(**dict(status)))
        self._told = shown
        self._look_again(_scarce(status.rate_limits or ()))

    def _look_again(self, scarce: Sequence[RateLimit]) -> None:
        """A warning is taken back when its time is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if scarce:
            seconds = max((min(map(end_of, scarce)) - datetime.now(UTC)).total_seconds(), 0)
            self._timer = asyncio.get_running_loop().call_later(seconds + 0.01, self._tell_limits)

    def _sentences(self, scarce: Sequence[RateLimit]) -> Sequence[str]:
        more = len(scarce) - _MOST_SAID
        said = [self._sentence(limit) for limit in scarce[:_MOST_SAID]]
        return [*said, f"And {more} more limits are used up or almost."] if more > 0 else said

    def _sentence(self, limit: RateLimit) -> str:
        """`OpenAI (work), gpt-5.5: no requests left until 14:05.`"""
        what = _WORDS.get(limit.counts)
        if fraction_left(limit) <= 0:
            left = f"no {what} left" if what else f"`{limit.counts}` is used up"
        else:
            left = f"almost no {what} left" if what else f"`{limit.counts}` is almost used up"
        now = datetime.now(UTC)
        until = f"until {clock(limit.resets_at, now)}" if limit.resets_at else "for now"
        model = f", {limit.model}" if limit.model else ""
        return f"{self._owner(limit)}{model}: {left} {until}."

    def _owner(self, limit: RateLimit) -> str:
        """The provider, and the session if it still is there."""
        with suppress(MaestroError):
            label = find_provider(self._runtime, limit.provider).label
            if limit.session_id is None:
                return label
            return f"{label} ({self._runtime.sessions.find(limit.session_id).session.name})"
        return limit.provider


def _scarce(limits: Sequence[RateLimit]) -> Sequence[RateLimit]:
    soon = datetime.now(UTC) + _SOON
    return [one for one in limits if fraction_left(one) < _LITTLE and end_of(one) > soon]


def clock(moment: datetime, now: datetime) -> str:
    """`14:05`, `14:05 tomorrow` or `28 Nov, 14:05`, by the user's clock."""
    local = moment.astimezone()
    days = (local.date() - now.astimezone().date()).days
    if days > 1:
        return f"{local:%d %b, %H:%M}"
    return f"{local:%H:%M} tomorrow" if days == 1 else f"{local:%H:%M}"
