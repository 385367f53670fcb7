"""What `maestro.provider` works with: settings, sessions and one transport per provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from maestro.retry import Counters
from maestro.store.sessions import SessionStore
from maestro.transport import Transport
from maestro_protocol.settings import Settings


@dataclass(slots=True)
class Runtime:
    """Constructed by `maestro.app`, installed with `maestro.provider.use`. `settings` is replaced when they change."""

    settings: Settings
    sessions: SessionStore
    environment: Mapping[str, str] = field(repr=False)
    counters: Counters = field(default_factory=Counters)
    _transports: dict[str, Transport] = field(default_factory=dict)

    def transport(self, provider: str) -> Transport:
        """The provider's pooled client, made on first use."""
        if provider not in self._transports:
            self._transports[provider] = Transport(self.settings.transport)
        return self._transports[provider]

    async def aclose(self) -> None:
        """Close every connection."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()
