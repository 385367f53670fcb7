"""What the editor hears of chats: those that change here, and those that change in other windows."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from maestro.chats import listing, turns
from maestro.context.rows import totals
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.services import context_changes
from maestro.services.chat_stores import ChatStores
from maestro.services.context_changes import owner_of
from maestro.services.running import Running
from maestro_protocol.context import ContextDidChangeParams, ContextTotal
from maestro_protocol.conversations import Chat, ChatDidChangeParams

_DID_CHANGE = "maestro/chat/didChange"
_CONTEXT_DID_CHANGE = "maestro/context/didChange"
_log = logging.getLogger(__name__)


class ChatFeed:
    """Tells of chats by `maestro/chat/didChange`. A chat the editor does not know yet is held back (R2)."""

    def __init__(self, stores: ChatStores, running: Running, editor: Editor) -> None:
        self._stores = stores
        self._running = running
        self._editor = editor
        self._revision = 0
        self._held: set[str] = set()
        self._held_changes: list[ContextDidChangeParams] = []
        self._totals: Mapping[str, ContextTotal] = {}
        self._changed: set[str] = set()
        self._telling: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()

    async def open(self) -> None:
        """Follow what other windows do from now on."""
        self._revision = await self._stores.disk.read(listing.latest_revision)
        self._totals = await self._stores.disk.read(totals)
        self._stores.disk.watch(self._follow)

    def hold(self, chat_id: str) -> None:
        """Say nothing of this chat before `release` is called for it."""
        self._held.add(chat_id)

    def release(self, chat_id: str) -> None:
        """The editor knows the chat; tell how it is."""
        self._held.discard(chat_id)
        self.changed(chat_id)
        held, self._held_changes = self._held_changes, []
        self.context_changed(held)

    def changed(self, chat_id: str) -> None:
        """Tell soon how the chat is."""
        if chat_id not in self._held:
            self._changed.add(chat_id)
            if self._telling is None:
                self._telling = asyncio.get_running_loop().create_task(self._tell())

    def context_changed(self, changes: Sequence[ContextDidChangeParams]) -> None:
        """Tell what happened to the chunks of contexts."""
        for change in changes:
            if change.chat_id in self._held:
                self._held_changes.append(change)
                continue
            self._totals = {**self._totals, owner_of(change): change.total}
            self._editor.notify(_CONTEXT_DID_CHANGE, change)

    def removed(self, chat: Chat) -> None:
        self._held.discard(chat.id)
        self._changed.discard(chat.id)
        self._editor.notify(_DID_CHANGE, ChatDidChangeParams(chat=chat, removed=True))

    async def wait(self, seconds: float) -> None:
        """Until something changed in another window, but not longer than so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    async def _tell(self) -> None:
        try:
            while self._changed:
                chat_id = self._changed.pop()
                try:
                    chat = await self._stores.read(chat_id)
                except MaestroError as error:
                    _log.debug("a chat is not told of: %s", error.message)
                else:
                    self._editor.notify(_DID_CHANGE, ChatDidChangeParams(chat=chat))
        finally:
            self._telling = None

    async def _follow(self) -> None:
        """Another connection committed; nothing may concern chats."""
        since = self._revision
        try:
            self._revision, changed, removed = await self._stores.disk.read(
                lambda connection: listing.changed_since(connection, since)
            )
            self._running.cancel(await self._stores.disk.read(turns.to_cancel))
            self._compare(await self._stores.disk.read(totals))
        except MaestroError as error:
            _log.warning("%s", error.message)
            return
        self._moved.set()
        self._moved.clear()
        for chat in changed:
            if chat.id not in self._held:
                self._editor.notify(_DID_CHANGE, ChatDidChangeParams(chat=chat))
        for chat in removed:
            self._editor.notify(_DID_CHANGE, ChatDidChangeParams(chat=chat, removed=True))

    def _compare(self, now: Mapping[str, ContextTotal]) -> None:
        """Contexts that another window changed, which does not say how: a client that shows one lists it again."""
        before, self._totals = self._totals, now
        self.context_changed(
            [
                context_changes.sized(owner, total)
                for owner, total in now.items()
                if total != before.get(owner) and self._running.of(owner) is None
            ]
        )
