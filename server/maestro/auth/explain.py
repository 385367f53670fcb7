"""A login's failure as a person reads it: under its code, in the provider's own words, made harmless."""

import unicodedata
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.base import ProviderInfo
from maestro.redact import MASK, redact
from maestro.retry import RULES

T = TypeVar("T")

_PASSING = {"rate_limited", "overloaded", "server", "network"}
_MOST_WORDS = 300
_SHORTEST_SECRET = 4
_SENTENCES = {
    "rateLimited": "{provider} gets too many requests{words}; wait a little and try again.",
    "overloaded": "{provider} failed on its side{words}; try again in a moment.",
    "unreachable": "{provider} cannot be reached to finish the login{words}; check the network and try again.",
    "loginFailed": "{provider} refused the login{words}; sign in again.",
}


def passes(error: UpstreamError | MaestroError) -> bool:
    """Whether the same request may succeed later."""
    return error.data.retryable if isinstance(error, MaestroError) else error.failure.kind in _PASSING


def login_failed(error: UpstreamError, info: ProviderInfo, secrets: Iterable[str] = ()) -> MaestroError:
    """4201, 4203 or 4204 for what may pass, else 4004. `secrets` are hidden should the service repeat them."""
    failure = error.failure
    kind = RULES[failure.kind].kind if passes(error) else "loginFailed"
    words = harmless(failure.message, secrets).rstrip(".")
    message = _SENTENCES[kind].format(provider=info.label, words=f" ({words})" if words else "")
    return MaestroError(
        kind,
        message,
        provider=info.id,
        http_status=error.http_status,
        upstream_request_id=harmless(error.request_id, secrets) if error.request_id else None,
        retry_after_ms=None if failure.retry_after is None else round(failure.retry_after * 1000),
    )


async def explained(call: Awaitable[T], info: ProviderInfo, secrets: Iterable[str] = ()) -> T:
    """What the call gives; its failure as a MaestroError."""
    try:
        return await call
    except UpstreamError as error:
        failure = error
    # Raised outside the handler: the traceback of the first holds the request.
    raise login_failed(failure, info, secrets)


def harmless(text: str, secrets: Iterable[str] = ()) -> str:
    """Somebody else's words, to be shown in a sentence: one line, no secret, no invisible character, cut."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:  # hiding a letter or two would hide half of every sentence
            text = text.replace(secret, MASK)
    visible = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    words = " ".join(redact(visible).split())
    return words if len(words) <= _MOST_WORDS else f"{words[: _MOST_WORDS - 1]}…"
