"""A session as a row of `saved_authentications`, and back. Everything but the credential, which is the vault's."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from maestro.store.snapshot import Binding, Snapshot, StoredSession
from maestro_protocol.sessions import AuthType, Session

_COLUMNS = "id, provider, auth_type, name, metadata, status, source, expires_at, created_at, last_used_at, revision"
_IN_METADATA = {"mode", "modes", "defaults", "key_hint", "identity", "problem"}


class Sealed(NamedTuple):
    """A credential, sealed for the row of a session with this name."""

    name: str
    credential: bytes


class Renamed(Exception):
    """The session got another name while its credential was being sealed."""


def read_snapshot(connection: sqlite3.Connection) -> Snapshot:
    """All sessions, defaults and bindings, without any credential."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM saved_authentications ORDER BY created_at, id")
    sessions = [(_session(row), row[10]) for row in rows]
    stored = {session.id: StoredSession(session, revision=revision) for session, revision in sessions}
    defaults = dict(connection.execute("SELECT provider, session_id FROM session_defaults"))
    bindings = connection.execute(
        "SELECT kind, target, provider, session_id FROM session_bindings ORDER BY kind, target"
    )
    return Snapshot(stored, defaults, [Binding(*row) for row in bindings])


class Stored(NamedTuple):
    """A credential as it lies in the store."""

    sealed: bytes
    revision: int
    name: str
    """The session's name at that moment, for which it was sealed."""


def read_sealed(connection: sqlite3.Connection, session_id: str) -> Stored | None:
    """The credential; None if the session is gone."""
    query = "SELECT credentials, revision, name FROM saved_authentications WHERE id = ?"
    row = connection.execute(query, (session_id,)).fetchone()
    return None if row is None else Stored(_bytes(row[0]), row[1], str(row[2]))


def insert(connection: sqlite3.Connection, session: Session, sealed: bytes) -> None:
    """Raises sqlite3.IntegrityError where the name is taken."""
    values = _values(session) | {"id": session.id, "provider": session.provider, "auth_type": session.auth_type}
    values |= {"credentials": sealed, "created_at": _text(session.created_at)}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO saved_authentications ({names}) VALUES ({marks})", tuple(values.values()))


def update(
    connection: sqlite3.Connection, session_id: str, changes: Mapping[str, object], sealed: Sealed | None = None
) -> bool:
    """Change fields of the session as it is now, and the credential if there is a new one; False if it is gone.

    Raises:
        sqlite3.IntegrityError: the name is taken.
        Renamed: the credential was sealed for another name than the row will have; nothing is written.
    """
    row = connection.execute(f"SELECT {_COLUMNS} FROM saved_authentications WHERE id = ?", (session_id,)).fetchone()
    if row is None:
        return False
    session = _session(row).model_copy(update=changes)
    values = _values(session)
    sets = ", ".join(f"{name} = ?" for name in values)
    arguments = [*values.values()]
    if sealed is not None:
        if sealed.name != session.name:
            raise Renamed
        sets += ", credentials = ?, revision = revision + 1"
        arguments.append(sealed.credential)
    connection.execute(f"UPDATE saved_authentications SET {sets} WHERE id = ?", (*arguments, session_id))
    return True


def delete(connection: sqlite3.Connection, session_id: str) -> bool:
    """Forget the row and what points at it; False if it was gone."""
    gone = connection.execute("DELETE FROM saved_authentications WHERE id = ?", (session_id,)).rowcount > 0
    connection.execute("DELETE FROM session_defaults WHERE session_id = ?", (session_id,))
    connection.execute("DELETE FROM session_bindings WHERE session_id = ?", (session_id,))
    return gone


_Row: TypeAlias = tuple[str | int | bytes | float | None, ...]
_DAMAGED = "What is stored of this session is damaged; delete it, and sign in again."


@lru_cache(maxsize=4096)
def _session(row: _Row) -> Session:
    """The row as a session. A damaged one is a session that needs a login, so that it is seen and can be deleted."""
    names = _COLUMNS.split(", ")
    values: dict[str, object] = dict(zip(names, row, strict=True))
    try:
        if any(isinstance(value, bytes) for value in values.values()):
            raise ValueError("no column of a session holds bytes")
        metadata = json.loads(str(values.pop("metadata") or "{}"))
        return Session.model_validate({**metadata, **values}, by_name=True, by_alias=False)
    except (ValueError, TypeError, RecursionError):
        return _damaged(values)


def _damaged(values: Mapping[str, object]) -> Session:
    auth_type: AuthType = "oauth" if values["auth_type"] == "oauth" else "api_key"
    return Session(
        id=str(values["id"]),
        name=_words(values["name"]) or str(values["id"]),
        provider=_words(values["provider"]) or "unknown",
        auth_type=auth_type,
        status="needsLogin",
        source="vault",
        created_at=datetime.fromtimestamp(0, UTC),
        problem=_DAMAGED,
    )


def _words(value: object) -> str:
    """As much of a text as can be shown on a line."""
    return "".join(char for char in value if char.isprintable())[:100] if isinstance(value, str) else ""


def _values(session: Session) -> dict[str, str | bytes | None]:
    metadata = session.model_dump(mode="json", include=_IN_METADATA, exclude_none=True)
    return {
        "name": session.name,
        "metadata": json.dumps(metadata),
        "status": session.status,
        "source": session.source,
        "expires_at": _text(session.expires_at),
        "updated_at": _text(datetime.now(UTC)),
        "last_used_at": _text(session.last_used_at),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _bytes(value: object) -> bytes:
    """What does not open, where it is neither bytes nor text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""
