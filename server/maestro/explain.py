"""A provider's failure as a person reads it: the code, and one sentence that says what to do."""

from collections.abc import Mapping
from itertools import takewhile

from maestro.errors import MaestroError
from maestro.failures import UNSENT, ErrorClass, UpstreamError
from maestro.providers.base import Connection
from maestro.redact import redact
from maestro.retry import RULES
from maestro.store.credentials import ApiKeyCredential, OAuthCredential
from maestro_protocol.sessions import Session

_SENTENCES: Mapping[ErrorClass, str] = {
    "auth_expired": "The login of {session} with {provider} has expired{words}; sign in again.",
    "auth_invalid": "{provider} refused the API key of {session}{words}; create the session again with a valid key.",
    "permission": "{provider} does not allow {session} to do this{words}; check what the account may use.",
    "billing_quota": "The quota or credit of {session} with {provider} is used up{words}; check the account's billing.",
    "rate_limited": "{provider} gets too many requests from {session}{words}; wait a little and try again.",
    "overloaded": "{provider} is overloaded{words}; try again in a moment.",
    "server": "{provider} failed on its side{words}; try again in a moment.",
    "network": "{provider} cannot be reached{words}; check the network and `providers.{id}.baseUrl`.",
    "stream_interrupted": "The answer of {provider} broke off{words}; what arrived is incomplete, so ask again.",
    "invalid_request": "{provider} refused the request{words}; check the model's name and the parameters.",
    "context_window": "The request does not fit the context window of {model}{words}; send less, or use another model.",
    "content_filter": "{provider} withheld its answer{words}; ask differently.",
    "malformed": "{provider} answered something that cannot be read{words}; check `providers.{id}.baseUrl`.",
}
_HIDDEN = "[redacted]"
_SHORTEST_SECRET, _SHORTEST_HEAD = 4, 12
_OFFERED_KEY = "{provider} refused the key in {place}{words}; correct it there."
_TOO_LARGE = "The request is larger than {provider} takes{words}; send less."
_NOT_SENT = "The request could not be sent to {provider}{words}; check `providers.{id}.baseUrl`, the proxy and the key."
_WAIT = "{provider} asks {session} to wait {wait}{words}; wait, or use another session."
_LOGIN_REFUSED = "{provider} refused the login of {session}{words}; sign in to it again."
_KEY_WANTED = "{provider} wants an API key; create a session with one."


def to_maestro_error(error: UpstreamError, connection: Connection, model: str | None = None) -> MaestroError:
    """The failure under its code, with the provider's own redacted words. `model` is the provider's name of it."""
    failure, session = error.failure, connection.session
    kind = _kind_for(failure.kind, session)
    words = " ".join(_without_secrets(failure.message, connection).split()).rstrip(".")
    message = _sentence(kind, error, session).format(
        provider=connection.info.label,
        id=connection.info.id,
        session=f"session '{session.name}'" if session.id else "this computer",
        model=model or "the model",
        words=f" ({words})" if words else "",
        place=session.key_place,
        wait=_duration(failure.retry_after or 0),
    )
    return MaestroError(
        RULES[kind].kind,
        message,
        provider=connection.info.id,
        session_id=session.id or None,
        model=model,
        http_status=error.http_status,
        upstream_request_id=_without_secrets(error.request_id, connection) if error.request_id else None,
        retry_after_ms=None if failure.retry_after is None else round(failure.retry_after * 1000),
    )


def _sentence(kind: ErrorClass, error: UpstreamError, session: Session) -> str:
    if kind == "auth_invalid" and session.key_place:
        return _OFFERED_KEY
    if kind == "auth_invalid" and not session.id:
        return _KEY_WANTED
    if kind == "auth_invalid" and session.auth_type == "oauth":
        return _LOGIN_REFUSED
    if kind == "billing_quota" and error.failure.retry_after:
        return _WAIT
    if error.failure.code == UNSENT:
        return _NOT_SENT
    if kind == "invalid_request" and error.http_status == 413:
        return _TOO_LARGE
    return _SENTENCES[kind]


def _duration(seconds: float) -> str:
    """`90 s`, `12 min`, `5.0 h`: the largest unit that says it in a number one can read."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _kind_for(kind: ErrorClass, session: Session) -> ErrorClass:
    """A key does not expire: some services say so of any credential they refuse."""
    return "auth_invalid" if kind == "auth_expired" and session.auth_type == "api_key" else kind


def _without_secrets(text: str, connection: Connection) -> str:
    """What the service said, also if it repeats the key or a secret header, whatever they look like."""
    secrets = list(connection.settings.headers.values())
    if isinstance(connection.credential, ApiKeyCredential):
        secrets.append(connection.credential.api_key)
    elif isinstance(connection.credential, OAuthCredential):
        secrets.extend(connection.credential.secrets)
    for secret in secrets:
        text = _hide(_hide(text, secret), " ".join(secret.split()))
    return redact(text)


def _hide(text: str, secret: str) -> str:
    """The text without the secret, or the beginning of it where the text was cut."""
    head = secret[:_SHORTEST_HEAD]
    if len(head) < _SHORTEST_SECRET:  # hiding a letter or two would hide half of every sentence
        return text
    start = text.find(head)
    while start >= 0:
        end = start + sum(
            1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text[start:], secret, strict=False))
        )
        text = f"{text[:start]}{_HIDDEN}{text[end:]}"
        start = text.find(head, start + len(_HIDDEN))
    return text
