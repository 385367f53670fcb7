"""Chats as they are kept: begun, opened, searched, changed, branched, replayed, exported, forgotten."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from maestro.chats import branches, export, journal, listing, messages, recovery, rows, turns
from maestro.chats.title import UNTITLED
from maestro.context import branches as context_branches
from maestro.context import chunks
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.intents import grants
from maestro.services import context_changes, transcript
from maestro.services.chat_feed import ChatFeed
from maestro.services.chat_stores import ChatStores, marked
from maestro.services.idempotency import Idempotency
from maestro.services.models import ModelService
from maestro.services.running import Running, turn_in_progress
from maestro.services.sessions import SessionService, canonical
from maestro_protocol.chat import Usage
from maestro_protocol.context import ContextDidChangeParams
from maestro_protocol.conversations import (
    Chat,
    ChatCreateParams,
    ChatEventsParams,
    ChatEventsResult,
    ChatExportParams,
    ChatForkParams,
    ChatGetParams,
    ChatGetResult,
    ChatListParams,
    ChatListResult,
    ChatRevertParams,
    ChatRevertResult,
    ChatUpdateParams,
)
from maestro_protocol.errors import Issue

_TOMBSTONES_STAY = timedelta(days=7)


class HistoryService:
    def __init__(
        self,
        stores: ChatStores,
        feed: ChatFeed,
        running: Running,
        sessions: SessionService,
        models: ModelService,
        editor: Editor,
    ) -> None:
        self._stores = stores
        self._feed = feed
        self._running = running
        self._sessions = sessions
        self._models = models
        self._editor = editor
        self._created = Idempotency[Chat]()

    async def create(self, params: ChatCreateParams) -> Chat:
        """Begin a chat. Raises 4007 or 4103 for a session that is not one, -32602 for one its route does not use."""

        _check_title(params.title)
        if params.workspace_folder is not None and "://" not in params.workspace_folder:
            raise _misfit("workspaceFolder", "must be a URI, as file:///home/me/project")

        async def run() -> Chat:
            session_id = (await self._sessions.get(params.session_id)).id if params.session_id else None
            if params.model and session_id:
                await self._models.refuse_unlisted(params.model, session_id)
            chat = self.draft(params, session_id)
            self._feed.hold(chat.id)
            titled = params.title is not None
            await self._stores.of(chat.id).run(lambda connection: rows.insert(connection, chat, titled=titled))
            return chat

        return await self._created.once(params.client_request_id, params, run)

    def draft(self, params: ChatCreateParams, session_id: str | None = None) -> Chat:
        """A chat that is not kept yet."""
        folder = params.workspace_folder or next(iter(self._editor.folders), None)
        now = datetime.now(UTC)
        return Chat(
            id=self._stores.new_id(ephemeral=params.ephemeral),
            title=params.title or UNTITLED,
            state="idle",
            model=params.model,
            session_id=session_id,
            workspace_folder=canonical(folder) if folder else None,
            system=params.system or None,
            ephemeral=params.ephemeral or None,
            usage=Usage(),
            last_seq=0,
            created_at=now,
            updated_at=now,
        )

    async def recover(self) -> None:
        """End what processes that died left open, in the log and in the chats; forget chats deleted long ago."""

        def write(connection: sqlite3.Connection) -> None:
            recovery.close_interrupted(connection, None, transcript.restore)
            rows.forget_tombstones(connection, datetime.now(UTC) - _TOMBSTONES_STAY)

        await self._stores.disk.run(write)

    async def find(self, chat_id: str) -> Chat:
        """Raises 4301."""
        return await self._stores.read(chat_id)

    async def get(self, params: ChatGetParams) -> ChatGetResult:
        """The chat and a page of its messages. Raises 4301; 4303 for a `before` that is none of its messages."""

        await self._end_dead_turns(params.chat_id)

        def read(connection: sqlite3.Connection) -> ChatGetResult:
            chat = rows.read(connection, params.chat_id)
            found, before = messages.page(connection, chat.id, params.before, params.limit, for_client=True)
            return ChatGetResult(chat=marked(chat), messages=found, next_before=before)

        return await self._stores.of(params.chat_id).read(read)

    async def list(self, params: ChatListParams) -> ChatListResult:
        """The chats on disk, the one changed last first; those in memory stand before them on the first page."""
        if params.workspace_folder is not None:
            params = params.model_copy(update={"workspace_folder": canonical(params.workspace_folder)})
        found = await self._stores.disk.read(lambda connection: listing.list_chats(connection, params))
        if params.cursor is not None:
            return found
        there = params.model_copy(update={"limit": 500})
        ephemeral = await self._stores.memory.read(lambda connection: listing.list_chats(connection, there))
        return found.model_copy(update={"chats": [*map(marked, ephemeral.chats), *found.chats]})

    async def update(self, params: ChatUpdateParams) -> Chat:
        """Raises 4301, 4007, 4103."""
        _check_title(params.title)
        changes = rows.Changes()
        if params.title is not None:
            changes["title"], changes["titled"] = params.title, True
        if params.session_id is not None:
            changes["session_id"] = (await self._sessions.get(params.session_id)).id
        if params.model is not None:
            changes["model"] = params.model
        if params.system is not None:
            changes["system"] = params.system or None
        database = self._stores.of(params.chat_id)
        return marked(await database.run(lambda connection: rows.change(connection, params.chat_id, **changes)))

    async def delete(self, chat_id: str) -> Chat | None:
        """Forget a chat with its messages, its context and its grants; None if there is none.

        Raises:
            MaestroError: 4302 while it is answering.
        """
        self._refuse_running(chat_id)

        def write(connection: sqlite3.Connection) -> Chat | None:
            try:
                turns.require_idle(connection, chat_id, transcript.restore)
            except MaestroError as error:
                if error.kind != "chatNotFound":
                    raise
                return None
            context_branches.forget(connection, chat_id)
            return rows.remove(connection, chat_id)

        removed = await self._stores.of(chat_id).run(write)
        if removed is not None:
            await self._stores.disk.run(lambda connection: grants.forget_chat(connection, chat_id))
            await self._sessions.release_chat(chat_id)
        return removed

    async def fork(self, params: ChatForkParams) -> Chat:
        """Another chat with what was said until a message. Raises 4301, 4302, -32602 for a message that is none."""

        def write(connection: sqlite3.Connection) -> Chat:
            chat, message_ids = branches.fork(connection, params.chat_id, params.through_message_id, transcript.restore)
            context_branches.copy(connection, params.chat_id, chat.id, message_ids)
            return chat

        chat = await self._stores.of(params.chat_id).run(write)
        self._feed.hold(chat.id)
        return marked(chat)

    async def revert(self, params: ChatRevertParams) -> ChatRevertResult:
        """Take back what was said after a message. Raises as `fork`."""
        self._refuse_running(params.chat_id)

        def write(connection: sqlite3.Connection) -> tuple[Chat, Sequence[str], Sequence[ContextDidChangeParams]]:
            chat, removed, _ = branches.revert(
                connection, params.chat_id, params.through_message_id, transcript.restore
            )
            gone, again = context_branches.drop_messages(connection, removed)
            return chat, removed, [context_changes.change(connection, chat.id, added=again, removed=gone)]

        chat, removed, changes = await self._stores.of(params.chat_id).run(write)
        self._feed.context_changed(changes)
        return ChatRevertResult(chat=marked(chat), removed=list(removed))

    async def events(self, params: ChatEventsParams) -> ChatEventsResult:
        """Raises 4301."""
        await self._end_dead_turns(params.chat_id)
        return await self._stores.of(params.chat_id).read(lambda connection: journal.replay(connection, params))

    async def export(self, params: ChatExportParams) -> str:
        """Raises 4301."""

        def read(connection: sqlite3.Connection) -> str:
            chat, said = rows.read(connection, params.chat_id), messages.all(connection, params.chat_id)
            if params.format == "json":
                log = journal.between(connection, chat.id, 1, chat.last_seq)
                return export.to_json(chat, said, context=chunks.everything(connection, chat.id), events=log)
            return export.to_markdown(chat, said)

        return await self._stores.of(params.chat_id).read(read)

    async def _end_dead_turns(self, chat_id: str) -> None:
        """What another window left open when it died is ended as soon as somebody looks. Raises 4301."""
        chat = await self.find(chat_id)
        if chat.state != "idle" and self._running.of(chat_id) is None:
            await self._stores.of(chat_id).run(
                lambda connection: recovery.close_interrupted(connection, chat_id, transcript.restore)
            )

    def _refuse_running(self, chat_id: str) -> None:
        if (slot := self._running.of(chat_id)) is not None:
            raise turn_in_progress(chat_id, slot.turn_id)


def _check_title(title: str | None) -> None:
    if title is not None and not title.strip():
        raise _misfit("title", "must not be blank")


def _misfit(path: str, what: str) -> MaestroError:
    message = f"The chat cannot be kept so: `{path}` {what}."
    return MaestroError("invalidParams", message, issues=[Issue(path=path, message=what)])
