"""OpenAI's authorization server: its address and client, and the key an id token is exchanged for."""

import asyncio
from contextlib import suppress

from maestro.failures import UpstreamError
from maestro.providers import choices, grants
from maestro.providers.oauth import OAuthContext
from maestro.providers.request import join, require_https
from maestro.transport import HttpRequest
from maestro_protocol.base import JsonObject

_ISSUER = "https://auth.openai.com"
_CLIENT = "app_EMoamEEZ73f0CkXaXp7hrann"
"""Codex's public client, which has no secret (providers.md A.5)."""
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
_EXCHANGE_SECONDS = 5.0
"""The key is a second stage: waiting for it must not cost the tokens that are there already."""


def url(context: OAuthContext, path: str) -> str:
    """An address of the authorization server. Raises 4004 where it is not HTTPS."""
    issuer = context.settings.oauth.issuer or _ISSUER
    return join(require_https(issuer, f"providers.{context.info.id}.oauth.issuer"), path)


def token_url(context: OAuthContext) -> str:
    """`oauth.tokenUrl`, else the issuer's."""
    own = context.settings.oauth.token_url
    return require_https(own, f"providers.{context.info.id}.oauth.tokenUrl") if own else url(context, "oauth/token")


def client(context: OAuthContext) -> str:
    return choices.client_id(context) or _CLIENT


def form(context: OAuthContext, **fields: str) -> HttpRequest:
    """A request to the token endpoint as it takes all but refreshes (providers.md 0.9)."""
    return HttpRequest("POST", token_url(context), {"accept": "application/json"}, form=fields)


def body(address: str, fields: JsonObject) -> HttpRequest:
    return HttpRequest("POST", address, {"accept": "application/json"}, json=fields)


async def api_key(context: OAuthContext, client_id: str, id_token: str | None) -> str | None:
    """The API key for an id token; None for whatever reason there is none (providers.md A.5.6)."""
    if not id_token:
        return None
    request = form(
        context,
        grant_type=_EXCHANGE,
        client_id=client_id,
        requested_token="openai-api-key",
        subject_token=id_token,
        subject_token_type=_ID_TOKEN,
    )
    with suppress(UpstreamError, TimeoutError):
        async with asyncio.timeout(_EXCHANGE_SECONDS):
            return (await grants.ask(context.http, request)).access_token
    return None
