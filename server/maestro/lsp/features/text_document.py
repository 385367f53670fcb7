"""Standard `textDocument/did*` and changes of files: the workspace keeps the text; findings move with it, and what a
context holds of it may be stale."""

from lsprotocol import types

from maestro.app import Services
from maestro.lsp.protocol import StandardServer
from maestro_protocol.chat import Position, Range


def register(server: StandardServer, services: Services) -> None:
    """Hear of what happens to documents, after the workspace has."""
    texts, stale, on_save = services.texts, services.context.files.changed, services.audit_on_save
    files = services.audit_files
    _register_files(server, services)

    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        texts.opened(params.text_document.uri)
        stale(params.text_document.uri)

    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        texts.changed(params.text_document.uri, [_change(change) for change in params.content_changes])
        stale(params.text_document.uri)

    async def did_save(params: types.DidSaveTextDocumentParams) -> None:
        on_save.saved(params.text_document.uri)
        stale(params.text_document.uri)
        await files.saved(params.text_document.uri)

    async def did_close(params: types.DidCloseTextDocumentParams) -> None:
        texts.closed(params.text_document.uri)
        on_save.closed(params.text_document.uri)
        stale(params.text_document.uri)
        await files.closed(params.text_document.uri)

    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(did_save)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(did_close)


def _register_files(server: StandardServer, services: Services) -> None:
    """Hear of files that are changed, moved or deleted, by the editor or beside it."""
    stale, files = services.context.files.changed, services.audit_files

    async def did_change_files(params: types.DidChangeWatchedFilesParams) -> None:
        for event in params.changes:
            stale(event.uri)
        for event in params.changes:
            gone = event.type == types.FileChangeType.Deleted
            await (files.deleted(event.uri) if gone else files.changed(event.uri))

    async def did_rename_files(params: types.RenameFilesParams) -> None:
        for file in params.files:
            stale(file.old_uri)
            await files.renamed(file.old_uri, file.new_uri)

    async def did_delete_files(params: types.DeleteFilesParams) -> None:
        for file in params.files:
            stale(file.uri)
            await files.deleted(file.uri)

    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(did_change_files)
    server.feature(types.WORKSPACE_DID_RENAME_FILES)(did_rename_files)
    server.feature(types.WORKSPACE_DID_DELETE_FILES)(did_delete_files)


def _change(change: types.TextDocumentContentChangeEvent) -> tuple[Range | None, str]:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return None, change.text
    return Range(start=_position(change.range.start), end=_position(change.range.end)), change.text


def _position(position: types.Position) -> Position:
    return Position(line=position.line, character=position.character)
