"""A plain editor around an audited document: it asks for actions, applies edits, and can do more or less with them."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.audits import SOURCE, Document
from tests.e2e.client import Client

LITERALS: JsonObject = {"codeActionKind": {"valueSet": ["", "quickfix", "source"]}}
ABLE: JsonObject = {
    "window": {"workDoneProgress": True},
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": LITERALS,
            "dataSupport": True,
            "disabledSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "tagSupport": {"valueSet": [1]},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "workspace": {"workspaceEdit": {"documentChanges": True}, "codeLens": {"refreshSupport": True}},
}
PLAIN: JsonObject = {"textDocument": {"codeAction": {"codeActionLiteralSupport": LITERALS}}}
PULLING: JsonObject = {
    **ABLE,
    "textDocument": {"diagnostic": {}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


class Page(Document):
    """A document on screen, with what the editor would draw."""

    def __init__(self, client: Client, path: Path, source: str = SOURCE) -> None:
        super().__init__(client, path, source)
        self.text = source

    def edit(self, *edits: tuple[int, int, str]) -> None:
        """One `didChange`: each edit puts a text in place of offsets of the text the edits before it left."""
        self.version += 1
        changes: list[JsonValue] = []
        for start, end, new in edits:
            changes.append({"range": {"start": self.place(start), "end": self.place(end)}, "text": new})
            self.text = self.text[:start] + new + self.text[end:]
        identifier = {"uri": self.uri, "version": self.version}
        self.client.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": changes})

    def apply(self, edit: JsonObject) -> None:
        """What an editor does with a workspace edit of this document."""
        if "documentChanges" in edit:
            [change] = edit["documentChanges"]
            assert change["textDocument"] == {"uri": self.uri, "version": self.version}
            edits = change["edits"]
        else:
            edits = edit["changes"][self.uri]
        spans = [(self.offset(e["range"]["start"]), self.offset(e["range"]["end"]), e["newText"]) for e in edits]
        self.edit(*sorted(spans, reverse=True))

    def place(self, offset: int) -> JsonObject:
        line = self.text.count("\n", 0, offset)
        return {"line": line, "character": offset - (self.text.rfind("\n", 0, offset) + 1)}

    def offset(self, position: JsonObject) -> int:
        lines = self.text.split("\n")[: position["line"]]
        return sum(len(line) + 1 for line in lines) + position["character"]

    def command(self, name: str, *arguments: JsonValue) -> None:
        assert self.client.request("workspace/executeCommand", {"command": name, "arguments": list(arguments)}) is None

    def audited(self) -> Sequence[JsonObject]:
        """The diagnostics of an audit that was started by command."""
        after = len(self.client.received())
        self.command("maestro.audit.file", self.uri)
        return self.shown(after)

    def shown(self, after: int) -> Sequence[JsonObject]:
        """The diagnostics that come next, from this message on."""

        def fits(message: JsonObject) -> bool:
            published = message.get("method") == "textDocument/publishDiagnostics"
            return published and message["params"]["uri"] == self.uri

        params = self.client.wait(fits, after=after)["params"]
        assert params["version"] == self.version
        return params["diagnostics"]

    def actions(self, *diagnostics: JsonObject, **context: JsonValue) -> list[JsonObject]:
        range_ = diagnostics[0]["range"]
        params = {"textDocument": {"uri": self.uri}, "range": range_}
        asked = {**params, "context": {"diagnostics": list(diagnostics), **context}}
        return self.client.request("textDocument/codeAction", asked)

    def fix(self, diagnostic: JsonObject) -> JsonObject | None:
        """The fix that is offered, if one is."""
        offered = [one for one in self.actions(diagnostic) if one["title"].startswith("Fix: ")]
        return offered[0] if offered else None

    def at(self, method: str, line: int) -> JsonValue:
        position = {"line": line, "character": 4}
        return self.client.request(method, {"textDocument": {"uri": self.uri}, "position": position})
