"""Keeps track of which files in a context are no longer as they were read."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from urllib.parse import unquote

from maestro.context import staleness
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.services import context_changes
from maestro.services.context_digests import Digests
from maestro_protocol.context import ContextDidChangeParams

PAUSE = 0.3
"""Seconds in which further changes of documents are gathered."""

_log = logging.getLogger(__name__)


class ContextFiles:
    def __init__(
        self,
        databases: Sequence[Database],
        digests: Digests,
        tell: Callable[[Sequence[ContextDidChangeParams]], None],
        pause: float = PAUSE,
    ) -> None:
        self._databases = databases
        self._digests = digests
        self._tell = tell
        self._pause = pause
        self._due: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def changed(self, uri: str) -> None:
        """A document was edited, saved, created or deleted: look at it soon, and tell what is stale or fresh by it."""
        self._due.add(uri)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())

    async def settled(self) -> None:
        """Wait until everything that changed was looked at."""
        if self._task is not None:
            await self._task

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def check(self, uris: Iterable[str]) -> Sequence[ContextDidChangeParams]:
        """Compare files in a context, by the URIs their chunks have, with what they are now; what changed by that."""
        digests = await self._digests.of(list(dict.fromkeys(uris)))
        changes: list[ContextDidChangeParams] = []
        for database in self._databases if digests else ():
            if await database.read(partial(_news, digests=digests)):
                changes += await database.run(partial(_mark, digests=digests))
        return changes

    async def _look(self) -> None:
        while self._due:
            await asyncio.sleep(self._pause)
            due, self._due = self._due, set()
            try:
                if changes := await self.check(await self._known(due)):
                    self._tell(changes)
            except MaestroError as error:
                _log.warning("Files in a context could not be compared: %s", error.message)

    async def _known(self, uris: Iterable[str]) -> list[str]:
        """The chunks' URIs of documents that changed, however they are spelled: by their name, for comparing one file
        too many costs little."""
        names = {_name(uri) for uri in uris}
        known = [uri for database in self._databases for uri in await database.read(staleness.files)]
        return [uri for uri in dict.fromkeys(known) if _name(uri) in names]


def _news(connection: sqlite3.Connection, digests: Mapping[str, str | None]) -> Sequence[str]:
    """The files whose chunks are marked wrongly."""
    return [uri for uri, sha256 in digests.items() if staleness.is_news(connection, uri, sha256)]


def _mark(connection: sqlite3.Connection, digests: Mapping[str, str | None]) -> list[ContextDidChangeParams]:
    news = _news(connection, digests)
    marked = [chunk for uri in news for chunk in staleness.mark_stale(connection, uri, digests[uri])]
    return context_changes.changed(connection, marked)


def _name(uri: str) -> str:
    return unquote(uri).rpartition("/")[2].casefold()
