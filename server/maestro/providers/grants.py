"""Asking a token endpoint: what the answers of all providers have in common, and which refusals are final."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import BaseModel, Field, JsonValue

from maestro.failures import ErrorClass, Failure, UpstreamError
from maestro.providers import claims
from maestro.providers.reply import read
from maestro.store.credentials import OAuthCredential, expiry
from maestro.transport import HttpReply, HttpRequest, Transport

_SECRET = frozenset(
    "code code_verifier client_secret refresh_token subject_token assertion token device_auth_id user_code".split()
)
"""The fields of a request whose values nobody may read in an error."""
_LONGEST_TOKEN = 64 * 1024
_SHOWN_HEAD = 12
"""Characters by which a secret is found that was cut off."""


class Tokens(BaseModel):
    """What a token endpoint answered; members nobody here reads are left out."""

    access_token: str | None = Field(default=None, repr=False)
    refresh_token: str | None = Field(default=None, repr=False)
    id_token: str | None = Field(default=None, repr=False)
    expires_in: float | None = None
    """Seconds."""


async def send(http: Transport, request: HttpRequest) -> HttpReply:
    """The answer; a refusal raises UpstreamError that repeats nothing of what was sent."""
    try:
        return await http.fetch(request)
    except UpstreamError as error:
        refused = _without_secrets(error, request)
    raise refused  # outside of the handler: the first one may hold what the service repeated


async def ask(http: Transport, request: HttpRequest, *, partial: bool = False) -> Tokens:
    """The tokens; `partial` where an access token may be missing because the old one stays good.

    Raises:
        UpstreamError: `malformed` for an answer without one, and what `send` raises.
    """
    return _read((await send(http, request)).json, partial=partial)


def issued(answer: JsonValue, old: OAuthCredential | None = None) -> OAuthCredential:
    """A token endpoint's answer as a credential; see `credential`. Raises UpstreamError, `malformed`."""
    return credential(_read(answer), old)


def refresh_token(credential: OAuthCredential) -> str:
    """What a renewal is asked with. Raises UpstreamError, `auth_invalid`, where there is none."""
    if not credential.refresh_token:
        raise UpstreamError(Failure("auth_invalid", "The login came without a refresh token and cannot be renewed."))
    return credential.refresh_token


def credential(tokens: Tokens, old: OAuthCredential | None = None) -> OAuthCredential:
    """The tokens as a credential; what they do not repeat is kept from `old`.

    The lifetime is what the service said, else what the token says of itself, else the default (E.2.17): never its
    `exp` alone, which is by somebody else's clock.
    """
    base, now = old or OAuthCredential(""), datetime.now(UTC)
    if tokens.access_token:
        lifetime = tokens.expires_in or claims.lifetime(tokens.access_token)
        base = replace(base, access_token=tokens.access_token, obtained_at=now, expires_at=expiry(lifetime, now))
    return replace(
        base,
        refresh_token=tokens.refresh_token or base.refresh_token,
        id_token=tokens.id_token or base.id_token,
    )


def _read(answer: JsonValue, *, partial: bool = False) -> Tokens:
    tokens = read(Tokens, answer)
    if not tokens.access_token and not partial:
        raise UpstreamError(Failure("malformed", "The answer holds no access token."))
    if not all(map(_is_usable, filter(None, (tokens.access_token, tokens.refresh_token, tokens.id_token)))):
        raise UpstreamError(Failure("malformed", "The answer holds a token that cannot be sent."))
    return tokens


def _is_usable(token: str) -> bool:
    """Whether a header can carry it."""
    return len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def judged(
    error: UpstreamError,
    permanent: Collection[str],
    *,
    statuses: Collection[int] = (),
    otherwise: ErrorClass = "server",
) -> UpstreamError:
    """A refused renewal: `auth_invalid` for the permanent codes and statuses, and for nothing else.

    Any other refusal that reads as if the login were over becomes `otherwise`: the tokens stay where they are.
    """
    kind = error.failure.kind
    if error.http_status in statuses or error.failure.code in permanent:
        kind = "auth_invalid"
    elif kind in ("auth_invalid", "auth_expired"):
        kind = otherwise
    return UpstreamError(replace(error.failure, kind=kind), http_status=error.http_status, request_id=error.request_id)


def _without_secrets(error: UpstreamError, request: HttpRequest) -> UpstreamError:
    """The refusal in our words where the service's repeat a secret, whole or cut."""
    failure = error.failure
    fields = {**(request.form or {}), **(request.json or {})}
    heads = [value[:_SHOWN_HEAD] for name, value in fields.items() if name in _SECRET and isinstance(value, str)]

    def repeats(text: str | None) -> bool:
        return any(head and head in (text or "") for head in heads)

    if repeats(failure.message) or repeats(failure.code):
        message = f"The provider answered with HTTP {error.http_status} and repeated what was sent."
        code = None if repeats(failure.code) else failure.code
        failure = replace(failure, message=message, code=code)
    return UpstreamError(failure, http_status=error.http_status, request_id=error.request_id)
