"""How Anthropic takes a key, and the version and beta headers every request carries."""

from maestro.providers.anthropic import auth
from maestro.providers.base import Connection


def auth_headers(connection: Connection) -> dict[str, str]:
    """Key, version and beta flags (providers.md B.4)."""
    return auth.auth_headers(connection)
