"""Old turns of a chat become a summary that a model writes."""

import asyncio
import sqlite3
from collections.abc import Sequence
from decimal import Decimal

from maestro import provider
from maestro.chats import rows, turns
from maestro.completion import Completion
from maestro.context import compaction, pieces, summaries, tokens
from maestro.context.rows import total
from maestro.database import leases
from maestro.database.leases import Lease
from maestro.errors import MaestroError
from maestro.services import context_changes, transcript, untold
from maestro.services.chat_feed import ChatFeed
from maestro.services.chat_stores import ChatStores, is_ephemeral
from maestro.services.models import Before, ModelService
from maestro.services.running import Running, turn_in_progress
from maestro.services.spending import Spending
from maestro.services.turn import Turn, new_id
from maestro.services.waiting import finished
from maestro_protocol.chat import ChatMessage, Usage
from maestro_protocol.context import Chunk, ContextDidChangeParams
from maestro_protocol.conversations import Chat, ChatCompactParams, ChatCompactResult


class CompactionService:
    def __init__(
        self, stores: ChatStores, feed: ChatFeed, running: Running, models: ModelService, spending: Spending
    ) -> None:
        self._stores = stores
        self._feed = feed
        self._running = running
        self._models = models
        self._spending = spending

    async def compact(self, params: ChatCompactParams) -> ChatCompactResult:
        """Replace what is older than the last turns by a summary; what was replaced can be restored.

        Raises:
            MaestroError: 4208, 4301, 4302 while the chat is answering, the provider's failures; then nothing changes.
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
        last = Before(chat.model, chat.session_id)
        target = await self._models.target(None, None, chat_id, role="compact", before=last)
        answer = await self._summarise(Turn(target, self._models.prices, turn_id), chat, compaction.prompt(old))
        text = compaction.summary_of(answer, sum(piece.chunk.tokens for piece in old))
        ids = [piece.chunk.id for piece in old]
        summary, replaced, changes = await database.run(lambda connection: _replace(connection, chat_id, ids, text))
        self._feed.context_changed(changes)
        after = await database.read(lambda connection: total(connection, [chat_id]))
        chat = await database.read(lambda connection: rows.read(connection, chat_id))
        return ChatCompactResult(
            chat=chat,
            summary_id=summary.id,
            replaced=replaced,
            tokens_before=before.tokens,
            tokens_after=after.tokens,
            usage=answer.usage,
        )

    async def _summarise(self, turn: Turn, chat: Chat, messages: Sequence[ChatMessage]) -> Completion:
        """Ask the chat's model; what it took is counted whatever becomes of it. Raises as `compact`."""
        target = turn.target
        if self._spending.is_limited:
            await turn.prices.known(target)
        allowance = self._spending.allowance(turn.row(), turn.price)
        allowance.chat_spent = Decimal(chat.cost.amount if chat.cost else 0)
        await allowance.require(tokens.of_request(messages) if allowance.is_set else 0)
        self._spending.warn_once(allowance.notice)
        turn.stop_reason = "error"
        try:
            answer = await provider.complete_text(
                target.provider, target.session_id, messages, model=target.model, params=target.applied(None)
            )
            turn.stop_reason, turn.requests = answer.stop_reason, 1
            told = answer.usage
            turn.count(told if told.total_tokens else untold.completed(told, messages, (), [answer.text]))
            await turn.prices.known(target)
        except (asyncio.CancelledError, MaestroError) as end:
            if isinstance(end, asyncio.CancelledError) or end.kind == "streamInterrupted":
                turn.count(untold.completed(Usage(), messages, (), ()))
            raise
        finally:
            self._record(turn, chat.id)
        return answer

    def _record(self, turn: Turn, chat_id: str) -> None:
        row, outcome = turn.row(chat_id), turn.outcome
        self._stores.of(chat_id).post(lambda connection: turns.record(connection, row, outcome))
        if is_ephemeral(chat_id):
            self._spending.record(turn.row(), outcome)
        else:
            self._spending.ended(turn.row(), outcome)


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
