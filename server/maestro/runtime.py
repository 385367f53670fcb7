"""What `maestro.provider` works with: settings, sessions and one transport per provider."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from maestro.rate_limits import RateLimits
from maestro.retry import Counters
from maestro.settings import Project
from maestro.store.sessions import SessionStore
from maestro.transport import Transport
from maestro_protocol.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runtime:
    """Constructed by `maestro.app`, installed with `maestro.provider.use`. `settings` is replaced when they change."""

    settings: Settings
    sessions: SessionStore
    environment: Mapping[str, str] = field(repr=False)
    counters: Counters = field(default_factory=Counters)
    rate_limits: RateLimits = field(default_factory=RateLimits, repr=False)
    renewals: "dict[str, asyncio.Task[None]]" = field(default_factory=dict, repr=False)
    """Renewals of tokens under way, by session id: one at a time each."""
    warn: Callable[[str], None] = _log.warning
    """Tells the user something to act on."""
    projects: Callable[[], Sequence[Project]] = tuple
    """The folders whose own settings count."""
    _transports: dict[str, Transport] = field(default_factory=dict)

    def transport(self, provider: str) -> Transport:
        """The provider's pooled client, made on first use."""
        if provider not in self._transports:
            self._transports[provider] = Transport(self.settings.transport)
        return self._transports[provider]

    async def aclose(self) -> None:
        """End what is under way, close every connection and the store."""
        renewals, self.renewals = list(self.renewals.values()), {}
        for renewal in renewals:
            renewal.cancel()
        await asyncio.gather(*renewals, return_exceptions=True)
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()
        await self.sessions.aclose()
