"""The named sessions: read from a snapshot, written to the database, their credentials through the vault."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from maestro.database.database import Database
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.store import rows
from maestro.store.credentials import ApiKeyCredential, Credential, OAuthCredential, dump, load
from maestro.store.new_session import NewSession as NewSession
from maestro.store.new_session import as_session, fields_of
from maestro.store.snapshot import Binding as Binding
from maestro.store.snapshot import BindingKind as BindingKind
from maestro.store.snapshot import Snapshot as Snapshot
from maestro.store.snapshot import StoredSession as StoredSession
from maestro.vault.vault import Label, Vault
from maestro_protocol.sessions import AuthType, Session

T = TypeVar("T")
_log = logging.getLogger(__name__)

ENVIRONMENT_NAME = "env"
"""What every session of the environment is called."""
_TOUCH_EVERY = timedelta(minutes=1)
_OPEN_TO_LOGIN = ("needsLogin", "revoked")


class SessionStore:
    """Reads are of the latest snapshot and never wait; writes go through the database's own thread.

    `offered` yields the sessions nobody made here (keys of the environment, other tools' logins); it is called off the
    event loop. They can be used, and made the default, but neither changed nor deleted.
    """

    def __init__(
        self, database: Database, vault: Vault, offered: Callable[[], Iterable[StoredSession]] = tuple
    ) -> None:
        self.database = database
        self.vault = vault
        self.told: Callable[[str], None] = lambda reason: None
        """Called with a reason after a change that no request of this process waits for."""
        self._offered = offered
        self._snapshot: Snapshot | None = None
        self._observed: dict[str, dict[str, object]] = {}
        self._opened: dict[str, tuple[int, Credential]] = {}
        self._unsaved: set[str] = set()
        self._touched: dict[str, datetime] = {}

    # -- reading ------------------------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The latest. Read here and now where nothing was read before, which blocks for some milliseconds."""
        if self._snapshot is None:
            self._take(self.database.run_now(self._read))
        assert self._snapshot is not None
        return self._snapshot

    async def sync(self) -> None:
        """Read the store as it is now, other processes' changes included.

        Raises:
            MaestroError: 4901 if it cannot be read; what is known stays known, what is offered can be used.
        """
        try:
            snapshot = await self.database.read(self._read)
        except MaestroError:
            if self._snapshot is None:
                self._take(Snapshot(offered=await asyncio.to_thread(self._read_offered)))
            raise
        self._take(snapshot)

    def watch(self) -> None:
        """Follow other processes' changes from now on, on this event loop."""
        self.database.watch(self._follow)

    def find(self, reference: str, provider: str | None = None) -> StoredSession:
        """By id or unambiguous name. Raises 4007, or 4103 with the candidates."""
        return self.snapshot.find(reference, provider)

    def list(self, provider: str | None = None) -> Sequence[Session]:
        """All sessions, oldest first, the offered ones last."""
        return self.snapshot.list(provider)

    def default(self, provider: str) -> StoredSession | None:
        """The provider's default session, or its only stored one."""
        return self.snapshot.default(provider)

    def holder(self, provider: str, auth_type: AuthType, name: str) -> Session | None:
        """The session that has this name and can be signed in to again; None if the name is free.

        Raises:
            MaestroError: 4008 if it is taken; `env` is the environment's.
        """
        sessions = (one.session for one in self.snapshot.stored.values())
        wanted = (provider, auth_type, name)
        taken = next((one for one in sessions if (one.provider, one.auth_type, one.name) == wanted), None)
        if name == ENVIRONMENT_NAME or (taken and taken.status not in _OPEN_TO_LOGIN):
            raise _name_taken(provider, taken)
        return taken

    async def credential(self, session_id: str, *, fresh: bool = False) -> tuple[Credential, int]:
        """The credential and its revision; `fresh` reads it again, whatever is known here.

        Raises:
            MaestroError: 4007 if the session is gone, 4009 while the vault is out of reach, 4901 if it does not open.
        """
        kept, known = self.find(session_id), self._opened.get(session_id)
        if kept.session.id not in self.snapshot.stored:
            return kept.credential, kept.revision
        if known and (session_id in self._unsaved or (not fresh and known[0] == kept.revision)):
            return known[1], known[0]
        stored = await self.database.read(lambda connection: rows.read_sealed(connection, session_id))
        if stored is None:
            raise _gone(kept.session)
        label = _label(kept.session)._replace(name=stored.name)  # another window may have renamed it just now
        plain = await self.vault.open(label, stored.sealed, session=stored.name)
        try:
            credential = load(plain)
        except ValueError:
            message = f"The credential of session '{kept.session.name}' cannot be read; sign in again."
            raise MaestroError("storageFailed", message, session_id=session_id) from None
        self._opened[session_id] = stored.revision, credential
        return credential, stored.revision

    # -- writing ------------------------------------------------------------------------------------------------------

    async def add(self, new: NewSession) -> Session:
        """Keep a new session. One of the same name that needs a login gets the new credential, and keeps its id.

        Raises:
            MaestroError: 4008 if the name is taken; `env` is the environment's.
        """
        await self.sync()
        taken = self.holder(new.provider, new.auth_type, new.name)
        session = as_session(new, taken)
        if taken is not None:
            return await self.save(taken.id, new.credential, fields_of(session))
        sealed = await self.vault.seal(_label(session), dump(new.credential))
        await self._write(lambda connection: rows.insert(connection, session, sealed), provider=new.provider)
        return self.snapshot.find(session.id).session

    async def rename(self, reference: str, name: str) -> Session:
        """Raises as `find`; 4008 for a taken name, 4104 for an offered session."""
        session = self._own(reference)
        if name == session.name:
            return session
        if name == ENVIRONMENT_NAME:
            raise _name_taken(session.provider, None)
        credential, revision = await self.credential(session.id, fresh=True)
        sealed = await self._seal(session, credential, name)

        def write(connection: sqlite3.Connection) -> bool:
            current = rows.read_sealed(connection, session.id)
            if current is None:
                raise _gone(session)
            return current.revision == revision and rows.update(connection, session.id, {"name": name}, sealed)

        if not await self._write(write, provider=session.provider):  # its login was renewed in this moment
            return await self.rename(session.id, name)
        return self.snapshot.find(session.id).session

    async def save(self, session_id: str, credential: Credential, changes: Mapping[str, object]) -> Session:
        """Keep a new credential of a session, with what became of it.

        Raises:
            MaestroError: 4007 if the session is gone; 4901 if it cannot be written, then it stays in memory and is
                written with the next chance.
        """
        kept = self.find(session_id)
        self._opened[session_id] = kept.revision, credential
        self._unsaved.add(session_id)
        try:
            revision = await self._save(kept.session, credential, changes)
        except MaestroError as error:
            if error.kind == "sessionNotFound":
                self._forget(session_id)
            raise
        self._opened[session_id] = revision, credential
        self._unsaved.discard(session_id)
        return self.snapshot.find(session_id).session

    def is_unsaved(self, session_id: str) -> bool:
        """Whether a credential could not be written yet."""
        return session_id in self._unsaved

    async def change(self, reference: str, **changes: object) -> Session:
        """Change fields of a session. What is observed of an offered one is kept in memory. Raises as `find`."""
        session = self.find(reference).session
        if session.id in self.snapshot.stored:
            await self._write(lambda connection: rows.update(connection, session.id, changes))
        else:
            self._observed.setdefault(session.id, {}).update(changes)
            self._take(self.snapshot)
        return self.snapshot.find(session.id).session

    async def set_default(self, reference: str) -> Session:
        """Make a session its provider's default. Raises as `find`."""
        session = self.find(reference).session
        await self._point(
            session, "INSERT OR REPLACE INTO session_defaults VALUES (?, ?)", (session.provider, session.id)
        )
        return self.snapshot.find(session.id).session

    async def bind(self, reference: str, kind: BindingKind, target: str) -> Session:
        """Use a session in a folder or a chat. Raises as `find`."""
        session = self.find(reference).session
        row = Binding(kind, target, session.provider, session.id)
        await self._point(session, "INSERT OR REPLACE INTO session_bindings VALUES (?, ?, ?, ?)", row)
        return self.snapshot.find(session.id).session

    async def release(self, kind: BindingKind, target: str) -> Sequence[str]:
        """Undo the bindings of a folder or chat; the ids of the sessions that were bound there."""
        released = [one.session.id for one in self.snapshot.bound(kind, target)]
        query = "DELETE FROM session_bindings WHERE kind = ? AND target = ?"
        await self._write(lambda connection: connection.execute(query, (kind, target)))
        return released

    def touch(self, session_id: str) -> None:
        """Remember that the session was used, to the minute; nobody waits for it."""
        now = datetime.now(UTC)
        if now - self._touched.get(session_id, datetime.min.replace(tzinfo=UTC)) < _TOUCH_EVERY:
            return
        self._touched[session_id] = now
        if session_id in self.snapshot.stored:
            query = "UPDATE saved_authentications SET last_used_at = ? WHERE id = ?"
            self.database.post(lambda connection: connection.execute(query, (now.isoformat(), session_id)))
        self._observed.setdefault(session_id, {})["last_used_at"] = now
        self._take(self.snapshot)

    async def delete(self, reference: str, provider: str | None = None) -> Session:
        """Forget a session and its credential.

        Raises:
            MaestroError: as `find`; 4104 for an offered session.
        """
        session = self._own(reference, provider)
        await self._write(lambda connection: rows.delete(connection, session.id))
        self._forget(session.id)
        return session

    def held(self) -> Iterator[str]:
        """Every secret of the credentials that are open in this process; never to be shown."""
        opened = (credential for _, credential in self._opened.values())
        for credential in (*opened, *(one.credential for one in self.snapshot.offered.values())):
            if isinstance(credential, ApiKeyCredential):
                yield credential.api_key
            elif isinstance(credential, OAuthCredential):
                yield from credential.secrets

    async def aclose(self) -> None:
        """Close the database."""
        await self.database.aclose()

    # -- within -------------------------------------------------------------------------------------------------------

    async def _point(self, session: Session, query: str, row: tuple[str, ...]) -> None:
        """Write a row that points at the session, unless it was deleted in this moment."""
        is_offered = session.id in self.snapshot.offered

        def write(connection: sqlite3.Connection) -> None:
            if not is_offered and rows.read_sealed(connection, session.id) is None:
                raise _gone(session)
            connection.execute(query, row)

        await self._write(write)

    async def _save(self, session: Session, credential: Credential, changes: Mapping[str, object]) -> int:
        """The new revision."""
        expires_at = credential.expires_at if isinstance(credential, OAuthCredential) else None
        sealed = await self._seal(session, credential, session.name)

        def write(connection: sqlite3.Connection) -> int:
            if not rows.update(connection, session.id, {"expires_at": expires_at, **changes}, sealed):
                raise _gone(session)
            stored = rows.read_sealed(connection, session.id)
            return stored.revision if stored else 0

        try:
            return await self._write(write)
        except rows.Renamed:
            await self.sync()
        return await self._save(self.find(session.id).session, credential, changes)

    async def _seal(self, session: Session, credential: Credential, name: str) -> rows.Sealed:
        label = _label(session)._replace(name=name)
        return rows.Sealed(name, await self.vault.seal(label, dump(credential)))

    def _read_offered(self) -> Mapping[str, StoredSession]:
        return {one.session.id: one for one in self._offered()}

    def _read(self, connection: sqlite3.Connection) -> Snapshot:
        return replace(rows.read_snapshot(connection), offered=self._read_offered())

    async def _write(self, work: Callable[[sqlite3.Connection], T], *, provider: str = "") -> T:
        """Write, and read the whole in the same transaction. A name that is taken raises 4008.

        What is offered is not read again: other tools' files may be slow, and the database waits for nobody's.
        """

        def both(connection: sqlite3.Connection) -> tuple[T, Snapshot]:
            try:
                return work(connection), rows.read_snapshot(connection)
            except sqlite3.IntegrityError:
                raise _name_taken(provider, None) from None
            except UnicodeEncodeError:
                message = "A name or address holds characters that no text may hold; correct it."
                raise MaestroError("invalidParams", message) from None

        offered = self.snapshot.offered
        result, snapshot = await self.database.run(both)
        self._take(replace(snapshot, offered=offered))
        return result

    def _take(self, snapshot: Snapshot) -> None:
        """Make it the latest, with what this process alone has observed."""
        self._snapshot = replace(
            snapshot,
            stored={name: self._seen(one) for name, one in snapshot.stored.items()},
            offered={name: self._seen(one) for name, one in snapshot.offered.items()},
        )

    def _seen(self, one: StoredSession) -> StoredSession:
        observed = self._observed.get(one.session.id)
        return replace(one, session=one.session.model_copy(update=observed)) if observed else one

    async def _follow(self) -> None:
        try:
            await self.sync()
        except MaestroError as error:
            _log.warning("%s", error.message)
        else:
            self.told("external")

    def _own(self, reference: str, provider: str | None = None) -> Session:
        session = self.find(reference, provider).session
        if session.id in self.snapshot.stored:
            return session
        where = f"{session.key_place}; take its key out there" if session.key_place else "another tool; log out there"
        message = f"This session comes from {where} to remove it."
        raise MaestroError("unsupported", message, provider=session.provider, session_id=session.id)

    def _forget(self, session_id: str) -> None:
        self._opened.pop(session_id, None)
        self._observed.pop(session_id, None)
        self._unsaved.discard(session_id)


def open_sessions(
    environment: Mapping[str, str], offered: Callable[[], Iterable[StoredSession]] = tuple
) -> SessionStore:
    """The store in the environment's data directory. Nothing is touched before the first use."""
    data = directories(environment).data
    database = Database(data / "maestro.db")
    return SessionStore(database, Vault(database, data / "vault.key", environment), offered)


def _label(session: Session) -> Label:
    return Label(session.provider, session.auth_type, session.name)


def _name_taken(provider: str, other: Session | None) -> MaestroError:
    if other is None:
        message = "This name is taken, or belongs to the key of the environment; choose another one."
        return MaestroError("sessionNameTaken", message, provider=provider or None)
    message = f"A session of {provider} already has this name; choose another one or delete it first."
    return MaestroError("sessionNameTaken", message, provider=provider, session_id=other.id)


def _gone(session: Session) -> MaestroError:
    message = f"The session '{session.name}' was deleted; list the sessions or create one."
    return MaestroError("sessionNotFound", message, provider=session.provider, session_id=session.id)
