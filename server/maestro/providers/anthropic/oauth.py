"""Signing in to Anthropic: a code to paste, a profile of `ant`, or the identity of a workload (providers.md B.4)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from pydantic import BaseModel, JsonValue

from maestro.failures import UpstreamError
from maestro.providers import choices, grants
from maestro.providers.anthropic import federation, identity, profile_login
from maestro.providers.anthropic.auth import login_betas, merge_flags
from maestro.providers.anthropic.profiles import profiles as profiles
from maestro.providers.base import Connection
from maestro.providers.oauth import (
    AuthorizeRequest,
    CodeGrant,
    FixedRedirect,
    Granted,
    LoopbackRedirect,
    OAuthContext,
)
from maestro.providers.reply import read
from maestro.providers.request import present, require_https
from maestro.store.credentials import OAuthCredential
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import Flow, Identity, StepField

_AUTHORIZE_URL = "https://claude.com/cai/oauth/authorize"
_TOKEN_URL = "https://platform.claude.com/v1/oauth/token"
_REDIRECT_URI = "https://platform.claude.com/oauth/code/callback"
"""A page that shows `code#state`."""
_CLIENT = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
"""Claude Code's public client: there is no other one for people's subscriptions."""
_SCOPES = (
    "org:create_api_key",
    "user:profile",
    "user:inference",
    "user:sessions:claude_code",
    "user:mcp_servers",
    "user:file_upload",
)
_PERMANENT = ("invalid_grant",)
_RISK = (
    "Anthropic refuses Claude subscriptions to programs other than its own, so requests of this session may fail; "
    "an API key or a profile of `ant auth login` is the allowed way."
)


class _Account(BaseModel):
    uuid: str | None = None
    email_address: str | None = None


class _Owner(BaseModel):
    """Beside the tokens of a person's login, from memory; nothing depends on it."""

    account: _Account | None = None


def questions(context: OAuthContext, flow: Flow) -> Sequence[StepField]:
    """The risk of Claude Code's identity, which profile, or where the identity token is. Reads files: blocks."""
    if flow == "paste":
        return identity.consent(context)
    if flow == "profile":
        return profile_login.questions(context)
    if flow == "workloadIdentity" and not federation.has_token(context, federation.describe(context)):
        return [StepField(key="path", label="Path of the file with the workload's identity token", secret=False)]
    return ()


def redirect(context: OAuthContext, flow: Flow) -> LoopbackRedirect | FixedRedirect:
    """The page that shows what to paste."""
    setting = f"providers.{context.info.id}.oauth.redirectUri"
    return FixedRedirect(require_https(context.settings.oauth.redirect_uri or _REDIRECT_URI, setting))


def authorize_url(context: OAuthContext, request: AuthorizeRequest) -> str:
    """Parameters in the order of Claude Code's clients, with a state that is no verifier (providers.md B.4)."""
    oauth = context.settings.oauth
    parameters = {
        "code": "true",
        "client_id": _client(context),
        "response_type": "code",
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(oauth.scopes or _SCOPES),
        "code_challenge": request.challenge,
        "code_challenge_method": "S256",
        "state": request.state,
    }
    address = require_https(oauth.authorize_url or _AUTHORIZE_URL, f"providers.{context.info.id}.oauth.authorizeUrl")
    return f"{address}?{urlencode(parameters, quote_via=quote)}"


async def exchange(context: OAuthContext, grant: CodeGrant) -> Granted:
    """The code for tokens, in JSON."""
    client = _client(context)
    body = present(
        {
            "grant_type": "authorization_code",
            "code": grant.code,
            "state": grant.state or None,
            "client_id": client,
            "redirect_uri": grant.redirect_uri,
            "code_verifier": grant.verifier,
        }
    )
    answer = (await grants.send(context.http, HttpRequest("POST", _token_url(context), {}, json=body))).json
    credential = replace(grants.issued(answer), client_id=client, details=identity.details(context))
    is_risky = client == _CLIENT and not identity.is_wanted(context)
    return _granted(credential, answer, (_RISK,) if is_risky else ())


async def renew(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """A refresh in JSON for a login of our own; a workload asks anew; a profile is what its owner made of it."""
    if credential.grant == "profile":
        return await profile_login.reread(context, credential)
    if credential.grant == "workloadIdentity":
        return await federation.renew(context, credential)
    body: JsonObject = {
        "grant_type": "refresh_token",
        "refresh_token": grants.refresh_token(credential),
        "client_id": credential.client_id or _client(context),
    }
    headers = {"anthropic-beta": merge_flags(login_betas(context.settings.oauth.betas))}
    request = HttpRequest("POST", _token_url(context), {k: v for k, v in headers.items() if v}, json=body)
    try:
        answer = (await grants.send(context.http, request)).json
    except UpstreamError as error:
        raise grants.judged(error, _PERMANENT, statuses=(401,)) from None
    return Granted(grants.issued(answer, credential))


async def revoke(context: OAuthContext, credential: OAuthCredential) -> None:
    """Nothing: no way to end a login is known of Anthropic's service."""


async def read_document(context: OAuthContext, flow: Flow) -> Granted:
    """A profile of `ant`, or a first token for a workload."""
    if flow == "workloadIdentity":
        return await federation.mint(context, await asyncio.to_thread(federation.describe, context))
    return await profile_login.read_profile(context)


def authorised(connection: Connection, credential: OAuthCredential) -> Connection:
    """With the token, where its profile says, unless the user says where (providers.md B.4)."""
    own = credential.details.get("base_url")
    if own is None or connection.base_url != connection.info.base_url:
        return replace(connection, credential=credential)
    base_url = require_https(own, "base_url of the `ant` profile").rstrip("/")
    return replace(connection, credential=credential, base_url=base_url)


def _client(context: OAuthContext) -> str:
    return choices.client_id(context) or _CLIENT


def _token_url(context: OAuthContext) -> str:
    return require_https(context.settings.oauth.token_url or _TOKEN_URL, f"providers.{context.info.id}.oauth.tokenUrl")


def _granted(credential: OAuthCredential, answer: JsonValue, notices: tuple[str, ...]) -> Granted:
    try:
        owner = read(_Owner, answer).account
    except UpstreamError:
        owner = None
    if owner is None:
        return Granted(credential, notices=notices)
    who = Identity(email=owner.email_address, account_id=owner.uuid)
    return Granted(replace(credential, account_id=owner.uuid or credential.account_id), who, notices=notices)
