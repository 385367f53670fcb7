"""Which documents have findings, and who was asked: in the store, so that a later start can tell them again."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from maestro.database.database import Database
from maestro_protocol.audit import Severity

if TYPE_CHECKING:
    import sqlite3

_COLUMNS = "uri, provider, session_id, model, rules, min_severity"
_KEEP = f"INSERT OR REPLACE INTO audited_documents({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM audited_documents WHERE uri = ?"
_RENAME = "UPDATE OR REPLACE audited_documents SET uri = ? WHERE uri = ?"


class Asked(NamedTuple):
    """What an audit asked whom."""

    provider: str
    session_id: str | None
    model: str
    rules: Sequence[str] | None
    min_severity: Severity


class AuditedDocuments:
    """What is written is written some time; nobody but the log hears of a failure."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: set[str] = set()

    async def below(self, folders: Sequence[str]) -> Sequence[tuple[str, Asked]]:
        """The documents in these folders, by their URIs. Raises 4901."""
        roots = tuple(f"{unquote(folder).rstrip('/')}/" for folder in folders)
        found = [(uri, asked) for uri, asked in await self._database.read(_all) if unquote(uri).startswith(roots)]
        self._kept.update(uri for uri, _ in found)
        return found

    def keep(self, uri: str, asked: Asked) -> None:
        """The document has findings."""
        self._kept.add(uri)
        rules = None if asked.rules is None else json.dumps([*asked.rules])
        row = (uri, asked.provider, asked.session_id, asked.model, rules, asked.min_severity)
        self._database.post(lambda connection: connection.execute(_KEEP, row))

    def forget(self, uris: Iterable[str] | None = None) -> None:
        """These documents have none any more, or none has."""
        gone = [(uri,) for uri in ([*self._kept] if uris is None else uris) if uri in self._kept]
        self._kept.difference_update(uri for (uri,) in gone)
        if gone:
            self._database.post(lambda connection: connection.executemany(_FORGET, gone))

    def rename(self, old: str, new: str) -> None:
        """The document has another name."""
        if old in self._kept:
            self._kept.remove(old)
            self._kept.add(new)
            self._database.post(lambda connection: connection.execute(_RENAME, (new, old)))


def _all(connection: "sqlite3.Connection") -> Sequence[tuple[str, Asked]]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM audited_documents ORDER BY uri").fetchall()
    return [
        (uri, Asked(provider, session_id, model, rules and json.loads(rules), min_severity))
        for uri, provider, session_id, model, rules, min_severity in rows
    ]
