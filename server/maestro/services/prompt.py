"""What the requests of a turn say: the chat's context as it is now, made to fit the model."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from maestro.context import pieces
from maestro.context.assemble import assemble
from maestro.context.budget import Budget, fit
from maestro.context.owners import canonical
from maestro.context.pieces import Piece
from maestro.errors import MaestroError
from maestro.services.chat_stores import ChatStores
from maestro_protocol.chat import ChatMessage
from maestro_protocol.conversations import Chat
from maestro_protocol.settings import ChatSettings


@dataclass(slots=True)
class Prompt:
    """Read anew for every request of a turn, for chunks may be deleted while it goes on."""

    stores: ChatStores
    chat: Chat
    budget: Budget
    settings: ChatSettings
    context_ids: Collection[str] | None = None
    notice: str | None = None
    """What was left out of the messages told last, if that is news."""
    tokens: int = 0
    """What the messages told last have, about, with what is sent beside them."""
    _ready: list[ChatMessage] | None = None
    _left_out: set[str] = field(default_factory=set)

    @property
    def size(self) -> int | None:
        """The model's context window in tokens; None where nobody has told."""
        return self.budget.size

    async def workspace(self) -> Sequence[Piece]:
        """The chunks of the chat's folder."""
        folder = self.chat.workspace_folder
        if folder is None:
            return ()
        return await self.stores.disk.read(lambda connection: pieces.load(connection, [canonical(folder)]))

    def prepare(self, connection: sqlite3.Connection, workspace: Sequence[Piece]) -> None:
        """Compose the next messages within a transaction.

        Raises:
            MaestroError: 4502 with the numbers for what does not fit, 4501 for chunks that are not there.
        """
        found = [*workspace, *pieces.load(connection, [self.chat.id])]
        self._check_ids(found)
        fitted = fit(pieces.chosen(found, self.context_ids), self.budget, self.settings.overflow)
        self.tokens = self.budget.used(fitted.pieces)
        new = [chunk for chunk in fitted.left_out if chunk.id not in self._left_out]
        self._left_out |= {chunk.id for chunk in new}
        self.notice = _notice(len(new), sum(chunk.tokens for chunk in new)) if new else None
        self._ready = assemble(self.chat.system, fitted.pieces)

    async def messages(self) -> list[ChatMessage]:
        """The messages of the next request. Raises as `prepare`."""
        if self._ready is None:
            await self.refit(self.budget)
        ready, self._ready = self._ready, None
        assert ready is not None
        return ready

    async def refit(self, budget: Budget) -> None:
        """Compose the next messages for another model. Raises as `prepare`; then it is as it was."""
        before, self.budget = self.budget, budget
        try:
            workspace = await self.workspace()
            await self.stores.of(self.chat.id).read(lambda connection: self.prepare(connection, workspace))
        except MaestroError:
            self.budget = before
            raise

    def _check_ids(self, found: Sequence[Piece]) -> None:
        missing = set(self.context_ids or ()) - {piece.chunk.id for piece in found}
        if missing:
            message = "Some chunks of `contextIds` are not in the chat's context; list the context for those there are."
            raise MaestroError("chunkNotFound", message, chat_id=self.chat.id)


def _notice(count: int, tokens: int) -> str:
    what = "1 chunk was" if count == 1 else f"{count} chunks were"
    return f"The context was too large for the model: {what} left out, the oldest ones, of {tokens:,} tokens in all."
