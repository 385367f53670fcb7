"""From a provider's id and a session's id or name to everything a request needs."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pydantic import JsonValue

from maestro.addresses import is_open
from maestro.errors import MaestroError
from maestro.providers import registry
from maestro.providers.base import Connection, ProviderInfo
from maestro.providers.oauth import OAuthContext, OAuthRole
from maestro.runtime import Runtime
from maestro.store.credentials import NoCredential
from maestro.store.snapshot import StoredSession
from maestro_protocol.errors import Command, Issue
from maestro_protocol.sessions import AuthType, EnvKey, Provider, Session

_log = logging.getLogger(__name__)


def find_provider(runtime: Runtime, provider: str) -> ProviderInfo:
    """The provider as data, also one that only the settings know. Raises 4101 with the candidates, or 4104."""
    try:
        return registry.info(provider)
    except MaestroError as error:
        if error.code != 4101:
            raise
        if (own := registry.gateway(provider, runtime.settings.provider(provider))) is not None:
            return own
    message = "There is no such provider; use one of the candidates, or install its plug-in."
    raise MaestroError("providerNotFound", message, candidates=usable_ids(runtime))


def find_id(runtime: Runtime, name: str) -> str | None:
    """The id of the provider that is called so, in whatever case; None where there is none."""
    own = (one for one in runtime.settings.providers if one.lower() == name.lower())
    for one in (name, name.lower(), *own):
        with suppress(MaestroError):
            return find_provider(runtime, one).id
    return None


def find_providers(runtime: Runtime) -> list[ProviderInfo]:
    """Every provider as data, by id, those that only the settings know included. A plug-in that does not fit is left
    out and logged."""
    own = [name for name, settings in runtime.settings.providers.items() if settings.base_url]
    found = []
    for name in sorted({*registry.provider_ids(), *own}):
        try:
            found.append(find_provider(runtime, name))
        except MaestroError as misfit:
            _log.warning("%s", misfit.message)
    return found


def usable_ids(runtime: Runtime) -> list[str]:
    """Of every provider but the one that is known by its address alone, as long as it has none."""
    own = [name for name, settings in runtime.settings.providers.items() if settings.base_url]
    return sorted({*registry.provider_ids(), *own} - ({registry.GATEWAYS} - {*own}))


def describe(runtime: Runtime, info: ProviderInfo) -> Provider:
    """The provider as clients see it: how to sign in, where its key may be, what it can do."""
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


def home(info: ProviderInfo) -> str:
    """The provider whose role modules serve this one: itself, unless only the settings know it."""
    return info.id if info.id in registry.provider_ids() else registry.GATEWAYS


def connect(runtime: Runtime, provider: str, session: str | None) -> Connection:
    """A session's way to its provider. The base URL is the settings', else the vendor's variable's, else its own.

    A credential in the vault is not read yet: `maestro.tokens.authorise` does that.

    Raises:
        MaestroError: 4101, 4104, 4001 without a session where one is needed, 4007, 4103.
    """
    info = find_provider(runtime, provider)
    stored = runtime.sessions.find(session, provider) if session else _without_session(runtime, info)
    return connect_as(runtime, info, stored)


def connect_as(runtime: Runtime, info: ProviderInfo, stored: StoredSession) -> Connection:
    """The way of a session to its provider, also of one that is not kept yet."""
    return Connection(
        info=info,
        session=stored.session,
        credential=stored.credential,
        settings=runtime.settings.provider(info.id),
        base_url=_base_url(runtime, info, stored.session.auth_type),
        http=runtime.transport(info.id),
        environment=runtime.environment,
    )


def heard_of(runtime: Runtime, ready: Connection, model: str) -> Connection:
    """The same way for requests to one model: what the service says is left for it is heard."""
    hear = partial(runtime.rate_limits.hear, ready.info.id, ready.session.id or None, model)
    return replace(ready, http=ready.http.watched(hear))


def oauth_role(info: ProviderInfo) -> OAuthRole:
    """The provider's OAuth module. Raises 4104 where there is none."""
    return registry.resolve(home(info), registry.OAUTH)


def oauth_context(runtime: Runtime, info: ProviderInfo, options: Mapping[str, JsonValue] | None = None) -> OAuthContext:
    """What the provider's OAuth module works with."""
    return OAuthContext(
        info=info,
        settings=runtime.settings.provider(info.id),
        base_url=_base_url(runtime, info, "oauth"),
        http=runtime.transport(info.id),
        environment=runtime.environment,
        options=options or {},
    )


def _base_url(runtime: Runtime, info: ProviderInfo, auth_type: AuthType) -> str:
    """Tokens of a login go over https, or stay on this machine. A key goes where its owner said."""
    variable = runtime.environment.get(info.base_url_variable, "") if info.base_url_variable else ""
    url = (runtime.settings.provider(info.id).base_url or variable.strip() or info.base_url).rstrip("/")
    if auth_type == "oauth" and is_open(url):
        path = f"providers.{info.id}.baseUrl"
        message = f"`{path}` must begin with `https://`, since the tokens of a login are sent there; correct it."
        issue = Issue(path=path, message="must begin with https://")
        raise MaestroError("invalidParams", message, provider=info.id, issues=[issue])
    return url


def _without_session(runtime: Runtime, info: ProviderInfo) -> StoredSession:
    if info.needs_key:
        raise _session_missing(runtime, info)
    nobody = Session(
        id="",
        name="",
        provider=info.id,
        auth_type="api_key",
        status="active",
        source="memory",
        created_at=datetime.now(UTC),
    )
    return StoredSession(nobody, NoCredential())


def _session_missing(runtime: Runtime, info: ProviderInfo) -> MaestroError:
    """Says which sessions there are; a key that nobody adopted is offered, never taken."""
    sessions = runtime.sessions.list(info.id)
    offered = next((session for session in sessions if session.key_place), None)
    return MaestroError(
        "authRequired",
        f"{info.label} needs a session; name one, or create one with an API key.",
        provider=info.id,
        candidates=[session.id for session in sessions] or None,
        action=adopting(offered) if offered else None,
    )


def adopting(session: Session) -> Command:
    """The action that makes an offered session the default."""
    return Command(title=f"Use {what_is_offered(session)}", command="maestro.session.select", arguments=[session.id])


def what_is_offered(session: Session) -> str:
    """An offered session in words, by the place that it comes from."""
    return f"the key in {session.key_place}" if session.key_place else f"the login of {session.name}"
