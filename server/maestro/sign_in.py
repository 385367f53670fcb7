"""Signing in and out: what a key or a login becomes a session by, and what ends one."""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import JsonValue, SecretStr

from maestro.auth.login import Login
from maestro.connections import connect, connect_as, find_provider, oauth_context, oauth_role
from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import UpstreamError
from maestro.providers.base import Connection, ProviderInfo
from maestro.providers.oauth import Granted
from maestro.runtime import Runtime
from maestro.store.credentials import ApiKeyCredential, Credential, NoCredential, OAuthCredential
from maestro.store.sessions import NewSession
from maestro.store.snapshot import StoredSession
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import SESSION_NAME, AuthType, Flow, Identity, Session, Step, StepInput

_AN_ID = re.compile("ses_[0-9a-f]{16}$")
"""What would be taken for another session's id."""
_LONGEST_KEY = 16 * 1024
_log = logging.getLogger(__name__)


def offering(runtime: Runtime, provider: str, auth_type: AuthType) -> ProviderInfo:
    """The provider, if it can be signed in to this way; one that needs no key takes `api_key` in any case."""
    info = find_provider(runtime, provider)
    offered = [kind.auth_type for kind in info.auth_types]
    if auth_type not in offered and (info.needs_key or auth_type != "api_key"):
        message = f"{info.label} cannot be signed in to by {auth_type} here; use one of the candidates."
        raise MaestroError("unsupported", message, provider=provider, candidates=[str(kind) for kind in offered])
    return info


def check_name(name: str) -> None:
    """Raises -32602 for what cannot be a session's name."""
    if not re.match(SESSION_NAME, name) or _AN_ID.match(name):
        message = "A session's name has 1 to 100 characters, none of them `:`, `/` or invisible; choose another."
        raise _invalid("name", message, "does not have the required form")


def from_key(info: ProviderInfo, name: str, api_key: str | SecretStr | None) -> NewSession:
    """A session by API key. Raises -32602 for a key that cannot be one."""
    key = (api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key or "").strip()
    credential: Credential = ApiKeyCredential(key)
    if not key and not info.needs_key:
        credential = NoCredential()
    elif not key or not key.isascii() or not key.isprintable() or len(key) > _LONGEST_KEY:
        raise _invalid("apiKey", "The API key is empty or has characters no key has.", "must be a key")
    return NewSession(info.id, "api_key", name, credential)


def from_login(info: ProviderInfo, name: str, granted: Granted) -> NewSession:
    """A session by OAuth; who granted it has just said that it is good."""
    return NewSession(
        provider=info.id,
        auth_type="oauth",
        name=name,
        credential=granted.credential,
        identity=granted.identity and _printable(granted.identity),
        mode=granted.mode,
        modes=granted.modes,
        status="active",
        source="profile" if granted.credential.grant == "profile" else "vault",
    )


def _printable(identity: Identity) -> Identity:
    """What a service says of a person is shown to people: no more than a line, and nothing that steers a screen."""
    return Identity(email=_line(identity.email), plan=_line(identity.plan), account_id=_line(identity.account_id))


def _line(text: str | None) -> str | None:
    return text and "".join(filter(str.isprintable, text))[:200]


def draft(runtime: Runtime, new: NewSession) -> Connection:
    """The connection of a session that is not kept yet, to try its credential."""
    session = Session(
        id="",
        name=new.name,
        provider=new.provider,
        auth_type=new.auth_type,
        mode=new.mode,
        status="unverified",
        source=new.source,
        created_at=datetime.now(UTC),
    )
    info = find_provider(runtime, new.provider)
    connection = connect_as(runtime, info, StoredSession(session, new.credential))
    if isinstance(new.credential, OAuthCredential):
        return oauth_role(info).authorised(connection, new.credential)
    return connection


def open_login(runtime: Runtime, info: ProviderInfo, flow: Flow | None, options: Mapping[str, JsonValue]) -> Login:
    """A login by OAuth, not begun yet; without a flow, by the provider's first.

    Raises:
        MaestroError: 4104 with the flows there are.
    """
    flows: list[Flow] = [one for kind in info.auth_types if kind.auth_type == "oauth" for one in kind.flows]
    chosen: Flow | None = flow or next(iter(flows), None)
    if chosen is None or chosen not in flows:
        message = f"{info.label} cannot be signed in to by this flow; use one of the candidates."
        raise MaestroError("unsupported", message, provider=info.id, candidates=[str(one) for one in flows])
    timeout = runtime.settings.sessions.login_timeout_ms / 1000
    return Login(oauth_role(info), oauth_context(runtime, info, options), chosen, timeout=timeout or None)


async def revoke(runtime: Runtime, session: Session) -> None:
    """End a login at its service.

    Raises:
        MaestroError: 4104 for a session that is no login kept here; what kept the service from ending it.
    """
    credential, _ = await runtime.sessions.credential(session.id)
    if not isinstance(credential, OAuthCredential) or credential.grant != "refreshToken":
        message = f"The tokens of session '{session.name}' are not kept here; revoke them where they came from."
        raise MaestroError("unsupported", message, provider=session.provider, session_id=session.id)
    connection = connect(runtime, session.provider, session.id)
    try:
        await oauth_role(connection.info).revoke(oauth_context(runtime, connection.info), credential)
    except UpstreamError as error:
        failure = to_maestro_error(error, connection)
    else:
        return
    raise failure


async def forget(runtime: Runtime, session: Session, *, revoking: bool | None) -> None:
    """Delete the session. A login kept here is revoked first unless `revoking` is False; a service that cannot be
    reached does not keep the session alive.

    Raises:
        MaestroError: 4104 for an offered session.
    """
    if revoking is not False and session.auth_type == "oauth" and session.source == "vault":
        try:
            await revoke(runtime, session)
        except MaestroError as error:
            _log.warning("a login was forgotten without being revoked: %s", error.message)
    with suppress(KeyError):
        runtime.renewals.pop(session.id).cancel()
    await runtime.sessions.delete(session.id)


def _invalid(path: str, message: str, issue: str) -> MaestroError:
    return MaestroError("invalidParams", message, issues=[Issue(path=path, message=issue)])


async def answer(login: Login, inputs: Mapping[str, SecretStr] | None) -> Step | Granted:
    """The login's first step behind its questions, answered from `inputs` as long as there are new answers in it."""
    step, asked = await login.begin(), set[str]()
    while isinstance(step, StepInput):
        keys = {field.key for field in step.fields}
        if not inputs or not keys <= inputs.keys() or keys <= asked:
            break
        asked |= keys
        step = await login.answer(inputs)
    return step
