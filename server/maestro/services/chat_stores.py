"""Where chats are: on disk, or in memory for those that end with the server."""

from maestro.chats import rows
from maestro.database.database import Database
from maestro.services.turn import new_id
from maestro_protocol.conversations import Chat

_EPHEMERAL = "chat_mem"


class ChatStores:
    def __init__(self, disk: Database) -> None:
        self.disk = disk
        self.memory = Database(None)

    @staticmethod
    def new_id(*, ephemeral: bool) -> str:
        """An id that says where its chat is."""
        return new_id(_EPHEMERAL if ephemeral else "chat")

    def of(self, chat_id: str) -> Database:
        """The database that has, or would have, this chat."""
        return self.memory if is_ephemeral(chat_id) else self.disk

    async def read(self, chat_id: str) -> Chat:
        """The chat as it is now. Raises 4301."""
        chat = await self.of(chat_id).read(lambda connection: rows.read(connection, chat_id))
        return marked(chat)

    async def aclose(self) -> None:
        """Forget what was in memory; the other one belongs to the store."""
        await self.memory.aclose()


def marked(chat: Chat) -> Chat:
    """The chat, saying so if it lives in memory."""
    return chat.model_copy(update={"ephemeral": True}) if is_ephemeral(chat.id) else chat


def is_ephemeral(chat_id: str) -> bool:
    return chat_id.startswith(f"{_EPHEMERAL}_")
