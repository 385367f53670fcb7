"""Standard notifications about documents, files and folders, as far as settings stand in them."""

from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from maestro.lsp.handshake import dig
from maestro.lsp.open_settings import OpenSettings
from maestro.settings import is_settings_file


async def heard(method: str, params: JsonValue, opened: OpenSettings, reread: Callable[[], Awaitable[None]]) -> None:
    """Look at what is typed, and apply what is saved, by this editor or by others."""
    uri = dig(params, "textDocument", "uri")
    match method:
        case "textDocument/didOpen" | "textDocument/didChange":
            opened.changed(str(uri))
        case "textDocument/didClose":
            opened.closed(str(uri))
        case "textDocument/didSave" if is_settings_file(str(uri)):
            await reread()
        case "workspace/didChangeWatchedFiles" if _names_settings(dig(params, "changes")):
            await reread()
        case "workspace/didChangeWorkspaceFolders":
            await reread()


def _names_settings(changes: JsonValue) -> bool:
    return isinstance(changes, list) and any(is_settings_file(str(dig(change, "uri"))) for change in changes)
