"""Old turns of a chat become a summary that a model writes."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from maestro import provider
from maestro.chats import rows, turns
from maestro.chats.totals import add_usage
from maestro.chats.turns import NewTurn, Outcome
from maestro.completion import Completion
from maestro.context import compaction, pieces, summaries
from maestro.context.pieces import Piece
from maestro.context.rows import total
from maestro.database import leases
from maestro.database.leases import Lease
from maestro.services import context_changes, transcript
from maestro.services.chat_feed import ChatFeed
from maestro.services.chat_stores import ChatStores
from maestro.services.models import ModelService, Target
from maestro.services.running import Running, turn_in_progress
from maestro.services.turn import cost_of, new_id
from maestro.services.waiting import finished
from maestro_protocol.chat import Usage
from maestro_protocol.context import Chunk, ContextDidChangeParams
from maestro_protocol.conversations import ChatCompactParams, ChatCompactResult


class CompactionService:
    def __init__(self, stores: ChatStores, feed: ChatFeed, running: Running, models: ModelService) -> None:
        self._stores = stores
        self._feed = feed
        self._running = running
        self._models = models

    async def compact(self, params: ChatCompactParams) -> ChatCompactResult:
        """Replace what is older than the last turns by a summary; what was replaced can be restored.

        Raises:
            MaestroError: 4301, 4302 while the chat is answering, the provider's failures; then nothing changes.
        """
        turn_id, lease = new_id("turn"), turns.lease_of(params.chat_id)
        async with self._running.turn(params.chat_id, turn_id, queue=False):
            database = self._stores.of(params.chat_id)
            await finished(database.run(lambda connection: _take(connection, params.chat_id, lease)), then_cancel=True)
            try:
                with self._running.admitted():
                    return await self._compact(params, turn_id)
            finally:
                await finished(database.run(lambda connection: leases.release(connection, lease)))

    async def _compact(self, params: ChatCompactParams, turn_id: str) -> ChatCompactResult:
        database, chat_id = self._stores.of(params.chat_id), params.chat_id
        found = await database.read(lambda connection: pieces.load(connection, [chat_id]))
        old = compaction.old_enough(found, params.keep_turns)
        chat = await database.read(lambda connection: rows.read(connection, chat_id))
        before = await database.read(lambda connection: total(connection, [chat_id]))
        if not old:
            return ChatCompactResult(
                chat=chat, replaced=[], tokens_before=before.tokens, tokens_after=before.tokens, usage=Usage()
            )
        target = await self._models.target(chat.model, chat.session_id, chat_id)
        answer = await self._summarise(target, old, turn_id)
        text = compaction.summary_of(answer, sum(piece.chunk.tokens for piece in old))
        ids = [piece.chunk.id for piece in old]
        summary, replaced, changes = await database.run(lambda connection: _replace(connection, chat_id, ids, text))
        self._feed.context_changed(changes)
        after = await database.read(lambda connection: total(connection, [chat_id]))
        usage = add_usage(chat.usage, answer.usage)
        chat = await database.run(lambda connection: rows.change(connection, chat_id, usage=usage))
        return ChatCompactResult(
            chat=chat,
            summary_id=summary.id,
            replaced=replaced,
            tokens_before=before.tokens,
            tokens_after=after.tokens,
            usage=answer.usage,
        )

    async def _summarise(self, target: Target, old: list[Piece], turn_id: str) -> Completion:
        """Ask the chat's model; what it took is counted whatever becomes of it."""
        started_at = datetime.now(UTC)
        new = NewTurn(turn_id, None, target.provider, target.model_id, target.session_id, None, started_at)
        model = await self._models.known(target)
        outcome = Outcome("error", Usage())
        try:
            answer = await provider.complete_text(
                target.provider, target.session_id, compaction.prompt(old), model=target.model
            )
            cost = cost_of(answer.usage, model.prices if model else None)
            outcome = Outcome(answer.stop_reason, answer.usage, cost, 1)
        finally:
            self._stores.disk.post(lambda connection: turns.record(connection, new, outcome))
        return answer


def _replace(
    connection: sqlite3.Connection, chat_id: str, ids: Sequence[str], text: str
) -> tuple[Chunk, list[str], Sequence[ContextDidChangeParams]]:
    summary, replaced = summaries.summarise(connection, chat_id, ids, text)
    change = context_changes.change(connection, chat_id, added=[summary], removed=replaced)
    return summary, replaced, [change]


def _take(connection: sqlite3.Connection, chat_id: str, lease: Lease) -> None:
    turns.require_idle(connection, chat_id, transcript.restore)
    if not leases.take(connection, lease, turns.LEASE_SECONDS):
        raise turn_in_progress(chat_id, None)
