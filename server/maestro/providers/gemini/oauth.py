"""Signing in to Google with a client of one's own, or with a credentials file (providers.md C.5)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.providers import choices, claims, grants
from maestro.providers.base import Connection
from maestro.providers.gemini import code_assist, gemini_cli, google_files
from maestro.providers.gemini.gemini_cli import profiles as profiles
from maestro.providers.gemini.service_account import CLOUD_PLATFORM, TOKEN_URL
from maestro.providers.oauth import (
    AuthorizeRequest,
    CodeGrant,
    FixedRedirect,
    Granted,
    LoopbackRedirect,
    OAuthContext,
)
from maestro.providers.owned_files import text
from maestro.providers.request import require_https
from maestro.store.credentials import OAuthCredential
from maestro.transport import HttpRequest
from maestro_protocol.sessions import Flow, Identity, StepField

_AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
_PATH = "/oauth2callback"
_PASTE_PORT = 8085
"""Google has no page that shows a code: nobody listens here, and the user copies the address of the page that fails."""
_REVOKE_SECONDS = 10.0
_NO_PROJECT = (
    "Google refuses requests that name no project to bill: set `options.quotaProject`, "
    "`providers.gemini.oauth.quotaProject` or GOOGLE_CLOUD_QUOTA_PROJECT."
)
_NOT_READY = "Code Assist did not prepare the account yet; it is asked again with the first request."


def questions(context: OAuthContext, flow: Flow) -> Sequence[StepField]:
    """Where the credentials file is; else the risk of Code Assist, then the client nobody set."""
    choices.text(context, "quotaProject")
    if flow == "credentialsFile":
        field = StepField(key="path", label="Path of the Google credentials file (JSON)", secret=False)
        return () if google_files.path(context) else (field,)
    if asked := code_assist.consent(context):
        return asked
    wanted = (
        (choices.client_id(context), StepField(key="clientId", label="Client id of your OAuth client", secret=False)),
        (choices.client_secret(context), StepField(key="clientSecret", label="Its client secret", secret=True)),
    )
    return [field for known, field in wanted if not known]


def redirect(context: OAuthContext, flow: Flow) -> LoopbackRedirect | FixedRedirect:
    """Desktop clients may use any port of 127.0.0.1, and nothing else; so does `paste`."""
    ports = context.settings.oauth.ports
    if flow == "paste":
        return FixedRedirect(f"http://127.0.0.1:{ports[0] if ports else _PASTE_PORT}{_PATH}")
    return LoopbackRedirect("127.0.0.1", _PATH, ports or (0,))


def authorize_url(context: OAuthContext, request: AuthorizeRequest) -> str:
    """`prompt=consent`: without it Google gives a refresh token only the first time (providers.md C.5.2)."""
    oauth = context.settings.oauth
    own_scopes = (CLOUD_PLATFORM, *(code_assist.SCOPES if code_assist.is_wanted(context) else ()))
    parameters = {
        "response_type": "code",
        "client_id": _client(context)[0],
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(oauth.scopes or own_scopes),
        "code_challenge": request.challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "state": request.state,
    }
    address = require_https(oauth.authorize_url or _AUTHORIZE_URL, f"providers.{context.info.id}.oauth.authorizeUrl")
    return f"{address}?{urlencode(parameters, quote_via=quote)}"


async def exchange(context: OAuthContext, grant: CodeGrant) -> Granted:
    """The code for tokens, as a form with the client's secret, which Google wants of desktop clients too."""
    client, secret = _client(context)
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": grant.redirect_uri,
        "client_id": client,
        "client_secret": secret,
        "code_verifier": grant.verifier,
    }
    tokens = await grants.ask(context.http, HttpRequest("POST", _token_url(context), {}, form=form))
    credential = replace(grants.credential(tokens), client_id=client, client_secret=secret)
    email = text(claims.claims(credential.id_token).get("email"))
    granted = Granted(credential, Identity(email=email) if email else None)
    return await _onboarded(context, granted) if code_assist.is_wanted(context) else _billed(context, granted)


async def renew(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """A form; Google keeps the refresh token as it is. Files are read anew (providers.md C.5.2)."""
    if credential.grant == "profile":
        return await gemini_cli.reread(context, credential)
    if credential.grant in ("authorizedUser", "serviceAccount"):
        return await google_files.renew(context, credential)
    client, secret = _client(context, credential)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": grants.refresh_token(credential),
        "client_id": client,
        "client_secret": secret,
    }
    try:
        tokens = await grants.ask(context.http, HttpRequest("POST", _token_url(context), {}, form=form))
    except UpstreamError as error:
        # A client that is refused can be corrected: the refresh token is still good.
        raise grants.judged(error, google_files.PERMANENT, otherwise="permission") from None
    return Granted(grants.credential(tokens, credential))


async def revoke(context: OAuthContext, credential: OAuthCredential) -> None:
    """End a login of our own; files and other tools' logins are left alone."""
    if credential.grant != "refreshToken":
        return
    address = _token_url(context).removesuffix("/").removesuffix("/token") + "/revoke"
    form = {"token": credential.refresh_token or credential.access_token}
    try:
        async with asyncio.timeout(_REVOKE_SECONDS):
            await grants.send(context.http, HttpRequest("POST", address, {}, form=form))
    except TimeoutError:
        raise UpstreamError(Failure("network", "The login was not ended in time.")) from None


async def read_document(context: OAuthContext, flow: Flow) -> Granted:
    """A token for the credentials file; Code Assist is for logins in the browser alone."""
    return _billed(context, await google_files.grant(context, google_files.path(context) or ""))


def authorised(connection: Connection, credential: OAuthCredential) -> Connection:
    """With the token, at Code Assist's address where the session is for that. Raises 4104; see `code_assist`."""
    if credential.details.get("service") == code_assist.SERVICE:
        return code_assist.authorised(connection, credential)
    return replace(connection, credential=credential)


def _client(context: OAuthContext, credential: OAuthCredential | None = None) -> tuple[str, str]:
    """Id and secret: those of the login where there is one. Raises 4004 naming what is missing."""
    client = (credential.client_id if credential else None) or choices.client_id(context)
    secret = (credential.client_secret if credential else None) or choices.client_secret(context)
    if client and secret:
        return client, secret
    setting = f"providers.{context.info.id}.oauth." + ("clientSecret" if client else "clientId")
    variable = "GEMINI_OAUTH_CLIENT_SECRET" if client else "GEMINI_OAUTH_CLIENT_ID"
    raise MaestroError("loginFailed", f"Signing in to Google needs an OAuth client; set `{setting}` or {variable}.")


def _token_url(context: OAuthContext) -> str:
    own = context.settings.oauth.token_url
    return require_https(own or TOKEN_URL, f"providers.{context.info.id}.oauth.tokenUrl")


async def _onboarded(context: OAuthContext, granted: Granted) -> Granted:
    """For Code Assist. The code is spent by now: what fails here is asked for again with the first request."""
    granted = _with(granted, {"service": code_assist.SERVICE})
    try:
        project = await code_assist.project(context, granted.credential.access_token)
    except (UpstreamError, MaestroError):
        return replace(granted, notices=(_NOT_READY,))
    return _with(granted, {"project": project}) if project else granted


def _billed(context: OAuthContext, granted: Granted) -> Granted:
    """With the project of this session; settings and environment are looked up with each request."""
    if project := choices.text(context, "quotaProject"):
        return _with(granted, {"quota_project": project})
    elsewhere = (
        context.settings.oauth.quota_project,
        granted.credential.details.get("file_quota_project"),
        context.environment.get("GOOGLE_CLOUD_QUOTA_PROJECT", "").strip(),
    )
    return granted if any(elsewhere) else replace(granted, notices=(_NO_PROJECT,))


def _with(granted: Granted, details: dict[str, str]) -> Granted:
    credential = granted.credential
    return replace(granted, credential=replace(credential, details={**credential.details, **details}))
