"""A new key, and every credential sealed with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from maestro.vault import legacy
from maestro.vault.envelope import Key, Label, is_clear, key_id, seal, unseal
from maestro.vault.key_sources import KeySource, NewKey
from maestro.vault.keys import activate

if TYPE_CHECKING:
    import sqlite3


class Rotation(NamedTuple):
    """What became of the credentials."""

    key_id: str
    source: KeySource
    rotated: int
    """How many are sealed with the new key."""
    unopened: tuple[str, ...]
    """Ids of the sessions whose credential does not open; they stayed as they were."""


class Row(NamedTuple):
    """A credential as it lies in the table."""

    session: str
    label: Label
    stored: bytes


def rotate(connection: "sqlite3.Connection", new: NewKey, keys: Mapping[str, Key]) -> Rotation:
    """Seal what opens with `keys` under the new one, in the caller's transaction. Former keys stay known."""
    unopened: list[str] = []
    rotated = clear = 0
    trusts_clear = legacy.trusts_clear(connection)
    for row in stored_rows(connection):
        plain = _open(row, keys, trusts_clear)
        if plain is None:
            unopened.append(row.session)
            continue
        replace(connection, row, seal(new.key, row.label, plain))
        rotated += 1
        clear += plain is row.stored
    legacy.settle(connection, clear)
    activate(connection, new)
    return Rotation(new.key.id, new.row.source, rotated, tuple(unopened))


def depends_on(connection: "sqlite3.Connection", name: str) -> bool:
    """Whether any credential is sealed with this key."""
    return any(key_id(row.stored) == name for row in stored_rows(connection))


def stored_rows(connection: "sqlite3.Connection") -> list[Row]:
    label = ", ".join(f"CAST({name} AS TEXT)" for name in Label._fields)
    query = f"SELECT id, {label}, CAST(credentials AS BLOB) FROM saved_authentications"
    return [Row(session, Label(*parts), stored) for session, *parts, stored in connection.execute(query)]


def replace(connection: "sqlite3.Connection", row: Row, sealed: bytes) -> None:
    connection.execute("UPDATE saved_authentications SET credentials = ? WHERE id = ?", (sealed, row.session))


def _open(row: Row, keys: Mapping[str, Key], trusts_clear: bool) -> bytes | None:
    if is_clear(row.stored):
        return row.stored if trusts_clear else None
    key = keys.get(key_id(row.stored) or "")
    return unseal(key, row.label, row.stored) if key else None
