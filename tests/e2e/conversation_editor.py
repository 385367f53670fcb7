"""An editor whose person answers questions and whose documents change, on top of the raw client."""

from contextlib import suppress
from pathlib import Path

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.frames import encode

PERMISSION, RESOLVED = "maestro/permission/request", "maestro/permission/resolved"
PLAIN_QUESTION = "window/showMessageRequest"


class NoReply(Exception):
    """The client leaves a question of the server's unanswered."""


class ErrorReply(Exception):
    """The client answers a question of the server's with an error."""


class Editor(Client):
    """A client with open documents, whose person answers what is asked."""

    documents: dict[str, tuple[int, str]]
    """By URI: the version and the text."""

    def choose(self, option_id: str | None) -> None:
        """The person's answer to every question for permission; None leaves them open."""
        self.answers[PERMISSION] = silent if option_id is None else lambda _: {"optionId": option_id}

    def questions(self) -> list[JsonObject]:
        """The requests for permission so far, each a whole message."""
        return [message for message in self.received() if message.get("method") == PERMISSION]

    def question(self, number: int = 1) -> JsonObject:
        """The `number`-th request for permission, once it has come."""
        self.wait(lambda _: len([m for m in self.messages if m.get("method") == PERMISSION]) >= number)
        return self.questions()[number - 1]

    def answer(self, question: JsonObject, option_id: str) -> None:
        """Answer a question that was left open."""
        self.send({"jsonrpc": "2.0", "id": question["id"], "result": {"optionId": option_id}})

    def resolved(self, question: JsonObject) -> list[str]:
        """By what the question was resolved, as often as that was said."""
        request_id = question["params"]["requestId"]
        return [one["by"] for one in self.notifications(RESOLVED) if one["requestId"] == request_id]

    def withdrawn(self) -> list[JsonValue]:
        """The ids of the questions that the server took back."""
        return [one["id"] for one in self.notifications("$/cancelRequest")]

    def open(self, path: Path) -> str:
        """Open a file in the editor; gives its URI."""
        uri, text = path.as_uri(), path.read_text()
        self.documents[uri] = (1, text)
        document = {"uri": uri, "languageId": "plaintext", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def edit(self, uri: str, old: str, new: str) -> None:
        """Type `new` in place of `old` in an open document."""
        version, text = self.documents[uri]
        start = text.index(old)
        span = {"start": _position(text, start), "end": _position(text, start + len(old))}
        self._change(uri, version, text[:start] + new + text[start + len(old) :], span, new)

    def apply_edits(self) -> None:
        """Carry out the edits the server asks for, from now on."""
        self.answers["workspace/applyEdit"] = self._apply

    def _apply(self, params: JsonObject) -> JsonObject:
        for change in params["edit"]["documentChanges"]:
            if change.get("kind") == "create":
                Path(change["uri"].removeprefix("file://")).write_text("")
                continue
            uri, wanted = change["textDocument"]["uri"], change["textDocument"]["version"]
            version, text = self.documents.get(uri, (None, ""))
            if version != wanted:
                return {"applied": False, "failureReason": f"version {version}, not {wanted}"}
            for edit in change["edits"]:
                self._replace(uri, version, text, edit)
        return {"applied": True}

    def _replace(self, uri: str, version: int | None, text: str, edit: JsonObject) -> None:
        path = Path(uri.removeprefix("file://"))
        text = path.read_text() if version is None else text
        start, end = (_offset(text, edit["range"][side]) for side in ("start", "end"))
        changed = text[:start] + edit["newText"] + text[end:]
        if version is None:
            path.write_text(changed)
        else:
            self._change(uri, version, changed, edit["range"], edit["newText"])

    def _change(self, uri: str, version: int, text: str, span: JsonObject, new: str) -> None:
        self.documents[uri] = (version + 1, text)
        changes = [{"range": span, "text": new}]
        document = {"uri": uri, "version": version + 1}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def _reply(self, asked: JsonObject) -> None:
        reply: JsonObject = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            reply["result"] = self.answers.get(asked["method"], lambda _: None)(asked.get("params") or {})
        except NoReply:
            return
        except ErrorReply:
            reply["error"] = {"code": -32603, "message": "The editor cannot do that."}
        with suppress(OSError, ValueError):  # the server may be gone by now
            self.send_bytes(encode(reply))


def silent(_: JsonObject) -> JsonValue:
    """An answer to a question: none."""
    raise NoReply


def refusing(_: JsonObject) -> JsonValue:
    """An answer to a question: an error."""
    raise ErrorReply


def _position(text: str, offset: int) -> JsonObject:
    before = text[:offset].split("\n")
    return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}


def _offset(text: str, position: JsonObject) -> int:
    lines = text.split("\n")
    line, units = position["line"], position["character"] * 2
    inside = lines[line].encode("utf-16-le")[:units].decode("utf-16-le")
    return sum(len(one) + 1 for one in lines[:line]) + len(inside)
