"""Anthropic as data."""

from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo

_OAUTH_NOTES = (
    "Anthropic forbids other programs to use the logins of Claude subscriptions, refuses them and may close the "
    "account: use an API key, a profile of `ant auth login` or workload identity, which are meant for this. "
    "`providers.anthropic.oauth.claudeCodeIdentity` sends requests as Claude Code does; it is off unless you set it."
)

INFO = ProviderInfo(
    id="anthropic",
    label="Anthropic",
    base_url="https://api.anthropic.com",
    auth_types=(
        AuthTypeInfo(auth_type="api_key", flows=["key"]),
        AuthTypeInfo(auth_type="oauth", flows=["paste", "profile", "workloadIdentity"], notes=_OAUTH_NOTES),
    ),
    default_model="claude-sonnet-5-5",
    key_variables=("ANTHROPIC_API_KEY",),
    base_url_variable="ANTHROPIC_BASE_URL",
)

DEFAULT_VERSION = "2023-06-01"
"""The API version requests name unless the settings say otherwise."""
VERSION_WITHOUT_SAMPLING = "2026-10-21"
"""From this version on `temperature` is refused, even at its default value."""
SAMPLING_MODELS = (
    *("claude-2", "claude-3", "claude-haiku-4", "claude-sonnet-4", "claude-opus-4-2025"),
    *("claude-opus-4-0", "claude-opus-4-1", "claude-opus-4-5", "claude-opus-4-6"),
)
"""Those that take a `temperature` at all: Opus 4.7 and everything from 5 on refuse any but the default."""
OAUTH_BETAS = ("oauth-2025-04-20",)
"""Without this flag no OAuth token is taken (providers.md B.4)."""
