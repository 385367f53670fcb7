"""Anthropic as data."""

from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo

INFO = ProviderInfo(
    id="anthropic",
    label="Anthropic",
    base_url="https://api.anthropic.com",
    auth_types=(AuthTypeInfo(auth_type="api_key", flows=["key"]),),
    default_model="claude-sonnet-5-5",
    key_variables=("ANTHROPIC_API_KEY",),
    base_url_variable="ANTHROPIC_BASE_URL",
)

DEFAULT_VERSION = "2023-06-01"
"""The API version requests name unless the settings say otherwise."""
VERSION_WITHOUT_SAMPLING = "2026-10-21"
"""From this version on `temperature` is refused, even at its default value."""
