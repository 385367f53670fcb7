"""How compatible services take a key; those on this machine usually want none."""

from maestro.providers import request
from maestro.providers.base import Connection


def auth_headers(connection: Connection) -> dict[str, str]:
    """`Authorization: Bearer`, if there is a key."""
    key = request.api_key(connection)
    return request.headers(connection, {"authorization": key and f"Bearer {key}"})
