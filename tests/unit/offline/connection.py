"""A way to the offline provider, as the runtime would make it."""

from datetime import UTC, datetime

from maestro.providers.base import Connection
from maestro.providers.offline.config import INFO
from maestro.store.credentials import NoCredential
from maestro.transport import Transport
from maestro_protocol.sessions import Session
from maestro_protocol.settings import ProviderSettings, TransportSettings


def connect() -> Connection:
    session = Session(
        id="",
        name="offline",
        provider=INFO.id,
        auth_type="api_key",
        status="active",
        source="memory",
        created_at=datetime.now(UTC),
    )
    transport = Transport(TransportSettings())
    return Connection(INFO, session, NoCredential(), ProviderSettings(), "", transport)
