"""THE UNIVERSAL INTERFACE: everything the product asks of any provider, as plain functions.

They work with the installed `Runtime` (`use`), or with one made from the environment. `provider` is an id, `session`
a session's id or name; `None` stands for "no session" and does for providers that need none. Nothing is chosen
silently: without a session where one is needed the answer is 4001. Every failure is a `MaestroError`; besides those a
function names, any of 4101, 4104, 4001, 4007 and 4103 may come of its first arguments, and 4002..4210 of the service.
"""

import os
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import NoReturn, TypedDict, TypeVar, Unpack
from uuid import uuid4

from pydantic import SecretStr

from maestro.audit.engine import AuditOptions, audit
from maestro.audit.exchange import Compose
from maestro.audit.source import AuditSource as AuditSource
from maestro.chat_stream import ChatItem as ChatItem
from maestro.chat_stream import ChatStream as ChatStream
from maestro.chat_stream import Retrying as Retrying
from maestro.completion import Completion as Completion
from maestro.completion import read_completion
from maestro.connections import connect, find_provider, find_providers, home
from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import UpstreamError
from maestro.positions import Encoding
from maestro.providers import registry
from maestro.providers.base import ChatRequest, Connection, ProviderInfo, RawReply
from maestro.retry import with_retries
from maestro.runtime import Runtime
from maestro.settings import load
from maestro.store.credentials import ApiKeyCredential, Credential, NoCredential
from maestro.store.sessions import SessionStore
from maestro_protocol.audit import AuditResult, Severity
from maestro_protocol.chat import ChatMessage, ChatParams, Tool
from maestro_protocol.errors import Issue
from maestro_protocol.models import Model
from maestro_protocol.sessions import SESSION_NAME, AuthType, EnvKey, Provider, Session

T = TypeVar("T")

_runtime: Runtime | None = None


class CreateOptions(TypedDict, total=False):
    """`api_key` is required where the provider needs a key; `validate` asks the provider first and keeps no bad key."""

    api_key: str | SecretStr | None
    validate: bool


class TextOptions(TypedDict, total=False):
    """`model` is the provider's own name; without it the session's, the settings' or the provider's default."""

    model: str | None
    params: ChatParams | None


class ChatOptions(TextOptions, total=False):
    """`tools` are offered to the model; its calls are returned, never run."""

    tools: Sequence[Tool]


class AuditCodeOptions(TypedDict, total=False):
    """As in `maestro.audit.engine.AuditOptions`; `model` as in `TextOptions`."""

    model: str | None
    audit_id: str
    rules: Sequence[str] | None
    min_severity: Severity | None
    encoding: Encoding
    lines: tuple[int, int] | None


def use(runtime: Runtime | None) -> None:
    """Install what the functions here work with; None forgets it."""
    global _runtime
    _runtime = runtime


def current() -> Runtime:
    """The installed runtime; without one, a fresh one from the environment. Raises -32602 for misfit settings."""
    if _runtime is None:
        use(Runtime(load(os.environ, None), SessionStore(), os.environ))
    assert _runtime is not None
    return _runtime


def connection(provider: str, session: str | None = None) -> Connection:
    """A session's way to its provider: address, credential, settings and connection pool."""
    return connect(current(), provider, session)


def list_providers() -> list[Provider]:
    """Every provider there is, and what it can do here. A plug-in that does not fit is left out."""
    runtime = current()
    return [_row(runtime, info) for info in find_providers(runtime)]


def get_default_provider() -> str:
    """The provider used when neither a model nor a session says otherwise."""
    return current().settings.defaults.provider


def default_model(provider: str) -> str | None:
    """The provider's own name of the model used when nothing says which: the settings', else the provider's."""
    return current().settings.provider(provider).default_model or find_provider(current(), provider).default_model


def needs_key(provider: str) -> bool:
    """Whether the provider is of no use without a session."""
    return find_provider(current(), provider).needs_key


async def create_session(provider: str, auth_type: AuthType, *, name: str, **opts: Unpack[CreateOptions]) -> str:
    """Keep a credential under a name; returns the session's id.

    Raises:
        MaestroError: -32602 for a name or key that cannot be one, 4008 if the name is taken, 4002 and others if
            `validate` was asked for; then nothing is kept.
    """
    info = _offering(provider, auth_type)
    credential = _credential(info, opts.get("api_key"))
    if not name.strip() or not re.match(SESSION_NAME, name):
        message = "A session's name has 1 to 100 characters, none of them `:`, `/` or invisible; choose another."
        raise _invalid("name", message, "does not have the required form")
    sessions = current().sessions
    session = sessions.add(provider, auth_type, name, credential)
    if opts.get("validate"):
        try:
            await validate_auth(provider, session.id)
        except BaseException:
            sessions.delete(session.id)
            raise
    return session.id


async def initialize_auth(provider: str, session: str | None) -> Session:
    """The session, once it is known that a request can be signed with it; asks nobody."""
    ready = connection(provider, session)
    if ready.info.needs_key:
        registry.resolve(home(ready.info), registry.API_KEY).auth_headers(ready)
    return ready.session


async def validate_auth(provider: str, session: str | None) -> Session:
    """Ask the service whether the credential is good; returns the session with its new status.

    Raises:
        MaestroError: 4002 or 4003 if it is not (the session then needs a login), and what kept the service from
            answering.
    """
    ready = connection(provider, session)
    await _models(ready)
    return current().sessions.set_status(ready.session.id, "active") if ready.session.id else ready.session


async def delete_session(provider: str, auth_type: AuthType, session: str) -> bool:
    """Forget a session and its credential; False if there was none.

    Raises:
        MaestroError: 4103 for a name several have, 4104 for a session the environment offers.
    """
    _offering(provider, auth_type)
    try:
        current().sessions.delete(session, provider)
    except MaestroError as error:
        if error.kind != "sessionNotFound":
            raise
        return False
    return True


async def list_models(provider: str, auth_type: AuthType, session: str | None) -> list[Model]:
    """The models the session may use, as the service lists them now."""
    _offering(provider, auth_type)
    return await _models(connection(provider, session))


async def get_model_info(provider: str, session: str | None, model: str) -> Model:
    """One model by its name or id.

    Raises:
        MaestroError: 4102 with the names that come close.
    """
    models = await _models(connection(provider, session))
    for found in models:
        if model in (found.name, found.id):
            return found
    close = get_close_matches(model, [m.name for m in models], n=5, cutoff=0.4)
    message = "The provider does not list this model; use one of the candidates."
    raise MaestroError("modelNotFound", message, provider=provider, candidates=close or [m.name for m in models[:20]])


def stream_chat(
    provider: str, session: str | None, messages: Sequence[ChatMessage], **opts: Unpack[ChatOptions]
) -> ChatStream:
    """The answer to a conversation, message by message. Nothing is sent before the first is asked for.

    Raises:
        MaestroError: at once for arguments that cannot work (4102 without any model), while iterating for the rest.
    """
    runtime, ready = current(), connection(provider, session)
    role = registry.resolve(home(ready.info), registry.STREAMING)
    _touch(runtime, ready)
    request = ChatRequest(
        _model_name(ready, opts.get("model")),
        tuple(messages),
        opts.get("params") or ChatParams(),
        tuple(opts.get("tools") or ()),
    )
    return ChatStream(
        ready,
        request,
        role,
        runtime.settings,
        runtime.counters[provider],
        on_failure=lambda failure: _note_refusal(runtime, ready, failure),
    )


async def interrupt_stream(stream: ChatStream) -> None:
    """End an answer from any task; whoever reads it sees its end, not an error."""
    await stream.interrupt()


async def complete_text(
    provider: str, session: str | None, messages: Sequence[ChatMessage], **opts: Unpack[TextOptions]
) -> Completion:
    """The whole answer. Look at `stop_reason`: `maxTokens` means that it was cut."""
    return await read_completion(
        stream_chat(provider, session, messages, model=opts.get("model"), params=opts.get("params"))
    )


async def complete_with_tools(
    provider: str, session: str | None, messages: Sequence[ChatMessage], **opts: Unpack[ChatOptions]
) -> Completion:
    """The whole answer with the calls the model made; one that is not `complete` must never be run."""
    return await read_completion(stream_chat(provider, session, messages, **opts))


async def generate_auth_url(provider: str, session: str) -> NoReturn:
    """Where a person signs in. Raises 4104: no provider offers OAuth yet."""
    _no_oauth(provider)


async def exchange_code_for_tokens(provider: str, session: str, code: SecretStr) -> NoReturn:
    """Finish a login. Raises 4104: no provider offers OAuth yet."""
    _no_oauth(provider)


async def refresh_tokens(provider: str, session: str) -> NoReturn:
    """Renew a login. Raises 4104: no provider offers OAuth yet."""
    _no_oauth(provider)


async def revoke_tokens(provider: str, session: str) -> NoReturn:
    """End a login at the provider. Raises 4104: no provider offers OAuth yet."""
    _no_oauth(provider)


async def audit_code(
    provider: str, session: str | None, source: AuditSource, **opts: Unpack[AuditCodeOptions]
) -> AuditResult:
    """Review one document with the model's help.

    What goes wrong with a request makes the result `partial` or `failed`; it is not raised.

    Raises:
        MaestroError: 4104 where the provider has no structured output, 4102 without any model, -32602 for rules that
            do not exist; all before anything is sent.
    """
    ready = connection(provider, session)
    role = registry.resolve(home(ready.info), registry.AUDIT)
    options = AuditOptions(
        provider=provider,
        model=_model_name(ready, opts.get("model")),
        audit_id=opts.get("audit_id") or f"aud_{uuid4().hex[:16]}",
        rules=opts.get("rules"),
        min_severity=opts.get("min_severity") or "low",
        encoding=opts.get("encoding") or "utf-16",
        lines=opts.get("lines"),
    )

    async def generate(compose: Compose) -> RawReply:
        return await _ask(ready, lambda: role.generate_structured(ready, compose), options.model)

    return await audit(source, generate, options)


async def _models(ready: Connection) -> list[Model]:
    role = registry.resolve(home(ready.info), registry.MODELS)
    return await _ask(ready, lambda: role.list_models(ready))


async def _ask(ready: Connection, call: Callable[[], Awaitable[T]], model: str | None = None) -> T:
    """Call with retries; what is left of the failures is told in Maestro's words."""
    runtime = current()
    _touch(runtime, ready)
    try:
        return await with_retries(call, runtime.settings.retry, tally=runtime.counters[ready.info.id])
    except UpstreamError as error:
        failure = to_maestro_error(error, ready, model)
    _note_refusal(runtime, ready, failure)
    raise failure


def _touch(runtime: Runtime, ready: Connection) -> None:
    if ready.session.id:
        runtime.sessions.touch(ready.session.id)


def _note_refusal(runtime: Runtime, ready: Connection, failure: MaestroError) -> None:
    """A session whose credential was refused needs a login; one that may not do this (403) does not."""
    if failure.kind in ("authRejected", "authExpired") and failure.data.http_status != 403:
        with suppress(MaestroError):  # the session may be gone by now
            runtime.sessions.set_status(ready.session.id, "needsLogin")


def _row(runtime: Runtime, info: ProviderInfo) -> Provider:
    present = [name for name in info.key_variables if runtime.environment.get(name, "").strip()]
    shown = next(iter([*present, *reversed(info.key_variables)]), None)
    return Provider(
        id=info.id,
        label=info.label,
        default=info.id == runtime.settings.defaults.provider,
        auth_types=list(info.auth_types),
        env=EnvKey(name=shown, present=bool(present)) if shown else None,
        roles=registry.roles(home(info)),
    )


def _offering(provider: str, auth_type: AuthType) -> ProviderInfo:
    """The provider, if it can be signed in to this way; one that needs no key takes `api_key` in any case."""
    info = find_provider(current(), provider)
    offered = [kind.auth_type for kind in info.auth_types]
    if auth_type not in offered and (info.needs_key or auth_type != "api_key"):
        message = f"{info.label} cannot be signed in to by {auth_type} here; use one of the candidates."
        raise MaestroError("unsupported", message, provider=provider, candidates=[str(kind) for kind in offered])
    return info


def _credential(info: ProviderInfo, api_key: str | SecretStr | None) -> Credential:
    key = (api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key or "").strip()
    if not key and not info.needs_key:
        return NoCredential()
    if not key or not key.isascii() or not key.isprintable():
        raise _invalid("apiKey", "The API key is empty or has characters no key has.", "must be a key")
    return ApiKeyCredential(key)


def _model_name(ready: Connection, model: str | None) -> str:
    defaults = ready.session.defaults
    name = model or (defaults.model if defaults else None) or ready.settings.default_model or ready.info.default_model
    if not name:
        message = f"{ready.info.label} has no default model; name one, or set `providers.{ready.info.id}.defaultModel`."
        raise MaestroError("modelNotFound", message, provider=ready.info.id)
    return name


def _no_oauth(provider: str) -> NoReturn:
    info = find_provider(current(), provider)
    message = f"{info.label} cannot be signed in to by OAuth here; create a session with an API key."
    raise MaestroError("unsupported", message, provider=provider)


def _invalid(path: str, message: str, issue: str) -> MaestroError:
    return MaestroError("invalidParams", message, issues=[Issue(path=path, message=issue)])
