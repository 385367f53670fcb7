"""Renews logins shortly before they end, so that no request has to wait for it."""

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta

from maestro import provider, tokens
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro_protocol.sessions import Session

_AT_MOST = 60.0
"""Seconds after which one looks again, whatever was planned: sessions come and go, and machines sleep."""
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 900.0

_log = logging.getLogger(__name__)


class Refresher:
    """One task; it sleeps until the next login is due, and longer after each failure of one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._task: asyncio.Task[None] | None = None
        self._paused: dict[str, tuple[float, datetime]] = {}
        """Sessions whose renewal failed: the pause in seconds, and until when it lasts."""

    def start(self) -> None:
        """Begin, on this event loop."""
        self._task = self._task or asyncio.create_task(self._run())

    async def aclose(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> None:
        """Renew what is due now, one after the other."""
        if self._runtime.settings.sessions.refresh_in_background:
            for session in self._runtime.sessions.list():
                if self._is_due(session):
                    await self._renew(session)

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._seconds_to_next())

    def _is_due(self, session: Session) -> bool:
        if session.id in self._paused and datetime.now(UTC) < self._paused[session.id][1]:
            return False
        return _renewable(session) and _begin(session) <= datetime.now(UTC)

    async def _renew(self, session: Session) -> None:
        try:
            credential, _ = await self._runtime.sessions.credential(session.id)
            if tokens.is_advisable(credential):
                await provider.refresh_tokens(session.provider, session.id)
            self._paused.pop(session.id, None)
        except MaestroError as error:
            _log.warning("the login of a session could not be renewed in advance: %s", error.message)
            before = self._paused.get(session.id, (_FIRST_PAUSE / 2, datetime.now(UTC)))[0]
            pause = min(before * 2, _LONGEST_PAUSE) * random.uniform(0.75, 1.25)
            self._paused[session.id] = pause, datetime.now(UTC) + timedelta(seconds=pause)

    def _seconds_to_next(self) -> float:
        """At most a minute where there is a login to watch; for ever would do where there is none."""
        waits = [
            (max(_begin(session), self._paused.get(session.id, (0.0, _begin(session)))[1]) - datetime.now(UTC))
            for session in self._runtime.sessions.list()
            if _renewable(session)
        ]
        soonest = min((wait.total_seconds() for wait in waits), default=_AT_MOST)
        return min(max(soonest, 1.0), _AT_MOST)


def _renewable(session: Session) -> bool:
    """A login that is kept here, is good, and ends. Tokens that others keep are minted when they are needed."""
    kept = session.source == "vault" and session.auth_type == "oauth"
    return kept and session.expires_at is not None and session.status not in ("needsLogin", "revoked")


def _begin(session: Session) -> datetime:
    assert session.expires_at is not None
    return session.expires_at - tokens.lead()
