"""The ledger of intents, for whoever wants to see it."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from maestro.database.database import Database
from maestro.intents import ledger
from maestro_protocol.intents import IntentListParams, IntentListResult, IntentRecord, IntentVerifyResult

T = TypeVar("T")


class IntentService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, params: IntentListParams) -> IntentListResult:
        """The latest first. Raises 4303 for a cursor that is none."""
        return await self._database.read(lambda connection: ledger.records(connection, params))

    async def get(self, intent_id: str) -> IntentRecord:
        """Raises -32803 where there is no such record."""
        return await self._database.read(lambda connection: ledger.record(connection, intent_id))

    async def export(self, chat_id: str | None = None) -> str:
        """A record per line, the oldest first."""
        return await self._beside(lambda connection: ledger.export(connection, chat_id))

    async def verify(self, head: str | None = None) -> IntentVerifyResult:
        """Walk the chain, in which a `head` that was kept elsewhere must stand, beside what else the store is asked."""
        return await self._beside(lambda connection: ledger.verify(connection, head))

    async def _beside(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work that reads much on a connection of its own."""
        await self._database.read(lambda connection: None)  # there is a file afterwards
        return await asyncio.to_thread(_read, self._database.path, work)


def _read(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        return work(connection)
