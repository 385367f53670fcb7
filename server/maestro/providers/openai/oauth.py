"""Signing in to OpenAI as codex does, in ChatGPT mode or with an API key (providers.md A.5)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from maestro.errors import MaestroError
from maestro.failures import Failure, UpstreamError
from maestro.providers import choices, grants
from maestro.providers.base import Connection
from maestro.providers.oauth import (
    AuthorizeRequest,
    CodeGrant,
    FixedRedirect,
    Granted,
    LoopbackRedirect,
    OAuthContext,
)
from maestro.providers.openai import codex, issuer
from maestro.providers.openai.account import Account, account
from maestro.providers.openai.codex import profiles as profiles
from maestro.providers.openai.config import CHATGPT_BASE_URL, ORIGINATOR
from maestro.providers.openai.device import CALLBACK
from maestro.providers.openai.device import poll_device as poll_device
from maestro.providers.openai.device import start_device as start_device
from maestro.providers.openai.plans import RULES, Choice, Rule, choose
from maestro.providers.request import require_https
from maestro.store.credentials import ApiKeyCredential, OAuthCredential
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import Flow, Mode, StepField

_SCOPES = ("openid", "profile", "email", "offline_access", "api.connectors.read", "api.connectors.invoke")
_PORTS = (1455, 1457)
"""The client is registered for these alone."""
_PATH = "/auth/callback"
_MODES = ("auto", "chatgpt", "api_key")
_PERMANENT = ("refresh_token_expired", "refresh_token_reused", "refresh_token_invalidated")
_REVOKE_SECONDS = 10.0
_NO_KEY = (
    "OpenAI gave no API key for this login, so the session has ChatGPT mode only; "
    "an API key needs an organization on platform.openai.com."
)


def questions(context: OAuthContext, flow: Flow) -> Sequence[StepField]:
    """None: the client is public. Options that do not fit are told before the browser opens."""
    choices.one_of(context, "mode", _MODES)
    _rule(context)
    choices.texts(context, "workspaceIds")
    return ()


def redirect(context: OAuthContext, flow: Flow) -> LoopbackRedirect | FixedRedirect:
    """For `paste` too the browser is sent to this machine: the user copies the address of the page that fails."""
    ports = context.settings.oauth.ports or _PORTS
    if flow == "paste":
        return FixedRedirect(f"http://localhost:{ports[0]}{_PATH}")
    return LoopbackRedirect("localhost", _PATH, ports)


def authorize_url(context: OAuthContext, request: AuthorizeRequest) -> str:
    """Parameters in codex's order, blanks as `%20` (providers.md A.5.2)."""
    parameters = {
        "response_type": "code",
        "client_id": issuer.client(context),
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(context.settings.oauth.scopes or _SCOPES),
        "code_challenge": request.challenge,
        "code_challenge_method": "S256",
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "state": request.state,
        "originator": ORIGINATOR,
    }
    if workspaces := choices.texts(context, "workspaceIds"):
        parameters["allowed_workspace_id"] = ",".join(workspaces)
    own = context.settings.oauth.authorize_url
    setting = f"providers.{context.info.id}.oauth.authorizeUrl"
    address = require_https(own, setting) if own else issuer.url(context, "oauth/authorize")
    return f"{address}?{urlencode(parameters, quote_via=quote)}"


async def exchange(context: OAuthContext, grant: CodeGrant) -> Granted:
    """The code for tokens, then the id token for an API key where one is wanted; without one the login stands."""
    client = issuer.client(context)
    request = issuer.form(
        context,
        grant_type="authorization_code",
        code=grant.code,
        redirect_uri=grant.redirect_uri,
        client_id=client,
        code_verifier=grant.verifier,
    )
    credential = replace(grants.credential(await grants.ask(context.http, request)), client_id=client)
    who = account(credential)
    choice = _choice(context, who)
    if _exchanges(context, grant, choice):
        credential = replace(credential, api_key=await issuer.api_key(context, client, credential.id_token))
    mode: Mode = "api_key" if choice.mode == "api_key" and credential.api_key else "chatgpt"
    details = {"mode": mode, "mode_rule": _rule(context)}
    missing = _NO_KEY if _exchanges(context, grant, choice) and not credential.api_key else None
    # What the rule says of a key is wrong where there is none.
    notice = None if missing and choice.mode == "api_key" else choice.notice
    return _granted(replace(credential, details=details), who, mode, notice, missing)


async def renew(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """JSON, unlike everything else; each part of the answer replaces the old one or leaves it (providers.md A.5.8).

    The mode is the context's option `mode`, else that of the login: a session with an API key gets a new one.
    """
    if credential.grant == "profile":
        return await codex.reread(context, credential)
    client = credential.client_id or issuer.client(context)
    fields: JsonObject = {
        "client_id": client,
        "grant_type": "refresh_token",
        "refresh_token": grants.refresh_token(credential),
    }
    try:
        tokens = await grants.ask(context.http, issuer.body(issuer.token_url(context), fields), partial=True)
    except UpstreamError as error:
        raise grants.judged(error, _PERMANENT, statuses=(401,)) from None
    renewed = grants.credential(tokens, credential)
    option = choices.one_of(context, "mode", _MODES)
    mode: Mode = "api_key" if (option or credential.details.get("mode")) == "api_key" else "chatgpt"
    if mode == "api_key" and (key := await issuer.api_key(context, client, tokens.id_token)):
        renewed = replace(renewed, api_key=key)
    return _granted(renewed, account(renewed), mode)


async def revoke(context: OAuthContext, credential: OAuthCredential) -> None:
    """End the login at OpenAI (providers.md A.5.9); another tool's is left alone."""
    if credential.grant != "refreshToken":
        return
    fields: JsonObject = {"token": credential.access_token, "token_type_hint": "access_token"}
    if credential.refresh_token:
        client = credential.client_id or issuer.client(context)
        fields = {"token": credential.refresh_token, "token_type_hint": "refresh_token", "client_id": client}
    try:
        async with asyncio.timeout(_REVOKE_SECONDS):
            await grants.send(context.http, issuer.body(issuer.url(context, "oauth/revoke"), fields))
    except TimeoutError:
        raise UpstreamError(Failure("network", "The login was not ended in time.")) from None


def authorised(connection: Connection, credential: OAuthCredential) -> Connection:
    """ChatGPT mode with the token at ChatGPT's own service, API key mode with the key at the usual one."""
    mode = connection.session.mode or credential.details.get("mode") or "chatgpt"
    if mode == "api_key":
        if not credential.api_key:
            message = "This login has no API key; switch the session to ChatGPT mode, or sign in again."
            raise MaestroError("authRequired", message, session_id=connection.session.id)
        return replace(connection, credential=ApiKeyCredential(credential.api_key))
    setting = f"providers.{connection.info.id}.chatgptBaseUrl"
    base_url = require_https(connection.settings.chatgpt_base_url or CHATGPT_BASE_URL, setting).rstrip("/")
    return replace(connection, credential=credential, base_url=base_url)


def _rule(context: OAuthContext) -> Rule:
    asked = choices.one_of(context, "modeRule", RULES)
    chosen: Rule | None = next((rule for rule in RULES if rule == asked), None)
    return chosen or context.settings.oauth.mode_rule or "current"


def _choice(context: OAuthContext, who: Account) -> Choice:
    asked = choices.one_of(context, "mode", _MODES)
    if asked in (None, "auto"):
        return choose(_rule(context), who.plan, who.email)
    return Choice("api_key" if asked == "api_key" else "chatgpt")


def _exchanges(context: OAuthContext, grant: CodeGrant, choice: Choice) -> bool:
    """Codex tries at every login in the browser, at none with a device code (A.5.6, A.5.10); what is asked for wins."""
    if choice.mode == "api_key":
        return True
    return context.options.get("mode") != "chatgpt" and not grant.redirect_uri.endswith(CALLBACK)


def _granted(credential: OAuthCredential, who: Account, mode: Mode, *notices: str | None) -> Granted:
    details = {name: value for name, value in credential.details.items() if name != "fedramp"}
    return Granted(
        credential=replace(
            credential,
            account_id=who.account_id or credential.account_id,
            details=details | ({"fedramp": "true"} if who.fedramp else {}),
        ),
        identity=who.identity,
        mode=mode,
        modes=("chatgpt", "api_key") if credential.api_key else ("chatgpt",),
        notices=tuple(filter(None, notices)),
    )
