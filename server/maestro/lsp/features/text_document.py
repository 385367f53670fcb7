"""Standard `textDocument/did*` and changes of files: the workspace keeps the text; what was shown about a document goes
with it, and what a context holds of it may be stale."""

from collections.abc import Callable

from lsprotocol import types

from maestro.lsp.editor import LspEditor
from maestro.lsp.protocol import StandardServer

Changed = Callable[[str], None]
"""Hears the URI of a document that is another one by now."""


def register(server: StandardServer, editor: LspEditor, changed: Changed) -> None:
    """Hear of what happens to documents, after the workspace has."""

    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        editor.clear(params.text_document.uri)
        changed(params.text_document.uri)

    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        changed(params.text_document.uri)

    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        changed(params.text_document.uri)

    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        changed(params.text_document.uri)

    def did_change_files(params: types.DidChangeWatchedFilesParams) -> None:
        for event in params.changes:
            changed(event.uri)

    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(did_save)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(did_close)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(did_change_files)
