"""Which headers a connection to Gemini needs: an OAuth token's, or an API key's (providers.md C.5)."""

from maestro.providers import request
from maestro.providers.base import Connection
from maestro.providers.gemini import api_key, code_assist
from maestro.store.credentials import OAuthCredential


def auth_headers(connection: Connection) -> dict[str, str]:
    """A token comes with the project that is billed; Code Assist is told that in the body."""
    credential = connection.credential
    if not isinstance(credential, OAuthCredential):
        return api_key.auth_headers(connection)
    project = None if code_assist.is_on(connection) else _quota_project(connection, credential)
    own = {"authorization": f"Bearer {credential.access_token}", "x-goog-user-project": project}
    return request.headers(connection, own)


def _quota_project(connection: Connection, credential: OAuthCredential) -> str | None:
    """The session's own, the settings', its file's, the environment's."""
    return (
        credential.details.get("quota_project")
        or connection.settings.oauth.quota_project
        or credential.details.get("file_quota_project")
        or connection.environment.get("GOOGLE_CLOUD_QUOTA_PROJECT", "").strip()
        or None
    )
