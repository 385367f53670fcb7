"""THE UNIVERSAL INTERFACE: everything the product asks of any provider, as plain functions.

They work with the installed `Runtime` (`use`), or with one made from the environment. `provider` is an id, `session`
a session's id or name; `None` stands for "no session" and does for providers that need none. Nothing is chosen
silently: without a session where one is needed the answer is 4001. Every failure is a `MaestroError`; besides those a
function names, any of 4101, 4104, 4001, 4007 and 4103 may come of its first arguments, and 4002..4210 of the service.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar, Unpack

from pydantic import JsonValue, SecretStr

from maestro import asking, sign_in, tokens
from maestro.audit.asking.exchange import Compose
from maestro.audit.engine import audit
from maestro.audit.options import Shared
from maestro.audit.outcome import Outcome
from maestro.audit.source import AuditSource as AuditSource
from maestro.auditing import AuditCodeOptions as AuditCodeOptions
from maestro.auditing import audit_options
from maestro.auth.login import Login as Login
from maestro.chat_stream import ChatItem as ChatItem
from maestro.chat_stream import ChatStream as ChatStream
from maestro.chat_stream import Retrying as Retrying
from maestro.completion import Completion as Completion
from maestro.completion import read_completion
from maestro.connections import connect, describe, find_provider, find_providers, heard_of, home, usable_ids
from maestro.connections import find_id as find_id_in
from maestro.errors import MaestroError
from maestro.offered import offered
from maestro.options import ChatOptions, CreateOptions, LoginOptions, TextOptions
from maestro.preview import preview
from maestro.providers import registry
from maestro.providers.base import BatchState as BatchState
from maestro.providers.base import ChatRequest, Connection, RawReply, StructuredRequest
from maestro.providers.oauth import Granted
from maestro.runtime import Runtime
from maestro.settings import load
from maestro.store.credentials import NoCredential
from maestro.store.sessions import NewSession, open_sessions
from maestro.tokens import Access
from maestro.transport import HttpRequest
from maestro_protocol.audit import AuditResult
from maestro_protocol.chat import ChatMessage, ChatParams
from maestro_protocol.models import Model
from maestro_protocol.sessions import AuthType, Flow, Provider, Session, StepOpenUrl
from maestro_protocol.settings import Settings

T = TypeVar("T")

_runtime: Runtime | None = None
_logins: dict[tuple[str, str], Login] = {}
"""Logins that `generate_auth_url` began, by provider and the name of the session to be."""


def use(runtime: Runtime | None) -> None:
    """Install what the functions here work with; None forgets it."""
    global _runtime
    _runtime = runtime
    _logins.clear()


def current() -> Runtime:
    """The installed runtime; without one, a fresh one from the environment. Raises -32602 for misfit settings."""
    if _runtime is None:
        use(new_runtime(load(os.environ, None), os.environ))
    assert _runtime is not None
    return _runtime


def new_runtime(settings: Settings, environment: Mapping[str, str]) -> Runtime:
    """A runtime over the store that the environment's directories hold; opened with its first use."""
    runtime = Runtime(settings, open_sessions(environment, lambda: offered(runtime)), environment)
    return runtime


def connection(provider: str, session: str | None = None) -> Connection:
    """A session's way to its provider: address, settings and connection pool. What the vault holds is not read yet."""
    return connect(current(), provider, session)


def list_providers() -> list[Provider]:
    """Every provider there is, and what it can do here. A plug-in that does not fit is left out."""
    runtime = current()
    return [describe(runtime, info) for info in find_providers(runtime)]


def get_default_provider() -> str:
    """The provider used when neither a model nor a session says otherwise."""
    return current().settings.defaults.provider


def default_model(provider: str) -> str | None:
    """The provider's own name of the model used when nothing says which: the settings', else the provider's."""
    return current().settings.provider(provider).default_model or find_provider(current(), provider).default_model


def needs_key(provider: str) -> bool:
    """Whether the provider is of no use without a session."""
    return find_provider(current(), provider).needs_key


def find_id(name: str) -> str | None:
    """The id of the provider that is called so, in whatever case; None where there is none."""
    return find_id_in(current(), name)


def candidates() -> list[str]:
    """The ids that a person who named no provider may have meant."""
    return usable_ids(current())


def is_open(provider: str) -> bool:
    """Whether the provider is asked without a session: it needs no key, and there is none of it."""
    return not needs_key(provider) and not current().sessions.list(provider)


async def create_session(provider: str, auth_type: AuthType, *, name: str, **opts: Unpack[CreateOptions]) -> str:
    """Keep a credential under a name; returns the session's id. By OAuth this does for logins that need no browser.

    Raises:
        MaestroError: -32602 for a name or key that cannot be one, 4008 if the name is taken, 4002 and others if
            `validate` was asked for; then nothing is kept. 4001 for a login that needs a person: `generate_auth_url`
            begins one.
    """
    info = sign_in.offering(current(), provider, auth_type)
    sign_in.check_name(name)
    if auth_type == "api_key":
        new = sign_in.from_key(info, name, opts.get("api_key"))
        return (await _keep(new, validate=opts.get("validate", False))).id
    login = begin_login(provider, opts.get("flow"), opts.get("options"))
    granted = await sign_in.answer(login, opts.get("inputs"))
    if not isinstance(granted, Granted):
        await login.cancel()
        message = f"Signing in to {info.label} needs a person at a browser; begin with `generate_auth_url`."
        raise MaestroError("authRequired", message, provider=provider)
    return (await keep_login(provider, name, granted, validate=opts.get("validate", False))).id


def begin_login(provider: str, flow: Flow | None = None, options: Mapping[str, JsonValue] | None = None) -> Login:
    """A login by OAuth, to be driven step by step; nothing is asked yet. Raises 4104 with the flows there are."""
    info = sign_in.offering(current(), provider, "oauth")
    return sign_in.open_login(current(), info, flow, options or {})


async def keep_login(provider: str, name: str, granted: Granted, *, validate: bool = False) -> Session:
    """Keep what a login gave under a name. A session of that name which needs a login gets the new one.

    Raises:
        MaestroError: -32602, 4008, and what `validate` found; then nothing is kept.
    """
    sign_in.check_name(name)
    info = find_provider(current(), provider)
    return await _keep(sign_in.from_login(info, name, granted), validate=validate)


async def _keep(new: NewSession, *, validate: bool) -> Session:
    if validate:
        await asking.list_models(current(), sign_in.draft(current(), new))
        new = replace(new, status="active")
    return await current().sessions.add(new)


async def initialize_auth(provider: str, session: str | None) -> Session:
    """The session, once it is known that a request can be signed with it: its credential opens, and is renewed if it
    is due."""
    ready = await tokens.authorise(current(), connection(provider, session))
    return ready.session


async def validate_auth(provider: str, session: str | None) -> Session:
    """Ask the service whether the credential is good; returns the session with its new status.

    Raises:
        MaestroError: 4002 or 4003 if it is not (the session then needs a login), and what kept the service from
            answering.
    """
    ready = connection(provider, session)
    await asking.list_models(current(), ready)
    if not ready.session.id:
        return ready.session
    return await current().sessions.change(ready.session.id, status="active", problem=None)


async def delete_session(provider: str, auth_type: AuthType, session: str, *, revoke: bool | None = None) -> bool:
    """Forget a session and its credential; False if there was none. A login kept here is also revoked at the service,
    unless `revoke` is False.

    Raises:
        MaestroError: 4103 for a name several have, 4104 for an offered session.
    """
    runtime = current()
    sign_in.offering(runtime, provider, auth_type)
    try:
        found = runtime.sessions.find(session, provider).session
        await sign_in.forget(runtime, found, revoking=revoke)
    except MaestroError as error:
        if error.kind != "sessionNotFound":
            raise
        return False
    return True


async def list_models(provider: str, auth_type: AuthType, session: str | None) -> list[Model]:
    """The models the session may use, as the service lists them now."""
    sign_in.offering(current(), provider, auth_type)
    return await asking.list_models(current(), connection(provider, session))


async def get_model_info(provider: str, session: str | None, model: str) -> Model:
    """One model by its name or id.

    Raises:
        MaestroError: 4102 with the names that come close.
    """
    models = await asking.list_models(current(), connection(provider, session))
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
    asking.touch(runtime, ready)
    model = asking.model_name(ready, opts.get("model"))
    tools = tuple(opts.get("tools") or ())
    request = ChatRequest(model, tuple(messages), opts.get("params") or ChatParams(), tools)
    return ChatStream(
        Access(runtime, heard_of(runtime, ready, model)),
        request,
        role,
        runtime.settings,
        runtime.counters.request(provider, ready.session.id),
        once=opts.get("once", False),
        on_failure=lambda failure: asking.note_refusal(runtime, ready, failure),
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


async def generate_auth_url(provider: str, session: str, **opts: Unpack[LoginOptions]) -> str:
    """Where a person signs in, for a session to be called `session`; `exchange_code_for_tokens` finishes it.

    Raises:
        MaestroError: 4104 where there is no such login, 4004 naming what it lacks.
    """
    sign_in.check_name(session)
    login = begin_login(provider, opts.get("flow"), opts.get("options"))
    step = await sign_in.answer(login, opts.get("inputs"))
    if not isinstance(step, StepOpenUrl):
        await login.cancel()
        message = "This login has no address to open; give its `inputs`, or use `create_session`."
        raise MaestroError("loginFailed", message, provider=provider)
    if before := _logins.pop((provider, session), None):
        await before.cancel()
    _logins[provider, session] = login
    return step.url


async def exchange_code_for_tokens(provider: str, session: str, code: SecretStr) -> Session:
    """Finish the login that `generate_auth_url` began for `session`; `code` is what the browser came back with.

    Raises:
        MaestroError: 4004 for a login that was not begun, or that the service refused; 4008.
    """
    sign_in.offering(current(), provider, "oauth")
    login = _logins.get((provider, session))
    if login is None:
        message = "No login of this session is open; begin with `generate_auth_url`."
        raise MaestroError("loginFailed", message, provider=provider)
    granted = await login.answer({"code": code})
    assert isinstance(granted, Granted)
    kept = await keep_login(provider, session, granted)
    del _logins[provider, session]
    return kept


async def refresh_tokens(provider: str, session: str) -> Session:
    """Renew a login now; once for all who ask, in every process.

    Raises:
        MaestroError: 4003 when the login has ended for good (the session then needs a login), 4104 for a key.
    """
    runtime = current()
    find_provider(runtime, provider)
    found = runtime.sessions.find(session, provider).session
    await tokens.refresh(runtime, found)
    return runtime.sessions.find(found.id).session


async def revoke_tokens(provider: str, session: str) -> Session:
    """End a login at the service. The session stays, and can be signed in to again.

    Raises:
        MaestroError: 4104 for a key, or a login of another tool; what kept the service from ending it.
    """
    runtime = current()
    sign_in.offering(runtime, provider, "oauth")
    found = runtime.sessions.find(session, provider).session
    await sign_in.revoke(runtime, found)
    return await runtime.sessions.save(found.id, NoCredential(), {"status": "revoked"})


async def audit_code(
    provider: str, session: str | None, source: AuditSource, **opts: Unpack[AuditCodeOptions]
) -> AuditResult:
    """Review one document with the model's help.

    What goes wrong with a request makes the result `partial` or `failed`; it is not raised.

    Raises:
        MaestroError: all before anything is sent: 4101 for a provider and 4007 for a session that do not exist, 4001
            where a session must be chosen first, 4104 where the provider has no structured output, 4102 without any
            model, -32602 for rules that do not exist.
    """
    return (await review_code(provider, session, source, **opts)).result


async def review_code(
    provider: str, session: str | None, source: AuditSource, **opts: Unpack[AuditCodeOptions]
) -> Outcome:
    """The same, with the places where findings stand in the text. Raises as `audit_code`."""
    runtime, ready = current(), connection(provider, session)
    role = registry.resolve(home(ready.info), registry.AUDIT)
    options, once = audit_options(ready, asking.model_name(ready, opts.get("model")), opts), opts.get("once", False)
    heard = heard_of(runtime, ready, options.model)

    async def generate(compose: Compose) -> RawReply:
        return await asking.ask(
            runtime, heard, lambda signed: role.generate_structured(signed, compose), options.model, once=once
        )

    return await audit(source, opts.get("generate") or generate, options, opts.get("shared") or Shared())


async def preview_audit(provider: str, session: str | None, compose: Compose) -> HttpRequest | None:
    """The request that an audit would send first, without a key in it; None where none leaves this process."""
    return await preview(current(), connection(provider, session), compose)


async def submit_batch(provider: str, session: str | None, requests: Sequence[StructuredRequest]) -> str:
    """Hand in structured requests to one model, to be answered later and cheaper; returns the batch's name.

    An answer that is lost is asked for again, so that there may be a second batch nobody knows of.

    Raises:
        MaestroError: 4104 where the provider takes no batches, -32602 for no requests or several models.
    """
    ready = connection(provider, session)
    role = registry.resolve(home(ready.info), registry.BATCH)
    model = requests[0].model if requests else None
    return await asking.ask(current(), ready, lambda signed: role.submit_batch(signed, requests), model)


async def poll_batch(provider: str, session: str | None, name: str) -> BatchState:
    """How far a batch of this session's account is, and its replies once it is done. Raises as `submit_batch` does."""
    ready = connection(provider, session)
    role = registry.resolve(home(ready.info), registry.BATCH)
    return await asking.ask(current(), ready, lambda signed: role.poll_batch(signed, name))


async def cancel_batch(provider: str, session: str | None, name: str) -> None:
    """Ask for the end of a batch; `poll_batch` says when it is over. Raises as `submit_batch` does."""
    ready = connection(provider, session)
    role = registry.resolve(home(ready.info), registry.BATCH)
    await asking.ask(current(), ready, lambda signed: role.cancel_batch(signed, name))
