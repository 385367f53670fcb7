"""Which headers a connection to OpenAI needs: a login's in ChatGPT mode, else the key's."""

from maestro.providers.base import Connection
from maestro.providers.openai import api_key, chatgpt
from maestro.store.credentials import OAuthCredential


def auth_headers(connection: Connection) -> dict[str, str]:
    """Those of the API key for a login in API key mode too: its connection carries nothing but the key."""
    if isinstance(connection.credential, OAuthCredential):
        return chatgpt.auth_headers(connection, connection.credential)
    return api_key.auth_headers(connection)


def in_chatgpt_mode(connection: Connection) -> bool:
    return isinstance(connection.credential, OAuthCredential)
