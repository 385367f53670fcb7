"""A provider's failure as a person reads it: the code, and one sentence that says what to do."""

from collections.abc import Mapping

from maestro.errors import MaestroError
from maestro.failures import ErrorClass, UpstreamError
from maestro.providers.base import Connection
from maestro.redact import redact
from maestro.retry import RULES
from maestro.store.credentials import ApiKeyCredential
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
_KEY_WANTED = "{provider} wants an API key{words}; create a session with one."


def to_maestro_error(error: UpstreamError, connection: Connection, model: str | None = None) -> MaestroError:
    """The failure under its code, with the provider's own redacted words. `model` is the provider's name of it."""
    failure, session = error.failure, connection.session
    kind = _kind_for(failure.kind, session)
    words = _without_secrets(" ".join(failure.message.split()).rstrip("."), connection)
    keyless = kind == "auth_invalid" and not session.id
    message = (_KEY_WANTED if keyless else _SENTENCES[kind]).format(
        provider=connection.info.label,
        id=connection.info.id,
        session=f"session '{session.name}'" if session.id else "this computer",
        model=model or "the model",
        words=f" ({words})" if words else "",
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


def _kind_for(kind: ErrorClass, session: Session) -> ErrorClass:
    """A key does not expire: some services say so of any credential they refuse."""
    return "auth_invalid" if kind == "auth_expired" and session.auth_type == "api_key" else kind


def _without_secrets(text: str, connection: Connection) -> str:
    """What the service said, also if it repeats the key, whatever the key looks like."""
    credential = connection.credential
    if isinstance(credential, ApiKeyCredential):
        text = text.replace(credential.api_key, "[redacted]")
    return redact(text)
