"""Contexts as a client sees them: what is added, listed, changed, and what it is told of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from maestro.chats import rows
from maestro.context import chunks
from maestro.context.budget import Budget
from maestro.context.rows import NewChunk
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.services.chat_stores import ChatStores
from maestro.services.context import ContextService
from maestro.services.context_changes import Outcome
from maestro.workspace.gate import Gate
from maestro_protocol.base import WireModel
from maestro_protocol.chat import Position, Range, Usage
from maestro_protocol.context import (
    Chunk,
    ContextAddParams,
    ContextClearParams,
    ContextDeleteParams,
    ContextDidChangeParams,
    ContextListParams,
    ContextRestoreParams,
    ContextUpdateParams,
)
from maestro_protocol.conversations import Chat
from tests.unit.audit.editor import MemoryEditor

pytestmark = pytest.mark.asyncio

CHAT, MEMORY = "chat_1", "chat_mem_1"
WINDOW, RESERVED = 128_000, 8_192


async def budget(chat: Chat) -> Budget:
    return Budget(WINDOW, RESERVED)


LINE = Range(start=Position(line=1, character=0), end=Position(line=2, character=0))


@dataclass
class Window(MemoryEditor):
    """An editor that keeps what it was told."""

    told: list[ContextDidChangeParams] = field(default_factory=list)

    def notify(self, method: str, params: WireModel) -> None:
        assert method == "maestro/context/didChange" and isinstance(params, ContextDidChangeParams)
        self.told.append(params)


@dataclass(frozen=True)
class Product:
    service: ContextService
    stores: ChatStores
    editor: Window
    folder: Path

    def uri(self, name: str = "a.py") -> str:
        return (self.folder / name).as_uri()

    async def write(self, text: str, name: str = "a.py") -> None:
        await asyncio.to_thread((self.folder / name).write_text, text)

    async def add(self, chat_id: str | None = CHAT, **given: object) -> Chunk:
        params: dict[str, object] = {"scope": "chat" if chat_id else "workspace", "chat_id": chat_id, "source": "text"}
        params |= {} if "source" in given else {"text": "some text"}
        outcome = await self.service.add(ContextAddParams.model_validate(params | given))
        return outcome.result

    async def listed(self, **given: object) -> Sequence[str]:
        outcome = await self.service.list(ContextListParams.model_validate({"chat_id": CHAT} | given))
        return [chunk.id for chunk in outcome.result.chunks]


@asynccontextmanager
async def contexts(home: Path) -> AsyncIterator[Product]:
    folder = home / "project"
    await asyncio.to_thread(folder.mkdir)
    stores = ChatStores(Database(home / "maestro.db"))
    editor = Window(folders=[f"{folder.as_uri()}/"])
    now = datetime.now(UTC)
    for chat_id in (CHAT, MEMORY):
        chat = Chat(
            id=chat_id,
            title="A chat",
            state="idle",
            workspace_folder=folder.as_uri(),
            usage=Usage(),
            last_seq=0,
            created_at=now,
            updated_at=now,
        )
        await stores.of(chat_id).run(partial(rows.insert, chat=chat))
    service = ContextService(
        stores,
        Gate(editor),
        editor,
        lambda uri: [],
        budget=budget,
        announce=lambda changes: [editor.notify("maestro/context/didChange", one) for one in changes] and None,
        pause=0,
    )
    try:
        yield Product(service, stores, editor, folder)
    finally:
        await service.aclose()
        await stores.aclose()
        await stores.disk.aclose()


def only(outcome: Outcome[object]) -> ContextDidChangeParams:
    (change,) = outcome.changes
    return change


async def test_a_file_is_added_and_told(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        await product.write("x = 1\n")
        params = ContextAddParams(scope="chat", chat_id=CHAT, source="file", uri=product.uri(), pinned=True)
        outcome = await product.service.add(params)
        chunk, change = outcome.result, only(outcome)
        assert (chunk.source, chunk.label, chunk.uri, chunk.pinned) == ("file", "a.py", product.uri(), True)
        assert (change.scope, change.chat_id, change.added) == ("chat", CHAT, [chunk])
        assert (change.total.chunks, change.total.tokens) == (1, chunk.tokens)
        found = await product.service.get(chunk.id)
        assert (found.chunk, found.text) == (chunk, "x = 1\n")


async def test_what_is_no_file_is_added_without_its_secrets(tmp_path: Path) -> None:
    key = "sk-" + "A1b2C3d4" * 5
    async with contexts(tmp_path) as product:
        for source in ("text", "toolOutput", "message"):
            chunk = await product.add(source=source, text=f'key = "{key}"', label="mine")
            assert (chunk.source, chunk.label) == (source, "mine")
            assert key not in (await product.service.get(chunk.id)).text
            assert key not in chunk.preview


async def test_parts_of_files_and_diagnostics_are_added(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        await product.write("first\nsecond\nthird\n")
        part = await product.add(source="range", uri=product.uri(), range=LINE)
        assert (await product.service.get(part.id)).text == "second\n"
        given = await product.add(source="diagnostics", uri=product.uri(), text="2:1: error: wrong")
        assert (await product.service.get(given.id)).text == "2:1: error: wrong"
        own = await product.add(source="diagnostics", uri=product.uri())
        assert (await product.service.get(own.id)).text == "There are none."


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"source": "text"}, "text"),
        ({"source": "message"}, "text"),
        ({"source": "file"}, "uri"),
        ({"source": "diagnostics"}, "uri"),
        ({"source": "range", "uri": "file:///a"}, "range"),
        ({"source": "file", "uri": "file:///a", "text": "x"}, "text"),
        ({"source": "text", "text": "x", "chat_id": None}, "chatId"),
        ({"source": "text", "text": "x", "scope": "workspace", "workspace_folder": "/work"}, "workspaceFolder"),
    ],
)
async def test_what_is_missing_is_named(tmp_path: Path, given: dict[str, object], path: str) -> None:
    async with contexts(tmp_path) as product:
        with pytest.raises(MaestroError) as caught:
            await product.service.add(ContextAddParams.model_validate({"scope": "chat", "chat_id": CHAT} | given))
        assert caught.value.kind == "invalidParams"
        assert [issue.path for issue in caught.value.data.issues or ()] == [path]


async def test_there_must_be_a_chat_and_a_folder(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        for work in (
            product.add(chat_id="chat_none"),
            product.listed(chat_id="chat_none"),
            product.service.clear(ContextClearParams(scope="chat", chat_id="chat_none")),
        ):
            with pytest.raises(MaestroError) as caught:
                await work
            assert caught.value.code == 4301
        product.editor.folders = ()
        with pytest.raises(MaestroError) as caught:
            await product.add(chat_id=None)
        assert caught.value.kind == "invalidParams"


async def test_a_repeated_request_adds_once_and_tells_once(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        params = ContextAddParams(scope="chat", chat_id=CHAT, source="text", text="x", client_request_id="r1")
        first, again = await product.service.add(params), await product.service.add(params)
        assert first.result == again.result
        assert (len(first.changes), again.changes) == (1, ())
        assert await product.listed() == [first.result.id]


@pytest.mark.parametrize("chat_id", [CHAT, MEMORY])
async def test_a_list_shows_the_workspace_first_and_what_fits(tmp_path: Path, chat_id: str) -> None:
    async with contexts(tmp_path) as product:
        own = [await product.add(chat_id=chat_id) for _ in range(3)]
        shared = [await product.add(chat_id=None) for _ in range(3)]
        expected = [chunk.id for chunk in (*shared, *own)]
        for limit in range(1, 8):
            found: list[str] = []
            cursor: str | None = None
            while cursor is not None or not found:
                params = ContextListParams(chat_id=chat_id, limit=limit, cursor=cursor)
                result = (await product.service.list(params)).result
                found, cursor = found + [chunk.id for chunk in result.chunks], result.next_cursor
            assert found == expected
        tokens = sum(chunk.tokens for chunk in (*own, *shared))
        assert (result.total.chunks, result.total.tokens) == (6, tokens)
        assert result.budget is not None
        assert (result.budget.size, result.budget.used, result.budget.reserved_output) == (WINDOW, tokens, RESERVED)
        (alone,) = [(await product.service.list(ContextListParams(scope="chat", chat_id=chat_id))).result]
        assert [chunk.id for chunk in alone.chunks] == [chunk.id for chunk in own]
        assert alone.budget is not None
        assert (alone.total.chunks, alone.budget.used) == (3, tokens)
        assert await product.listed(chat_id=None) == [chunk.id for chunk in shared]
        assert await product.listed(chat_id=chat_id, scope="workspace") == [chunk.id for chunk in shared]


@pytest.mark.parametrize("chat_id", [CHAT, MEMORY, None])
async def test_deleting_is_told_and_undone(tmp_path: Path, chat_id: str | None) -> None:
    async with contexts(tmp_path) as product:
        one, two = await product.add(chat_id=chat_id), await product.add(chat_id=chat_id)
        deleted = await product.service.delete(ContextDeleteParams(ids=[one.id, "none"]))
        assert (deleted.result.deleted, deleted.result.not_found) == ([one.id], ["none"])
        assert (only(deleted).removed, only(deleted).total.chunks) == ([one.id], 1)
        where = {"chat_id": chat_id, "scope": "chat" if chat_id else "workspace"}
        assert await product.listed(**where) == [two.id]
        assert await product.listed(**where, deleted=True) == [one.id]
        restored = await product.service.restore(ContextRestoreParams(ids=[one.id, two.id]))
        assert (restored.result.restored, restored.result.not_found) == ([one.id], [two.id])
        assert (only(restored).added or [])[0].id == one.id
        assert await product.listed(**where) == [one.id, two.id]


async def test_chunks_of_several_owners_go_at_once_and_each_is_told(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        every = [await product.add(chat_id=chat_id) for chat_id in (CHAT, MEMORY, None)]
        outcome = await product.service.delete(ContextDeleteParams(ids=[chunk.id for chunk in every]))
        assert sorted(outcome.result.deleted) == sorted(chunk.id for chunk in every)
        assert {change.chat_id or change.workspace_folder for change in outcome.changes} == {
            CHAT,
            MEMORY,
            product.folder.as_uri(),
        }


async def test_clearing_keeps_what_is_pinned(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        kept, cleared, shared = await product.add(pinned=True), await product.add(), await product.add(chat_id=None)
        outcome = await product.service.clear(ContextClearParams(scope="chat", chat_id=CHAT))
        assert (outcome.result.deleted, only(outcome).removed) == ([cleared.id], [cleared.id])
        assert await product.listed() == [shared.id, kept.id]
        await product.service.clear(ContextClearParams(scope="workspace"))
        assert await product.listed() == [kept.id]


async def test_a_chunk_is_pinned_named_and_read_again(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        await product.write("old\n")
        chunk = await product.add(source="file", uri=product.uri())
        await product.write("newer\n")
        outcome = await product.service.update(
            ContextUpdateParams(id=chunk.id, pinned=True, label="mine", refresh=True)
        )
        updated = outcome.result
        assert (updated.pinned, updated.label, updated.stale, updated.preview) == (True, "mine", False, "newer")
        assert only(outcome).changed == [updated]
        text = await product.add()
        for chunk_id, kind in ((text.id, "invalidParams"), ("none", "chunkNotFound")):
            with pytest.raises(MaestroError) as caught:
                await product.service.update(ContextUpdateParams(id=chunk_id, refresh=True))
            assert caught.value.kind == kind


@pytest.mark.parametrize("chat_id", [CHAT, MEMORY, None])
async def test_a_changed_document_makes_its_chunks_stale(tmp_path: Path, chat_id: str | None) -> None:
    async with contexts(tmp_path) as product:
        await product.write("old\n")
        chunk = await product.add(chat_id=chat_id, source="file", uri=product.uri())
        product.editor.open(product.uri(), "edited\n")
        product.service.documents_changed(product.uri())
        product.service.documents_changed(product.uri("b.py"))
        await product.service.files.settled()
        product.editor.change(product.uri(), "old\n")
        product.service.documents_changed(product.uri().replace("a.py", "%61.py"))
        await product.service.files.settled()
        stale = [(change.changed or [])[0] for change in product.editor.told]
        assert [(one.id, one.stale) for one in stale] == [(chunk.id, True), (chunk.id, False)]
        product.service.documents_changed(product.uri())
        await product.service.files.settled()
        assert len(product.editor.told) == 2


async def test_a_list_compares_its_files_with_what_they_are_now(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        await product.write("old\n")
        chunk = await product.add(source="file", uri=product.uri())
        elsewhere = await product.add(chat_id=MEMORY, source="file", uri=product.uri())
        await asyncio.to_thread((product.folder / "a.py").unlink)
        outcome = await product.service.list(ContextListParams(chat_id=CHAT))
        assert [one.stale for one in outcome.result.chunks] == [True]
        assert {(change.changed or [])[0].id for change in outcome.changes} == {chunk.id, elsewhere.id}
        await product.write("old\n")
        outcome = await product.service.list(ContextListParams(chat_id=CHAT))
        assert [one.stale for one in outcome.result.chunks] == [False]
        assert (await product.service.list(ContextListParams(chat_id=CHAT))).changes == []


async def test_a_chunk_of_a_file_that_is_ignored_now_stays_and_cannot_be_read_again(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        await product.write("old\n")
        chunk = await product.add(source="file", uri=product.uri())
        await product.write("a.py\n", ".gitignore")
        with pytest.raises(MaestroError) as caught:
            await product.service.update(ContextUpdateParams(id=chunk.id, refresh=True))
        assert caught.value.code == 4406
        assert (await product.service.get(chunk.id)).text == "old\n"


async def test_a_file_is_compared_with_what_is_on_screen_however_that_is_spelled(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        link = tmp_path / "a link"
        await asyncio.to_thread(link.symlink_to, product.folder)
        product.editor.folders = [link.as_uri()]
        await product.write("on disk\n")
        product.editor.open((link / "a.py").as_uri(), "on screen\n")
        chunk = await product.add(source="file", uri=(link / "a.py").as_uri())
        assert (await product.service.get(chunk.id)).text == "on screen\n"
        assert (await product.service.list(ContextListParams(chat_id=CHAT))).changes == []
        product.editor.documents.clear()
        assert len((await product.service.list(ContextListParams(chat_id=CHAT))).changes) == 1


async def test_a_file_is_read_again_only_if_it_was_written(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        file = product.folder / "a.py"
        await product.write("\ufeffold\n")
        await asyncio.to_thread(os.utime, file, (1_000_000_000, 1_000_000_000))
        chunk = await product.add(source="file", uri=product.uri())
        assert (await product.service.list(ContextListParams(chat_id=CHAT))).changes == []
        await product.write("\ufeffnew\n")
        assert len((await product.service.list(ContextListParams(chat_id=CHAT))).changes) == 1
        # Times that were set back, with a text of that size, are all that could deceive it.
        await asyncio.to_thread(os.utime, file, (1_000_000_000, 1_000_000_000))
        found = (await product.service.list(ContextListParams(chat_id=CHAT))).result.chunks
        assert [(one.id, one.stale) for one in found] == [(chunk.id, False)]


async def test_a_page_of_many_chunks_is_quick(tmp_path: Path) -> None:
    async with contexts(tmp_path) as product:
        new = NewChunk("text", "note", "a short text")
        await product.stores.disk.run(lambda connection: [chunks.add(connection, CHAT, new) for _ in range(5_000)])
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = (await product.service.list(ContextListParams(chat_id=CHAT))).result
        assert (len(result.chunks), result.total.chunks) == (100, 5_000)
        assert loop.time() - began < 0.2
