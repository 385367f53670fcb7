"""Standard `textDocument/did*`: the workspace keeps the text, and what was shown about a document goes with it."""

from functools import partial

from lsprotocol import types

from maestro.lsp.editor import LspEditor
from maestro.lsp.protocol import StandardServer


def register(server: StandardServer, editor: LspEditor) -> None:
    """Hear of what happens to documents, after the workspace has."""
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(partial(did_close, editor))


def did_close(editor: LspEditor, params: types.DidCloseTextDocumentParams) -> None:
    editor.clear(params.text_document.uri)
