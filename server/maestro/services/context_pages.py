"""Pages of a context: whose chunks they show, and where these are kept."""

from collections.abc import Sequence
from functools import partial

from maestro.chats import rows
from maestro.chats.coding import storable
from maestro.context import cursors, listing
from maestro.context.owners import canonical, owners
from maestro.context.rows import total
from maestro.editor import Editor
from maestro.services.chat_stores import ChatStores
from maestro.services.context_inputs import misfit
from maestro_protocol.context import (
    Chunk,
    ContextAddParams,
    ContextClearParams,
    ContextListParams,
    ContextTotal,
)


class ContextPages:
    def __init__(self, stores: ChatStores, editor: Editor) -> None:
        self._stores = stores
        self._editor = editor

    async def owners(self, params: ContextListParams) -> tuple[Sequence[str], Sequence[str]]:
        """Whose chunks are listed, and whose are sent with them."""
        if params.chat_id is None:
            owner = [owner_of(params.model_copy(update={"scope": params.scope or "workspace"}), self._editor)]
            return owner, owner
        chat_id = params.chat_id
        chat = await self._stores.of(chat_id).read(lambda connection: rows.read(connection, chat_id))
        sent = owners(chat)
        if params.scope == "workspace":
            return sent[:-1] if params.workspace_folder is None else [
                canonical(storable(params.workspace_folder))
            ], sent
        return (sent if params.scope is None else [chat_id]), sent

    async def page(
        self, params: ContextListParams, listed: Sequence[str]
    ) -> tuple[Sequence[Chunk], str | None, ContextTotal]:
        """As `listing.page`, over the databases the owners are in."""
        first, *others = listed or ("",)
        if not others or self._stores.of(others[0]) is self._stores.of(first):
            return await self._stores.of(first).read(lambda connection: listing.page(connection, params, listed))
        return await self._two_pages(params, first, others[0])

    async def _two_pages(
        self, params: ContextListParams, folder: str, chat_id: str
    ) -> tuple[Sequence[Chunk], str | None, ContextTotal]:
        """A chat in memory, behind its folder on disk."""
        of_chat = params.cursor is not None and cursors.load(params.cursor)[0] == chat_id
        found: list[Chunk] = []
        cursor: str | None = None
        if not of_chat:
            disk = self._stores.disk
            found, cursor, _ = await disk.read(lambda connection: listing.page(connection, params, [folder]))
        room = params.limit - len(found)
        if cursor is None and room:
            rest = params.model_copy(update={"limit": room, "cursor": params.cursor if of_chat else None})
            memory = self._stores.memory
            more, cursor, _ = await memory.read(lambda connection: listing.page(connection, rest, [chat_id]))
            found += more
        elif cursor is None:
            cursor = listing.beginning(chat_id, deleted=params.deleted)
        return found, cursor, await self.total([folder, chat_id])

    async def total(self, of: Sequence[str]) -> ContextTotal:
        sizes = [await self._stores.of(owner).read(partial(total, owners=[owner])) for owner in of]
        return ContextTotal(
            chunks=sum(size.chunks for size in sizes),
            tokens=sum(size.tokens for size in sizes),
            bytes=sum(size.bytes for size in sizes),
        )


def owner_of(params: ContextAddParams | ContextListParams | ContextClearParams, editor: Editor) -> str:
    """The chat's id or the folder's URI. Raises -32602."""
    if params.scope == "chat":
        if params.chat_id is None:
            raise misfit("chatId", "is required in scope `chat`")
        return storable(params.chat_id)
    folder = params.workspace_folder or next(iter(editor.folders), None)
    if folder is None:
        raise misfit("workspaceFolder", "is required, because no folder is open")
    if "://" not in folder:
        raise misfit("workspaceFolder", "must be a URI, as file:///home/me/project")
    return canonical(storable(folder))
