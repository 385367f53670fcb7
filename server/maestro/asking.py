"""One question to a provider: with a good credential, with retries, and its failures in Maestro's words."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from maestro.connections import home
from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import UpstreamError
from maestro.providers import registry
from maestro.providers.base import Connection
from maestro.retry import ONCE, with_retries
from maestro.runtime import Runtime
from maestro.tokens import Access
from maestro_protocol.models import Model

T = TypeVar("T")


async def ask(
    runtime: Runtime,
    ready: Connection,
    call: Callable[[Connection], Awaitable[T]],
    model: str | None = None,
    *,
    once: bool = False,
) -> T:
    """What `call` gets from the provider. `model` is the provider's name of the model, for the error's sentence.

    Raises:
        MaestroError: what is left of the failures.
    """
    access = Access(runtime, ready)
    count = runtime.counters.request(ready.info.id, ready.session.id)
    touch(runtime, ready)
    retry = runtime.settings.retry.model_copy(update=ONCE) if once else runtime.settings.retry

    async def attempt() -> T:
        return await call(await access.connect())

    try:
        return await with_retries(attempt, retry, refresh=access.refresh, count=count)
    except UpstreamError as error:
        failure = to_maestro_error(error, access.connection, model)
    await note_refusal(runtime, ready, failure)
    raise failure


async def list_models(runtime: Runtime, ready: Connection) -> list[Model]:
    """The models, as the service lists them now."""
    role = registry.resolve(home(ready.info), registry.MODELS)
    return await ask(runtime, ready, role.list_models)


def touch(runtime: Runtime, ready: Connection) -> None:
    """Remember that the session was used."""
    if ready.session.id:
        runtime.sessions.touch(ready.session.id)


async def note_refusal(runtime: Runtime, ready: Connection, failure: MaestroError) -> None:
    """A session whose credential was refused needs a login; one that may not do this (403) does not. How long one must
    wait is kept."""
    data = failure.data
    if failure.kind in ("rateLimited", "quotaExceeded") and data.retry_after_ms and data.model:
        runtime.rate_limits.wait(ready.info.id, ready.session.id or None, data.model, data.retry_after_ms / 1000)
    refused = failure.kind in ("authRejected", "authExpired") and failure.data.http_status != 403
    if not refused or not ready.session.id:
        return
    with suppress(MaestroError):  # the session may be gone by now
        if runtime.sessions.find(ready.session.id).session.status != "needsLogin":
            await runtime.sessions.change(ready.session.id, status="needsLogin", problem=failure.message)
            runtime.sessions.told("needsLogin")


def model_name(ready: Connection, model: str | None) -> str:
    """The provider's own name of the model: as named, else the session's, the settings' or the provider's default.

    Raises:
        MaestroError: 4102 where nothing says which.
    """
    defaults = ready.session.defaults
    name = model or (defaults.model if defaults else None) or ready.settings.default_model or ready.info.default_model
    if not name:
        message = f"{ready.info.label} has no default model; name one, or set `providers.{ready.info.id}.defaultModel`."
        raise MaestroError("modelNotFound", message, provider=ready.info.id)
    return name
