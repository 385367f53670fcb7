"""Gemini as data, and what its model names tell."""

from urllib.parse import quote

from maestro.providers.base import Connection, ProviderInfo
from maestro.providers.request import join
from maestro_protocol.sessions import AuthTypeInfo

_OAUTH_NOTES = (
    "Needs an OAuth client of your own (Google Cloud console, type desktop app) or a credentials file. Google forbids "
    "other programs to use Gemini CLI's login and Code Assist, and bans accounts for it: that mode is off unless you "
    "set `providers.gemini.oauth.codeAssist`."
)

INFO = ProviderInfo(
    id="gemini",
    label="Google Gemini",
    base_url="https://generativelanguage.googleapis.com",
    auth_types=(
        AuthTypeInfo(auth_type="api_key", flows=["key"]),
        AuthTypeInfo(auth_type="oauth", flows=["loopback", "paste", "credentialsFile"], notes=_OAUTH_NOTES),
    ),
    default_model="gemini-3.8-flash",
    key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    base_url_variable="GOOGLE_GEMINI_BASE_URL",
)


def method_url(connection: Connection, model: str, method: str) -> str:
    """`{base}/{version}/models/{model}:{method}`; the `-latest` aliases live on `v1beta` alone (providers.md C.1)."""
    name = model.removeprefix("models/")
    version = connection.settings.api_version or ("v1beta" if name.endswith("-latest") else "v1")
    return join(connection.base_url, f"{version}/models/{quote(name, safe='')}:{method}")


def list_url(connection: Connection) -> str:
    return join(connection.base_url, f"{connection.settings.api_version or 'v1'}/models")
