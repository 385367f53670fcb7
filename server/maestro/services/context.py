"""Contexts as a client sees them: added to, listed, changed, deleted, restored."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from maestro.chats import rows
from maestro.context import chunks, deletion
from maestro.context.attach import FindingsOf
from maestro.context.budget import Budget
from maestro.database.database import Database
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.redact import redact
from maestro.services import context_changes
from maestro.services.chat_stores import ChatStores
from maestro.services.context_changes import Outcome
from maestro.services.context_digests import Digests
from maestro.services.context_files import PAUSE, ContextFiles
from maestro.services.context_inputs import Inputs
from maestro.services.context_pages import ContextPages, owner_of
from maestro.services.idempotency import Idempotency
from maestro.workspace.gate import Gate
from maestro_protocol.context import (
    Chunk,
    ContextAddParams,
    ContextBudget,
    ContextClearParams,
    ContextDeleteParams,
    ContextDeleteResult,
    ContextDidChangeParams,
    ContextGetResult,
    ContextListParams,
    ContextListResult,
    ContextRestoreParams,
    ContextRestoreResult,
    ContextUpdateParams,
)
from maestro_protocol.conversations import Chat

COMPARED = 200
"""How many files of a page are compared with what they are now."""


class ContextService:
    def __init__(
        self,
        stores: ChatStores,
        gate: Gate,
        editor: Editor,
        findings: FindingsOf,
        budget: Callable[[Chat], Awaitable[Budget]],
        announce: Callable[[Sequence[ContextDidChangeParams]], None],
        pause: float = PAUSE,
    ) -> None:
        """`budget` tells what a chat's next request may take; `announce` tells the editor what changed."""
        self.announce = announce
        self._stores = stores
        self._editor = editor
        self._pages = ContextPages(stores, editor)
        self._budget = budget
        self._inputs = Inputs(gate, editor, findings)
        self.files = ContextFiles((stores.disk, stores.memory), Digests(gate, editor), self.announce, pause)
        self._added = Idempotency[Outcome[Chunk]]()

    async def add(self, params: ContextAddParams) -> Outcome[Chunk]:
        """Add a chunk. A repeated request has nothing to tell.

        Raises:
            MaestroError: 4301; -32602, 4406, 4502 or -32803 for what is to be added.
        """
        ran = False

        async def run() -> Outcome[Chunk]:
            nonlocal ran
            ran = True
            return await self._add(params)

        outcome = await self._added.once(params.client_request_id, params, run)
        return outcome if ran else Outcome(outcome.result)

    async def list(self, params: ContextListParams) -> Outcome[ContextListResult]:
        """A page of chunks, compared with their files. Raises 4301, 4303, -32602."""
        listed, sent = await self._pages.owners(params)
        found, cursor, size = await self._pages.page(params, listed)
        uris = list(dict.fromkeys(chunk.uri for chunk in found if chunk.uri))[:COMPARED]
        if changes := await self.files.check(uris):
            found, cursor, size = await self._pages.page(params, listed)
        used = size if listed == sent else await self._pages.total(sent)
        budget = await self._budget_of(params.chat_id, used.tokens) if params.chat_id else None
        result = ContextListResult(chunks=[*found], next_cursor=cursor, total=size, budget=budget)
        return Outcome(result, changes)

    async def _budget_of(self, chat_id: str, used: int) -> ContextBudget:
        budget = await self._budget(await self._stores.read(chat_id))
        return ContextBudget(size=budget.size, used=used + budget.overhead, reserved_output=budget.reserved_output)

    async def get(self, chunk_id: str) -> ContextGetResult:
        """The chunk with its text. Raises 4501."""
        database, _ = await self._find(chunk_id)
        chunk, text = await database.read(lambda connection: chunks.get(connection, chunk_id))
        return ContextGetResult(chunk=chunk, text=text)

    async def update(self, params: ContextUpdateParams) -> Outcome[Chunk]:
        """Pin a chunk, name it, read its file again.

        Raises:
            MaestroError: 4501; -32602, 4406, 4502 or -32803 if there is no file to read.
        """
        database, chunk = await self._find(params.id)
        new = await self._inputs.again(chunk) if params.refresh else None

        def write(connection: sqlite3.Connection) -> Outcome[Chunk]:
            if new is not None:
                chunks.refresh(connection, chunk.id, new)
            updated = chunks.update(connection, chunk.id, pinned=params.pinned, label=_clean(params.label))
            return Outcome(updated, context_changes.changed(connection, [updated]))

        return await database.run(write)

    async def delete(self, params: ContextDeleteParams) -> Outcome[ContextDeleteResult]:
        """Send chunks no more; with their groups."""
        deleted: list[str] = []
        not_found: Sequence[str] = params.ids
        changes: list[ContextDidChangeParams] = []

        def write(connection: sqlite3.Connection) -> tuple[list[str], list[str], list[ContextDidChangeParams]]:
            gone, rest = deletion.delete(connection, not_found)
            return gone, rest, context_changes.removed(connection, gone)

        for database in self._databases:
            if not_found:
                gone, not_found, told = await database.run(write)
                deleted, changes = deleted + gone, changes + told
        return Outcome(ContextDeleteResult(deleted=deleted, not_found=list(not_found)), changes)

    async def restore(self, params: ContextRestoreParams) -> Outcome[ContextRestoreResult]:
        """Undo a deletion; with the groups."""
        restored: list[str] = []
        not_found: Sequence[str] = params.ids
        changes: list[ContextDidChangeParams] = []

        def write(connection: sqlite3.Connection) -> tuple[list[str], list[str], list[ContextDidChangeParams]]:
            again, rest = deletion.restore(connection, not_found)
            return [chunk.id for chunk in again], rest, context_changes.added(connection, again)

        for database in self._databases:
            if not_found:
                again, not_found, told = await database.run(write)
                restored, changes = restored + again, changes + told
        return Outcome(ContextRestoreResult(restored=restored, not_found=list(not_found)), changes)

    async def clear(self, params: ContextClearParams) -> Outcome[ContextDeleteResult]:
        """Delete what is not pinned. Raises 4301, -32602."""
        owner = owner_of(params, self._editor)

        def write(connection: sqlite3.Connection) -> Outcome[ContextDeleteResult]:
            if params.scope == "chat":
                rows.read(connection, owner)
            gone = deletion.clear(connection, owner)
            result = ContextDeleteResult(deleted=gone, not_found=[])
            return Outcome(result, context_changes.removed(connection, gone))

        return await self._stores.of(owner).run(write)

    def documents_changed(self, uri: str) -> None:
        """A document was edited, saved, created or deleted; who has chunks of it is told if they are stale now."""
        self.files.changed(uri)

    async def aclose(self) -> None:
        await self.files.aclose()

    @property
    def _databases(self) -> Sequence[Database]:
        return self._stores.disk, self._stores.memory

    async def _add(self, params: ContextAddParams) -> Outcome[Chunk]:
        owner = owner_of(params, self._editor)
        if params.scope == "chat":
            await self._stores.of(owner).read(lambda connection: rows.read(connection, owner))
        made = await self._inputs.new(params)
        new = replace(made, label=_clean(params.label) or made.label, pinned=params.pinned)

        def write(connection: sqlite3.Connection) -> Outcome[Chunk]:
            if params.scope == "chat":
                rows.read(connection, owner)  # it may have been deleted while the file was read
            chunk = chunks.add(connection, owner, new)
            return Outcome(chunk, context_changes.added(connection, [chunk]))

        return await self._stores.of(owner).run(write)

    async def _find(self, chunk_id: str) -> tuple[Database, Chunk]:
        """The chunk and where it is. Raises 4501."""
        disk, memory = self._stores.disk, self._stores.memory
        try:
            return disk, await disk.read(lambda connection: chunks.read(connection, chunk_id))
        except MaestroError as error:
            if error.kind != "chunkNotFound":
                raise
        return memory, await memory.read(lambda connection: chunks.read(connection, chunk_id))


def _clean(label: str | None) -> str | None:
    """A label is sent too."""
    return None if label is None else redact(label)
