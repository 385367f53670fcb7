"""Credentials that are good now: read from the vault, renewed once for all who wait, in this process and in others."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from maestro.connections import connect, oauth_context, oauth_role
from maestro.database import leases
from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import UpstreamError
from maestro.providers.base import Connection
from maestro.providers.oauth import Granted
from maestro.retry import Refresh, with_retries
from maestro.runtime import Runtime
from maestro.store.credentials import Credential, NoCredential, OAuthCredential
from maestro_protocol.sessions import Session

ADVISORY = timedelta(seconds=300)
"""How long before its end a token is renewed beside the request that notices; before it, requests go on."""
MANDATORY = timedelta(seconds=30)
"""How long before its end nothing is sent with it any more."""
_JITTER = 60.0
"""Seconds by which processes differ in when they find a renewal advisable."""
_CALL_SECONDS = 36.0
"""A renewal at the service, and the second stage some have."""
_LEASE_SECONDS = 50.0
"""Longer than the call it protects: a lease that ends is that of a process which hangs or is gone."""
_POLL_SECONDS = 0.05

_log = logging.getLogger(__name__)
_jitter = timedelta(seconds=random.uniform(0, _JITTER))
_background: set[asyncio.Task[None]] = set()
"""Renewals nobody waits for; the event loop itself would not keep them."""


class Access:
    """A session's connection, made ready when its first request needs it, and again when the service refuses it."""

    def __init__(self, runtime: Runtime, connection: Connection) -> None:
        self.connection = connection
        self._runtime = runtime
        self._asked = connection
        self._used: Credential = NoCredential()

    async def connect(self) -> Connection:
        """The connection with a credential that is good now. Raises as `authorise`."""
        self._used = await _good(self._runtime, self._asked)
        self.connection = _with(self._asked, self._used)
        return self.connection

    @property
    def refresh(self) -> Refresh | None:
        """What may help when the service says 401; None where a credential cannot be renewed."""
        return self._renew if self._asked.session.auth_type == "oauth" else None

    async def _renew(self) -> None:
        """Of the token that was refused: one that another request has renewed meanwhile is good as it is."""
        if isinstance(self._used, OAuthCredential) and self._used.grant != "profile":
            await renew(self._runtime, self._asked.session.id, self._used)


async def authorise(runtime: Runtime, connection: Connection) -> Connection:
    """The connection with a credential that is good now, as its requests need it.

    Raises:
        MaestroError: 4003 if the login has ended for good, 4007, 4009, 4901, and what kept a renewal from succeeding.
    """
    return _with(connection, await _good(runtime, connection))


async def _good(runtime: Runtime, connection: Connection) -> Credential:
    session = connection.session
    if session.source not in ("vault", "profile") or not session.id:
        return connection.credential
    credential, _ = await runtime.sessions.credential(session.id)
    if not isinstance(credential, OAuthCredential):
        if isinstance(credential, NoCredential) and session.auth_type == "oauth":
            raise _ended(session)
        return credential
    if credential.grant == "profile":
        return await _from_owner(runtime, connection, credential)
    if runtime.sessions.is_unsaved(session.id):
        _beside(_save_again(runtime, session.id, credential))
    if is_due(credential, MANDATORY):
        return await renew(runtime, session.id, credential)
    if is_advisable(credential) and session.id not in runtime.renewals:
        _beside(_renew_early(runtime, session.id, credential))
    return credential


def _with(connection: Connection, credential: Credential) -> Connection:
    if isinstance(credential, OAuthCredential):
        return oauth_role(connection.info).authorised(connection, credential)
    return replace(connection, credential=credential)


async def renew(runtime: Runtime, session_id: str, stale: OAuthCredential | None) -> OAuthCredential:
    """A newer credential than `stale` (than the stored one if None): what another renewal brought meanwhile, else ours.

    Raises:
        MaestroError: 4003 when no later attempt can succeed; the session then needs a login, its dead tokens are gone.
            4104 for a session that cannot be renewed.
    """
    task = runtime.renewals.get(session_id)
    if task is None:
        task = asyncio.create_task(_renew(runtime, session_id, stale))
        runtime.renewals[session_id] = task
        task.add_done_callback(lambda done: _finished(runtime, session_id, done))
    await asyncio.shield(task)
    credential, _ = await runtime.sessions.credential(session_id)
    if not isinstance(credential, OAuthCredential):
        raise _ended(runtime.sessions.find(session_id).session)
    return credential


async def refresh(runtime: Runtime, session: Session) -> None:
    """Renew a session's login now, unless another process is just doing so. Raises as `renew`; 4104 for a key."""
    if session.auth_type != "oauth":
        raise _not_renewable(session)
    credential, _ = await runtime.sessions.credential(session.id)
    if not isinstance(credential, OAuthCredential):
        raise _ended(session)
    if credential.grant == "profile":
        connection = connect(runtime, session.provider, session.id)
        await _from_owner(runtime, connection, credential)
    else:
        await renew(runtime, session.id, credential)


def lead() -> timedelta:
    """How long before its end this process finds it advisable to renew a token."""
    return ADVISORY + _jitter


def is_advisable(credential: Credential) -> bool:
    """Whether a token should be renewed beside the requests that still use it."""
    return isinstance(credential, OAuthCredential) and credential.grant != "profile" and is_due(credential, lead())


def is_due(credential: OAuthCredential, lead: timedelta) -> bool:
    """Whether the token ends within `lead`, or within a tenth of its life where that is shorter."""
    if credential.expires_at is None:
        return False
    life = credential.expires_at - credential.obtained_at
    return credential.expires_at - datetime.now(UTC) <= min(lead, max(life / 10, timedelta(0)))


def _finished(runtime: Runtime, session_id: str, task: "asyncio.Task[None]") -> None:
    runtime.renewals.pop(session_id, None)
    if not task.cancelled():
        task.exception()  # seen, also if nobody waits


def _beside(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)


async def _renew_early(runtime: Runtime, session_id: str, credential: OAuthCredential) -> None:
    try:
        await renew(runtime, session_id, credential)
    except MaestroError as error:
        _log.warning("a login could not be renewed early: %s", error.message)


async def _save_again(runtime: Runtime, session_id: str, credential: OAuthCredential) -> None:
    with suppress(MaestroError):
        await runtime.sessions.save(session_id, credential, {})


async def _renew(runtime: Runtime, session_id: str, stale: OAuthCredential | None) -> None:
    async with _lease(runtime, session_id):
        known, _ = await runtime.sessions.credential(session_id)
        credential, _ = await runtime.sessions.credential(session_id, fresh=True)
        session = runtime.sessions.find(session_id).session
        if not isinstance(credential, OAuthCredential):
            raise _ended(session) if session.status == "needsLogin" else _not_renewable(session)
        stale = stale or (known if isinstance(known, OAuthCredential) else credential)
        if credential.account_id != stale.account_id:
            raise _other_account(session)
        if credential.access_token != stale.access_token and not is_due(credential, MANDATORY):
            await runtime.sessions.sync()
            return
        await _renew_now(runtime, session, credential)


async def _renew_now(runtime: Runtime, session: Session, credential: OAuthCredential) -> None:
    """Ask the service. Once it has answered, nothing keeps the answer from being written: not even a cancellation."""
    try:
        granted = await _ask(runtime, session, credential)
    except MaestroError as error:
        if error.kind == "authExpired":
            await _end(runtime, session, credential, error.message)
        raise
    if credential.account_id and granted.credential.account_id not in (None, credential.account_id):
        raise _other_account(session)
    await asyncio.shield(asyncio.ensure_future(_keep(runtime, session, granted)))


async def _ask(runtime: Runtime, session: Session, credential: OAuthCredential) -> Granted:
    connection = replace(connect(runtime, session.provider, session.id), credential=credential)
    role, context = oauth_role(connection.info), oauth_context(runtime, connection.info, {"mode": session.mode})

    async def call() -> Granted:
        async with asyncio.timeout(_CALL_SECONDS):
            return await role.renew(context, credential)

    try:
        return await with_retries(call, runtime.settings.retry)
    except TimeoutError:
        message = f"{connection.info.label} did not renew the login of session '{session.name}' in time; try again."
        raise MaestroError("unreachable", message, provider=session.provider, session_id=session.id) from None
    except UpstreamError as error:
        if error.failure.kind in ("auth_invalid", "auth_expired"):
            failure = _ended(session)
        else:
            failure = to_maestro_error(error, connection)
    raise failure


async def _keep(runtime: Runtime, session: Session, granted: Granted) -> None:
    """Write what the service gave. What cannot be written is said aloud and kept in memory."""
    changes: dict[str, object] = {"status": "active", "problem": None}
    if granted.identity is not None:
        changes["identity"] = granted.identity
    if granted.modes:
        changes["modes"] = [*granted.modes]
    try:
        await runtime.sessions.save(session.id, granted.credential, changes)
    except MaestroError as error:
        if error.kind == "sessionNotFound":
            raise
        _log.error("a renewed login could not be stored: %s", error.message)
        runtime.warn(
            f"The renewed login of session '{session.name}' could not be stored and is kept in memory only: "
            f"{error.message} Until it is stored, do not close this window."
        )
    runtime.sessions.told("refreshed")


async def _end(runtime: Runtime, session: Session, credential: OAuthCredential, problem: str) -> None:
    """The login is over. Dead tokens are erased; the session stays, and can be signed in to again."""
    changes = {"status": "needsLogin", "problem": problem}
    kept: Credential = NoCredential() if credential.grant == "refreshToken" else credential
    try:
        await runtime.sessions.save(session.id, kept, changes)
    except MaestroError as error:
        _log.error("the end of a login could not be stored: %s", error.message)
    runtime.sessions.told("needsLogin")
    runtime.warn(problem)


async def _from_owner(runtime: Runtime, connection: Connection, credential: OAuthCredential) -> OAuthCredential:
    """Another tool's login, as its file says now; never renewed here."""
    try:
        context = oauth_context(runtime, connection.info)
        return (await oauth_role(connection.info).renew(context, credential)).credential
    except UpstreamError as error:
        failure = to_maestro_error(error, connection)
    raise failure


@asynccontextmanager
async def _lease(runtime: Runtime, session_id: str) -> AsyncIterator[None]:
    """The right to renew this session's tokens, which one process has at a time."""
    database, lease = runtime.sessions.database, leases.new(f"refresh:{session_id}")
    try:
        async with asyncio.timeout(2 * _LEASE_SECONDS):
            # No event tells that another process let go.
            while not await database.run(lambda connection: leases.take(connection, lease, _LEASE_SECONDS)):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        message = "Another process has been renewing this login for too long; end other instances and try again."
        raise MaestroError("storageFailed", message, session_id=session_id) from None
    try:
        yield
    finally:
        database.post(lambda connection: leases.release(connection, lease))


def _ended(session: Session) -> MaestroError:
    message = f"The login of session '{session.name}' has ended; sign in to it again."
    return MaestroError("authExpired", session.problem or message, provider=session.provider, session_id=session.id)


def _other_account(session: Session) -> MaestroError:
    message = f"Session '{session.name}' was signed in to with another account meanwhile; ask again."
    return MaestroError("authExpired", message, provider=session.provider, session_id=session.id)


def _not_renewable(session: Session) -> MaestroError:
    message = f"Session '{session.name}' is a key, which does not expire; there is nothing to renew."
    return MaestroError("unsupported", message, provider=session.provider, session_id=session.id)
