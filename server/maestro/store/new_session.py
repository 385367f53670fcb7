"""What a login gave, and the session it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from maestro.store.credentials import Credential, OAuthCredential
from maestro_protocol.sessions import AuthType, Identity, Mode, Session, SessionStatus, Source


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a login gave, ready to be kept."""

    provider: str
    auth_type: AuthType
    name: str
    credential: Credential = field(repr=False)
    identity: Identity | None = None
    mode: Mode | None = None
    modes: tuple[Mode, ...] = ()
    status: SessionStatus = "unverified"
    source: Source = "vault"


def as_session(new: NewSession, taken: Session | None) -> Session:
    """The session it becomes; `taken` is the one of that name, which keeps its id."""
    credential = new.credential
    return Session(
        id=taken.id if taken else f"ses_{uuid4().hex[:16]}",
        name=new.name,
        provider=new.provider,
        auth_type=new.auth_type,
        mode=new.mode,
        modes=[*new.modes] or None,
        status=new.status,
        source=new.source,
        key_hint=credential.hint,
        identity=new.identity,
        expires_at=credential.expires_at if isinstance(credential, OAuthCredential) else None,
        created_at=taken.created_at if taken else datetime.now(UTC),
    )


def fields_of(session: Session) -> Mapping[str, object]:
    """What a new credential changes of a session that is there."""
    names = ("mode", "modes", "status", "source", "key_hint", "identity", "expires_at")
    return {name: getattr(session, name) for name in names} | {"problem": None}
