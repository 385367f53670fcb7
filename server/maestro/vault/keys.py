"""The keys this process has, and the table of those there are."""

from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

from maestro.database.database import Database
from maestro.database.problems import VaultUnavailable
from maestro.errors import MaestroError
from maestro.vault import legacy
from maestro.vault.background import soon
from maestro.vault.envelope import Key
from maestro.vault.flights import Flights
from maestro.vault.key_sources import KeyRow, KeySources, NewKey

if TYPE_CHECKING:
    import sqlite3

_COLUMNS = "id, source, parameters, check_value"


class Keys:
    """Keys by id, fetched once per process. Which one is active is asked each time: another process may rotate it."""

    def __init__(self, database: Database, sources: KeySources) -> None:
        self._database = database
        self.sources = sources
        self._known: dict[str, Key] = {}
        self._flights: Flights[Key] = Flights()

    async def active(self) -> Key:
        """The key to seal with; the first call of all makes it.

        Raises:
            VaultUnavailable: it is out of reach. No other one is made then.
        """
        row = await self.active_row()
        return await (self._flights.join("", self._first) if row is None else self._get(row))

    async def active_row(self) -> KeyRow | None:
        return await self._database.read(_active_row)

    async def find(self, key_id: str) -> Key | None:
        """The key with this id, or None if the database does not know it. Raises as `active`."""
        if key := self._known.get(key_id):
            return key
        row = await self._database.read(lambda connection: _row(connection, "id = ?", key_id))
        return None if row is None else await self._get(row)

    async def reachable(self) -> dict[str, Key]:
        """Every key that can be had now, by id."""
        for row in await self._database.read(_rows):
            try:
                await self._get(row)
            except VaultUnavailable:
                continue
        return dict(self._known)

    def remember(self, key: Key) -> None:
        self._known[key.id] = key

    async def _get(self, row: KeyRow) -> Key:
        if key := self._known.get(row.id):
            return key
        return await self._flights.join(row.id, lambda: self._fetch(row))

    async def _fetch(self, row: KeyRow) -> Key:
        key = await self.sources.fetch(row)
        await soon(_warm_up)
        self.remember(key)
        return key

    async def _first(self) -> Key:
        new = await self.sources.make(await self.sources.choose())
        try:
            winner = await self._database.run(lambda connection: _claim(connection, new))
        except MaestroError:
            await self.sources.discard(new)
            raise
        if winner is not None:
            await self.sources.discard(new)
            return await self._get(winner)
        await soon(_warm_up)
        self.remember(new.key)
        return new.key


def activate(connection: "sqlite3.Connection", new: NewKey) -> None:
    """Make a key known and the one to seal with, in the caller's transaction."""
    new.keep()
    connection.execute("UPDATE vault_keys SET active = 0")
    connection.execute(
        f"INSERT INTO vault_keys({_COLUMNS}, active, created_at) VALUES (?, ?, ?, ?, 1, ?)",
        (*new.row, datetime.now(UTC).isoformat()),
    )


def _claim(connection: "sqlite3.Connection", new: NewKey) -> KeyRow | None:
    """Make it the first key, unless another process was quicker: then that one's."""
    if winner := _active_row(connection):
        return winner
    legacy.accept(connection, trusted=False)
    activate(connection, new)
    return None


def _active_row(connection: "sqlite3.Connection") -> KeyRow | None:
    return _row(connection, "active = ?", 1)


def _row(connection: "sqlite3.Connection", condition: str, value: str | int) -> KeyRow | None:
    found = connection.execute(f"SELECT {_COLUMNS} FROM vault_keys WHERE {condition}", (value,)).fetchone()
    return None if found is None else KeyRow(*found)


def _rows(connection: "sqlite3.Connection") -> list[KeyRow]:
    return [KeyRow(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM vault_keys")]


def _warm_up() -> None:
    """The import takes tens of milliseconds, which the event loop must not wait for."""
    import_module("cryptography.hazmat.primitives.ciphers.aead")
