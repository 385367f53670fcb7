"""How Gemini takes a key: in a header, never in the address, which lands in logs."""

from maestro.providers import request
from maestro.providers.base import Connection


def auth_headers(connection: Connection) -> dict[str, str]:
    """The key (providers.md C.5)."""
    return request.headers(connection, {"x-goog-api-key": request.api_key(connection)})
