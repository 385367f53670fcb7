"""Google's credentials files, of people and of service accounts: read in place at every renewal (C.5.4)."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers import choices, grants
from maestro.providers.gemini.service_account import CLOUD_PLATFORM, TOKEN_URL, assertion_form
from maestro.providers.oauth import Granted, OAuthContext
from maestro.providers.owned_files import read_object, text
from maestro.providers.request import require_https
from maestro.store.credentials import Grant, OAuthCredential
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import Identity

PERMANENT = ("invalid_grant",)
VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_KINDS: Mapping[str, tuple[Grant, tuple[str, ...]]] = {
    "authorized_user": ("authorizedUser", ("client_id", "client_secret", "refresh_token")),
    "service_account": ("serviceAccount", ("client_email", "private_key")),
}
"""The files that are understood: how a token is got, and what must stand in them."""


def path(context: OAuthContext) -> str | None:
    """Where the file is: as the user typed it, or as Google's own libraries look for it."""
    variable = context.environment.get(VARIABLE, "").strip()
    return context.input("path") or choices.text(context, "path") or variable or None


async def grant(context: OAuthContext, file: str) -> Granted:
    """A token for what the file says now; nothing of the file is kept but where it is and who it is.

    Raises:
        MaestroError: 4004 for a file that cannot be read or used.
        UpstreamError: `auth_invalid` where Google says that the login is over.
    """
    found = await asyncio.to_thread(_read, file)
    kind, needed = _KINDS.get(text((found or {}).get("type")) or "", (None, ()))
    if found is None or kind is None or not all(text(found.get(name)) for name in needed):
        message = (
            "The credentials file cannot be read, or is neither of a service account nor of "
            "`gcloud auth application-default login`; correct its path."
        )
        raise MaestroError("loginFailed", message)
    scopes = context.settings.oauth.scopes or [CLOUD_PLATFORM]
    is_person = kind == "authorizedUser"
    form = _refresh_form(found) if is_person else await asyncio.to_thread(assertion_form, found, scopes)
    request = HttpRequest("POST", _token_url(context, found), {}, form=form)
    try:
        credential = grants.credential(await grants.ask(context.http, request))
    except UpstreamError as error:
        raise grants.judged(error, PERMANENT, otherwise="permission") from None
    facts = {"path": file, "file_quota_project": text(found.get("quota_project_id"))}
    details = {name: value for name, value in facts.items() if value}
    who = Identity(email=text(found.get("client_email")) or text(found.get("account")))
    # Google repeats the refresh token to nobody, and the file's is not for us to keep.
    return Granted(replace(credential, grant=kind, refresh_token=None, details=details), who)


async def renew(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """From the file as it is now; the session's own choices stay."""
    granted = await grant(context, credential.details.get("path", ""))
    kept = {name: value for name, value in credential.details.items() if name != "file_quota_project"}
    return replace(granted, credential=replace(granted.credential, details={**kept, **granted.credential.details}))


def _read(file: str) -> JsonObject | None:
    return read_object(Path(file).expanduser())


def _refresh_form(found: JsonObject) -> dict[str, str]:
    names = ("client_id", "client_secret", "refresh_token")
    return {"grant_type": "refresh_token", **{name: str(found[name]) for name in names}}


def _token_url(context: OAuthContext, found: JsonObject) -> str:
    if own := context.settings.oauth.token_url:
        return require_https(own, f"providers.{context.info.id}.oauth.tokenUrl")
    return require_https(text(found.get("token_uri")) or TOKEN_URL, "token_uri of the credentials file")
