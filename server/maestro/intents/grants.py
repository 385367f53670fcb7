"""What the user allowed for longer than one call: of exactly this, and of nothing like it."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.intents.subjects import shown
from maestro_protocol.base import JsonObject
from maestro_protocol.permissions import Grant, GrantScope, PermissionSubject

if TYPE_CHECKING:
    import sqlite3

_COLUMNS = ("id", "tool", "match", "scope", "chat_id", "workspace_folder", "created_at")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM grants"
_PORTS = {"http": 80, "https": 443}


def key_of(subject: PermissionSubject) -> JsonObject:
    """What must be equal for a grant to cover a call, in clear.

    The whole `argv`, the folder and the program's file of a command, the path of an edit, scheme, host and port of a
    fetch; of anything else the whole input.
    """
    if subject.type == "command" and subject.argv:
        return _present(argv=[*subject.argv], cwd=subject.cwd, uri=subject.uri)
    if subject.type == "edit" and (subject.path or subject.uri):
        return _present(path=subject.path, uri=subject.uri)
    if subject.type == "network" and subject.url:
        host = _origin(subject.url)
        return {"host": host} if host else {"url": subject.url}
    if subject.input is not None:
        return {"input": subject.input}
    return {name: value for name, value in subject.to_wire().items() if name not in ("type", "tool", "_meta")}


def find(
    connection: "sqlite3.Connection",
    tool: str,
    subject: PermissionSubject,
    chat_id: str | None,
    workspace_folder: str | None,
) -> Grant | None:
    """The grant that covers this call. That none covers a high risk is for the caller to see to."""
    row = connection.execute(
        f"{_SELECT} WHERE digest = ?"
        " AND (scope = 'chat' AND chat_id = ? OR scope = 'workspace' AND workspace_folder = ?)"
        " ORDER BY scope DESC, created_at LIMIT 1",
        (_digest(tool, subject), chat_id, workspace_folder),
    ).fetchone()
    return _grant(row) if row else None


def add(
    connection: "sqlite3.Connection",
    tool: str,
    subject: PermissionSubject,
    scope: GrantScope,
    *,
    chat_id: str | None = None,
    workspace_folder: str | None = None,
) -> Grant:
    """Keep a grant; the one there is, if it is granted already. Secrets in what is kept are not readable.

    Raises:
        MaestroError: -32602 for the scope `once`, and for a scope without its chat or folder.
    """
    holder = {"chat": chat_id, "workspace": workspace_folder, "once": None}[scope]
    if not holder:
        raise MaestroError(
            "invalidParams", "Only a permission for a chat or for a workspace that is named can be kept."
        )
    column = "chat_id" if scope == "chat" else "workspace_folder"
    digest = _digest(tool, subject)
    there = connection.execute(
        f"{_SELECT} WHERE digest = ? AND scope = ? AND {column} = ?", (digest, scope, holder)
    ).fetchone()
    if there:
        return _grant(there)
    row = (f"grant_{uuid4().hex[:16]}", tool, json.dumps(shown(key_of(subject))), scope,
           holder if scope == "chat" else None, holder if scope == "workspace" else None, _now())  # fmt: skip
    connection.execute(
        f"INSERT INTO grants({', '.join(_COLUMNS)}, digest) VALUES ({', '.join('?' * len(_COLUMNS))}, ?)",
        (*row, digest),
    )
    return _grant(row)


def all(connection: "sqlite3.Connection") -> list[Grant]:
    """Every grant, the latest first."""
    return [_grant(row) for row in connection.execute(f"{_SELECT} ORDER BY created_at DESC, id")]


def revoke(connection: "sqlite3.Connection", grant_id: str) -> bool:
    """Whether there was one to take back."""
    return connection.execute("DELETE FROM grants WHERE id = ?", (grant_id,)).rowcount > 0


def forget_chat(connection: "sqlite3.Connection", chat_id: str) -> None:
    """Take back what was granted for a chat that is deleted."""
    connection.execute("DELETE FROM grants WHERE chat_id = ?", (chat_id,))


def _digest(tool: str, subject: PermissionSubject) -> str:
    exact = json.dumps([tool, subject.type, key_of(subject)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(exact.encode("ascii")).hexdigest()


def _grant(row: Sequence[str | None]) -> Grant:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Grant.model_validate({**values, "grant_id": values["id"], "match": json.loads(values["match"] or "{}")})


def _present(**values: JsonValue) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}


def _origin(url: str) -> str | None:
    """`https://example.com:443`; None for what is no address of a host."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if not host or port is None:
        return None
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
