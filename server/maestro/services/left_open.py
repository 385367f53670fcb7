"""Turns that could not be ended in the store: ended as after a crash, as soon as it can be written again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from maestro.chats import turns
from maestro.errors import MaestroError
from maestro.services import transcript
from maestro.services.chat_feed import ChatFeed
from maestro.services.chat_stores import ChatStores
from maestro.services.sending import Sending
from maestro.services.sink import EventSink
from maestro_protocol.events import ChatEvent

_TRY_AGAIN_SECONDS = 2.0
"""How long until a store that could not be written is tried again."""


class LeftOpen:
    def __init__(self, stores: ChatStores, feed: ChatFeed) -> None:
        self._stores = stores
        self._feed = feed
        self._chats: set[str] = set()
        self._later: set[asyncio.Task[None]] = set()

    def __contains__(self, chat_id: str) -> bool:
        return chat_id in self._chats

    def forget(self, chat_id: str) -> None:
        """The chat has begun another turn, which ended this one."""
        self._chats.discard(chat_id)

    async def abandon(self, sending: Sending, events: EventSink | None) -> None:
        """End the turn now if the store can be written again, else as soon as it can."""
        self._chats.add(sending.chat.id)
        try:
            ending = await self._end(sending)
        except MaestroError:
            later = asyncio.create_task(self._end_later(sending))
            self._later.add(later)
            later.add_done_callback(self._later.discard)
            return
        if events is not None:
            for event in ending:
                events.send(event)

    async def _end_later(self, sending: Sending) -> None:
        while True:
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
            if sending.chat.id not in self._chats:
                return
            with suppress(MaestroError):
                await self._end(sending)
                self._feed.changed(sending.chat.id)
                return

    async def _end(self, sending: Sending) -> Sequence[ChatEvent]:
        """What that adds to the log. Raises 4901."""
        chat_id, turn_id, lease = sending.chat.id, sending.turn.id, sending.lease
        ending = await self._stores.of(chat_id).run(
            lambda connection: turns.abandon(connection, chat_id, turn_id, lease, transcript.restore)
        )
        self._chats.discard(chat_id)
        return ending
