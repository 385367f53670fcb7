"""OpenAI as data."""

from maestro.providers.base import ProviderInfo
from maestro_protocol.sessions import AuthTypeInfo

_OAUTH_NOTES = (
    "Signs in with a ChatGPT account, as OpenAI's own Codex does and through its public client; OpenAI may change or "
    "restrict this for other programs. The plan's limits apply in ChatGPT mode, the platform's prices in API key mode."
)

INFO = ProviderInfo(
    id="openai",
    label="OpenAI",
    base_url="https://api.openai.com/v1",
    auth_types=(
        AuthTypeInfo(auth_type="api_key", flows=["key"]),
        AuthTypeInfo(auth_type="oauth", flows=["loopback", "device", "paste"], notes=_OAUTH_NOTES),
    ),
    default_model="gpt-5.5",
    key_variables=("OPENAI_API_KEY",),
    base_url_variable="OPENAI_BASE_URL",
)

CHATGPT_BASE_URL = "https://chatgpt.com/backend-api/codex"
"""Where logins in ChatGPT mode are served (providers.md A.6)."""
ORIGINATOR = "codex_cli_rs"
"""The program the public client belongs to, as the service wants it named."""
CLIENT_VERSION = "0.160.0"
"""Of that program; it decides which models are listed. Codex's newest seen in public when this was written."""
