"""The sessions as they stood in the store at one moment: finding one, and never choosing silently."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from maestro.errors import MaestroError
from maestro.store.credentials import Credential, NoCredential
from maestro_protocol.sessions import Session, SessionStatus

EXPIRING = timedelta(minutes=5)
"""How long before its end a token is said to expire soon."""

BindingKind = Literal["workspaceFolder", "chat"]


class Binding(NamedTuple):
    """A folder (by URI) or a chat (by id) that uses a session. Each has one per provider at most."""

    kind: BindingKind
    target: str
    provider: str
    session_id: str


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it is kept. The credential of a vault row is read apart: `NoCredential` stands in its place."""

    session: Session
    credential: Credential = field(default_factory=NoCredential, repr=False)
    revision: int = 0
    """Counts the changes of the credential."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    stored: Mapping[str, StoredSession] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Session ids by provider."""
    bindings: Sequence[Binding] = ()
    offered: Mapping[str, StoredSession] = field(default_factory=dict)
    """What nobody made here: keys of the environment, other tools' logins."""

    def get(self, session_id: str) -> StoredSession | None:
        found = self.stored.get(session_id) or self.offered.get(session_id)
        return found and replace(found, session=self._told(found.session))

    def find(self, reference: str, provider: str | None = None) -> StoredSession:
        """The session with this id, or with this name if only one has it.

        Raises:
            MaestroError: 4007 if there is none, 4103 with the candidates if there are several.
        """
        by_id = self.get(reference)
        if by_id and provider in (None, by_id.session.provider):
            return by_id
        sessions = list(self._of(provider))
        named = [one for one in sessions if one.session.name == reference]
        if len(named) > 1:
            ids = [one.session.id for one in named]
            message = "Several sessions have this name; use an id."
            raise MaestroError("ambiguous", message, provider=provider, candidates=ids)
        if not named:
            message = "There is no such session; list the sessions or create one."
            known = sorted(references([one.session for one in sessions]))
            raise MaestroError("sessionNotFound", message, provider=provider, candidates=known)
        return replace(named[0], session=self._told(named[0].session))

    def list(self, provider: str | None = None) -> Sequence[Session]:
        """All sessions, oldest first, the offered ones last."""
        return [self._told(one.session) for one in self._of(provider)]

    def default(self, provider: str) -> StoredSession | None:
        """The provider's default session, or its only stored one.

        Raises:
            MaestroError: 4001 if the default is an offered one that is not there any more.
        """
        if (chosen := self.defaults.get(provider)) is not None:
            if (found := self.get(chosen)) is not None:
                return found
            message = "The default session's key or login is not on this machine any more; choose another session."
            raise MaestroError("authRequired", message, provider=provider, session_id=chosen)
        stored = [one for one in self.stored.values() if one.session.provider == provider]
        return self.get(stored[0].session.id) if len(stored) == 1 else None

    def bound(self, kind: BindingKind, target: str) -> Sequence[StoredSession]:
        """The sessions a folder or chat is bound to, one per provider at most."""
        ids = [one.session_id for one in self.bindings if (one.kind, one.target) == (kind, target)]
        return [found for found in map(self.get, ids) if found is not None]

    def _of(self, provider: str | None) -> Iterable[StoredSession]:
        for one in [*self.stored.values(), *self.offered.values()]:
            if provider in (None, one.session.provider):
                yield one

    def _told(self, session: Session) -> Session:
        """The session with what follows from the rest of the store, and from the clock."""
        return session.model_copy(
            update={
                "is_default": self.defaults.get(session.provider) == session.id,
                "bound_to": [one.target for one in self.bindings if one.session_id == session.id],
                "status": _status(session),
            }
        )


def references(sessions: Sequence[Session]) -> Sequence[str]:
    """What finds each of these sessions: its name, or its id where another one has the name too."""
    names = [one.name for one in sessions]
    return [one.name if names.count(one.name) == 1 else one.id for one in sessions]


def _status(session: Session) -> SessionStatus:
    if session.expires_at is None or session.status not in ("active", "unverified"):
        return session.status
    left = session.expires_at - datetime.now(UTC)
    return "expired" if left <= timedelta(0) else "expiring" if left <= EXPIRING else session.status
