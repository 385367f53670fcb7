"""Changes of a document as the workspace edit a client can take."""

from collections.abc import Sequence

from pydantic import JsonValue

from maestro.editor import Change
from maestro.lsp.handshake import Handshake
from maestro_protocol.base import JsonObject


def workspace_edit(changes: Sequence[Change], handshake: Handshake) -> JsonObject | None:
    """Changes of one document's text at one moment: as `documentChanges` with the version they are about, else as
    `changes`; None if the client creates no files.

    A client that does not declare `documentChanges` would pass over versions and new files.
    """
    first = changes[0]
    edits: list[JsonValue] = [{"range": one.range.to_wire(), "newText": one.new_text} for one in changes]
    versioned = handshake.can("workspace", "workspaceEdit", "documentChanges")
    if first.create and not (versioned and _creates(handshake)):
        return None
    if not versioned:
        return {"changes": {first.uri: edits}}
    document: JsonObject = {"uri": first.uri, "version": first.version}
    steps: list[JsonValue] = [{"textDocument": document, "edits": edits}]
    if first.create:
        steps.insert(0, {"kind": "create", "uri": first.uri, "options": {"overwrite": False}})
    return {"documentChanges": steps}


def _creates(handshake: Handshake) -> bool:
    return handshake.lists("create", "workspace", "workspaceEdit", "resourceOperations")
