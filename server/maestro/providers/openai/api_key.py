"""How OpenAI takes a key."""

from maestro.providers import request
from maestro.providers.base import Connection


def auth_headers(connection: Connection) -> dict[str, str]:
    """The key, and who is billed where the settings say so (providers.md A.4)."""
    key = request.api_key(connection)
    return request.headers(
        connection,
        {
            "authorization": key and f"Bearer {key}",
            "openai-organization": connection.settings.organization,
            "openai-project": connection.settings.project,
        },
    )
