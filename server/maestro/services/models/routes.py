"""Routes: several models under one name, and which of them is asked first."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from itertools import count
from typing import Protocol, TypeAlias

from maestro.errors import MaestroError
from maestro.rate_limits import Key
from maestro.runtime import Runtime
from maestro.services.models.target import Target
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import Session
from maestro_protocol.settings import RouteSettings

Resolve: TypeAlias = Callable[[str, str | None, str | None], Awaitable[Target]]
"""A name, a session and a chat to what is meant, by the rules for a single model."""

_within: ContextVar[bool] = ContextVar("_within", default=False)


class _Nested(MaestroError):
    """A route names a route: that is a mistake in the settings, and not skipped."""


class Asked(Protocol):
    """What is under way, and whom it asks by now."""

    @property
    def target(self) -> Target: ...


class Routes:
    """Chooses whom to ask first; `journey.py` says who is next."""

    def __init__(self, runtime: Runtime, resolve: Resolve) -> None:
        self._runtime = runtime
        self._resolve = resolve
        self._under_way: list[Asked] = []
        self._used: dict[Key, int] = {}
        self._clock = count(1)

    async def target(self, name: str, route: RouteSettings, reference: str | None, chat_id: str | None) -> Target:
        """The one to ask first, with the others as its `alternatives`.

        Raises:
            MaestroError: -32602 for a route within a route, or a session that is none of the route's; what kept its
                models from being found, if none was.
        """
        if _within.get():
            raise _nested(name)
        token = _within.set(True)
        try:
            targets, problems = await self._resolved(route.models, chat_id)
        finally:
            _within.reset(token)
        if reference is not None:
            targets = _within_sessions(name, targets, [self._runtime.sessions.find(reference).session])
        if route.strategy == "spread":
            targets = sorted(targets, key=self._wear)
        first, *others = targets
        return replace(first, route=name, alternatives=tuple(others), notices=tuple(problems))

    def narrowed(self, target: Target, sessions: Sequence[Session]) -> Target:
        """A route in these sessions alone; what is none stays as it is. Raises -32602 if it uses none of them."""
        if target.route is None:
            return target
        first, *others = _within_sessions(target.route, (target, *target.alternatives), sessions)
        return replace(first, route=target.route, alternatives=tuple(others), notices=target.notices)

    def note_use(self, target: Target) -> None:
        """This one is about to be asked."""
        self._used[key_of(target)] = next(self._clock)

    @contextmanager
    def under_way(self, asked: Asked) -> Iterator[None]:
        """Count this among what keeps its target busy, whichever that is at the time."""
        self._under_way.append(asked)
        try:
            yield
        finally:
            self._under_way = [one for one in self._under_way if one is not asked]

    async def _resolved(self, names: Sequence[str], chat_id: str | None) -> tuple[Sequence[Target], Sequence[str]]:
        """Those that can be asked, each once, and a sentence for each that cannot."""
        found: dict[Key, Target] = {}
        failures: list[MaestroError] = []
        problems: list[str] = []
        for entry in names:
            try:
                target = await self._resolve(entry, None, chat_id)
            except _Nested:
                raise
            except MaestroError as error:
                failures.append(error)
                problems.append(f"`{entry}` of the route was left out: {error.message}")
            else:
                found.setdefault(key_of(target), target)
        if not found:
            raise failures[0]
        return list(found.values()), problems

    def _wear(self, target: Target) -> tuple[float, int, int]:
        """The least worn comes first: most of its limits left, then least to do, then longest unused."""
        key = key_of(target)
        busy = sum(key_of(one.target) == key for one in self._under_way)
        return -self._runtime.rate_limits.left(*key), busy, self._used.get(key, 0)


def key_of(target: Target) -> Key:
    """What rate limits are kept by."""
    return target.provider, target.session_id, target.model


def _within_sessions(name: str, targets: Sequence[Target], sessions: Sequence[Session]) -> Sequence[Target]:
    """Those of the sessions. Raises -32602 if there are none."""
    ids = [session.id for session in sessions]
    if own := [target for target in targets if target.session_id in ids]:
        return own
    issue = Issue(path="sessionId", message="is a session that the route does not list")
    named = " or ".join(f"'{session.name}'" for session in sessions)
    message = f"The route `{name}` does not use the session {named}; name one of its own, or none."
    raise MaestroError("invalidParams", message, session_id=ids[0], issues=[issue])


def _nested(name: str) -> _Nested:
    issue = Issue(path=f"routes.{name}.models", message="names another route")
    message = f"A route names the route `{name}`; a route may name models and aliases, and no route."
    return _Nested("invalidParams", message, issues=[issue])
