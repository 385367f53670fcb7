"""How OpenAI takes a key."""

from maestro.providers import request
from maestro.providers.base import Connection


def auth_headers(connection: Connection) -> dict[str, str]:
    """The key, and who is billed where the settings or the vendor's variables say so (providers.md A.4)."""
    key, settings = request.api_key(connection), connection.settings
    return request.headers(
        connection,
        {
            "authorization": key and f"Bearer {key}",
            "openai-organization": settings.organization or _variable(connection, "ORGANIZATION", "ORG_ID"),
            "openai-project": settings.project or _variable(connection, "PROJECT", "PROJECT_ID"),
        },
    )


def _variable(connection: Connection, *names: str) -> str | None:
    values = (connection.environment.get(f"OPENAI_{name}", "").strip() for name in names)
    return next(filter(None, values), None)
