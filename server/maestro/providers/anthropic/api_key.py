"""How Anthropic takes a key, and the version and beta headers every request carries."""

from maestro.providers import request
from maestro.providers.anthropic.config import DEFAULT_VERSION
from maestro.providers.base import Connection


def auth_headers(connection: Connection) -> dict[str, str]:
    """Key, version and beta flags (providers.md B.4)."""
    settings = connection.settings
    merged = request.headers(
        connection,
        {"x-api-key": request.api_key(connection), "anthropic-version": settings.version or DEFAULT_VERSION},
    )
    flags = _flags([*settings.betas, merged.pop("anthropic-beta", "")])
    return merged | ({"anthropic-beta": flags} if flags else {})


def _flags(lists: list[str]) -> str:
    """Whole flags, each once, in the order they were named."""
    flags = (flag.strip() for entry in lists for flag in entry.split(","))
    return ",".join(dict.fromkeys(filter(None, flags)))
