"""The named sessions of this process, and the ones the environment offers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from maestro.errors import MaestroError
from maestro.store.credentials import Credential
from maestro_protocol.sessions import AuthType, Session, SessionStatus

ENVIRONMENT_NAME = "env"
"""What every session of the environment is called."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session and the credential behind it."""

    session: Session
    credential: Credential = field(repr=False)


class SessionStore:
    """Sessions by id. Names are unique per provider and kind; lookups take either.

    `environment` yields the sessions that environment variables offer; they cannot be changed or deleted here.
    """

    def __init__(self, environment: Callable[[], Iterable[StoredSession]] = tuple) -> None:
        self._environment = environment
        self._stored: dict[str, StoredSession] = {}
        self._defaults: dict[str, str] = {}
        self._observed: dict[str, dict[str, SessionStatus | datetime]] = {}

    def add(self, provider: str, auth_type: AuthType, name: str, credential: Credential) -> Session:
        """Keep a new session.

        Raises:
            MaestroError: 4008 if the name is taken; `env` is the environment's.
        """
        if name == ENVIRONMENT_NAME:
            message = "This name belongs to the key of the environment; choose another one."
            raise MaestroError("sessionNameTaken", message, provider=provider)
        for stored in self._stored.values():
            other = stored.session
            if (other.provider, other.auth_type, other.name) == (provider, auth_type, name):
                raise MaestroError(
                    "sessionNameTaken",
                    f"A session of {provider} already has this name; choose another one or delete it first.",
                    provider=provider,
                    session_id=other.id,
                )
        session = Session(
            id=f"ses_{uuid4().hex[:16]}",
            name=name,
            provider=provider,
            auth_type=auth_type,
            status="unverified",
            source="memory",
            key_hint=credential.hint,
            created_at=datetime.now(UTC),
        )
        self._stored[session.id] = StoredSession(session, credential)
        return self._with_default(session)

    def find(self, reference: str, provider: str | None = None) -> StoredSession:
        """The session with this id, or with this name if only one has it.

        Raises:
            MaestroError: 4007 if there is none, 4103 with the candidates if there are several.
        """
        stored = self._stored.get(reference)
        if stored and provider in (None, stored.session.provider):
            return replace(stored, session=self._with_default(stored.session))
        sessions = [s for s in self._all() if provider in (None, s.session.provider)]
        found = [s for s in sessions if s.session.id == reference] or [
            s for s in sessions if s.session.name == reference
        ]
        if not found:
            names = sorted(s.session.name for s in sessions)
            raise MaestroError(
                "sessionNotFound",
                "There is no such session; list the sessions or create one.",
                provider=provider,
                candidates=names,
            )
        if len(found) > 1:
            raise MaestroError(
                "ambiguous",
                "Several sessions have this name; use an id.",
                provider=provider,
                candidates=[s.session.id for s in found],
            )
        return replace(found[0], session=self._with_default(found[0].session))

    def list(self, provider: str | None = None) -> Sequence[Session]:
        """All sessions, oldest first, those of the environment last."""
        return [self._with_default(s.session) for s in self._all() if provider in (None, s.session.provider)]

    def default(self, provider: str) -> StoredSession | None:
        """The provider's default session, or its only stored one."""
        if (chosen := self._defaults.get(provider)) is not None:
            return self.find(chosen)
        stored = [s for s in self._stored.values() if s.session.provider == provider]
        return stored[0] if len(stored) == 1 else None

    def set_default(self, reference: str) -> Session:
        """Make a session its provider's default. Raises as `find`."""
        session = self.find(reference).session
        self._defaults[session.provider] = session.id
        return self._with_default(session)

    def set_status(self, reference: str, status: SessionStatus) -> Session:
        """Remember what the provider said of the credential. Raises as `find`."""
        return self._update(self.find(reference), status=status)

    def touch(self, reference: str) -> None:
        """Remember that the session was used."""
        self._update(self.find(reference), last_used_at=datetime.now(UTC))

    def delete(self, reference: str, provider: str | None = None) -> Session:
        """Forget a session and its credential.

        Raises:
            MaestroError: as `find`; 4104 for a session of the environment.
        """
        session = self.find(reference, provider).session
        if session.source == "env":
            raise MaestroError(
                "unsupported",
                "This session comes from an environment variable; unset the variable to remove it.",
                provider=session.provider,
                session_id=session.id,
            )
        del self._stored[session.id]
        if self._defaults.get(session.provider) == session.id:
            del self._defaults[session.provider]
        return session

    def _all(self) -> Iterable[StoredSession]:
        yield from list(self._stored.values())
        for offered in self._environment():
            observed = self._observed.get(offered.session.id, {})
            yield replace(offered, session=offered.session.model_copy(update=observed))

    def _update(self, stored: StoredSession, **changes: SessionStatus | datetime) -> Session:
        session = stored.session.model_copy(update=changes)
        if session.id in self._stored:
            self._stored[session.id] = replace(stored, session=session)
        else:
            self._observed.setdefault(session.id, {}).update(changes)
        return self._with_default(session)

    def _with_default(self, session: Session) -> Session:
        is_default = self._defaults.get(session.provider) == session.id
        return session if session.is_default == is_default else session.model_copy(update={"is_default": is_default})
