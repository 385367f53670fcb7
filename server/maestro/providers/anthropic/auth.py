"""Which headers a connection to Anthropic needs: an OAuth token's, or an API key's (providers.md B.4)."""

from collections.abc import Iterable

from maestro.providers import request
from maestro.providers.anthropic import identity
from maestro.providers.anthropic.config import DEFAULT_VERSION, OAUTH_BETAS
from maestro.providers.base import Connection
from maestro.store.credentials import OAuthCredential


def auth_headers(connection: Connection) -> dict[str, str]:
    """Token or key, version, and the beta flags of settings, login and user as one list."""
    credential, settings = connection.credential, connection.settings
    if isinstance(credential, OAuthCredential):
        own = _of_login(credential)
        betas = [*identity.betas(credential), *settings.betas, *login_betas(settings.oauth.betas)]
    else:
        own, betas = {"x-api-key": request.api_key(connection)}, settings.betas
    merged = request.headers(connection, own | {"anthropic-version": settings.version or DEFAULT_VERSION})
    flags = merge_flags([*betas, merged.pop("anthropic-beta", "")])
    return merged | ({"anthropic-beta": flags} if flags else {})


def login_betas(configured: list[str] | None) -> list[str]:
    """The flags of everything that is sent with, or for, an OAuth token."""
    return [*OAUTH_BETAS] if configured is None else configured


def merge_flags(lists: Iterable[str]) -> str:
    """Whole flags, each once, in the order they were named."""
    flags = (flag.strip() for entry in lists for flag in entry.split(","))
    return ",".join(dict.fromkeys(filter(None, flags)))


def _of_login(credential: OAuthCredential) -> dict[str, str | None]:
    """A profile's workspace is named in each request; a workload's is in its token."""
    workspace = credential.details.get("workspace_id") if credential.grant == "profile" else None
    return {
        "authorization": f"Bearer {credential.access_token}",
        "anthropic-workspace-id": workspace,
        **identity.headers(credential),
    }
