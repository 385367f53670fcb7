"""A change of a document as the workspace edit a client can take."""

from pydantic import JsonValue

from maestro.editor import Change
from maestro.lsp.handshake import Handshake, dig
from maestro_protocol.base import JsonObject


def workspace_edit(change: Change, handshake: Handshake) -> JsonObject | None:
    """As `documentChanges` with the version the range is about, else as `changes`; None if the client creates no files.

    A client that does not declare `documentChanges` would pass over versions and new files.
    """
    edit: JsonObject = {"range": change.range.to_wire(), "newText": change.new_text}
    versioned = handshake.can("workspace", "workspaceEdit", "documentChanges")
    if change.create and not (versioned and _creates(handshake)):
        return None
    if not versioned:
        return {"changes": {change.uri: [edit]}}
    document: JsonObject = {"uri": change.uri, "version": change.version}
    changes: list[JsonValue] = [{"textDocument": document, "edits": [edit]}]
    if change.create:
        changes.insert(0, {"kind": "create", "uri": change.uri, "options": {"overwrite": False}})
    return {"documentChanges": changes}


def _creates(handshake: Handshake) -> bool:
    operations = dig(handshake.params, "capabilities", "workspace", "workspaceEdit", "resourceOperations")
    return isinstance(operations, list) and "create" in operations
