"""Signing in where there is no browser: a code typed in on another device (providers.md A.5.10)."""

from pydantic import BaseModel, Field

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers import grants
from maestro.providers.oauth import CodeGrant, DeviceCode, OAuthContext
from maestro.providers.openai import issuer
from maestro.providers.reply import read
from maestro_protocol.base import JsonObject

CALLBACK = "deviceauth/callback"
_LIFETIME = 15 * 60.0
_PENDING = (403, 404)
_PASSING = ("network", "server", "overloaded", "rate_limited")


class _Started(BaseModel):
    device_auth_id: str = Field(repr=False)
    user_code: str | None = Field(default=None, repr=False)
    usercode: str | None = Field(default=None, repr=False)
    interval: float = Field(default=5.0, ge=0)
    """Seconds; comes as text."""


class _Agreed(BaseModel):
    authorization_code: str = Field(repr=False)
    code_verifier: str = Field(repr=False)


async def start_device(context: OAuthContext) -> DeviceCode:
    """A code to type in. Raises 4004 where the service does not offer this way."""
    fields: JsonObject = {"client_id": issuer.client(context)}
    request = issuer.body(issuer.url(context, "api/accounts/deviceauth/usercode"), fields)
    try:
        started = read(_Started, (await grants.send(context.http, request)).json)
    except UpstreamError as error:
        if error.http_status != 404:
            raise
        raise _not_offered() from None
    code = started.user_code or started.usercode
    if not code:
        raise _not_offered()
    return DeviceCode(
        user_code=code,
        verification_uri=issuer.url(context, "codex/device"),
        interval=started.interval,
        expires_in=_LIFETIME,
        handle=started.device_auth_id,
    )


async def poll_device(context: OAuthContext, code: DeviceCode) -> CodeGrant | None:
    """The code for tokens, with the verifier that the service itself made; None while nobody has agreed."""
    fields: JsonObject = {"device_auth_id": code.handle, "user_code": code.user_code}
    request = issuer.body(issuer.url(context, "api/accounts/deviceauth/token"), fields)
    try:
        agreed = read(_Agreed, (await grants.send(context.http, request)).json)
    except UpstreamError as error:
        if error.http_status in _PENDING:
            return None
        if error.failure.kind in _PASSING:
            raise
        raise MaestroError(
            "loginFailed", "OpenAI ended the login with the device code; start it again.", http_status=error.http_status
        ) from None
    return CodeGrant(agreed.authorization_code, issuer.url(context, CALLBACK), agreed.code_verifier)


def _not_offered() -> MaestroError:
    message = "OpenAI does not offer a login with a device code here; sign in with the browser, or paste its address."
    return MaestroError("loginFailed", message)
