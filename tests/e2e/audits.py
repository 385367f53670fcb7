"""Documents to audit, and what a scripted provider finds in them."""

import json
from pathlib import Path

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.upstream import Exchange, Script, end

SOURCE = "def load(path):\n    try:\n        return open(path).read()\n    except:\n        return None\n"
QUOTE = "    except:"
FINDING = {
    "quote": QUOTE,
    "line": 4,
    "symbol": "load",
    "why": "It also catches KeyboardInterrupt, so the program cannot be stopped.",
    "rule": "swallowed-error",
    "severity": "medium",
    "confidence": "high",
    "title": "Bare except",
    "fix": "    except OSError:",
    "related": [],
}


def asked(exchange: Exchange) -> JsonObject:
    """The audit request: the JSON object in the last text part."""
    part = exchange.json["contents"][-1]["parts"][-1]["text"]
    return json.loads(part[part.index("{") : part.rindex("}") + 1])


def replying(*findings: JsonObject, finish: str = "STOP", **changes: object) -> Script:
    """An honest reply with these findings; `changes` make it less so."""

    def script(exchange: Exchange) -> None:
        request = asked(exchange)
        reviewed = [chunk["id"] for chunk in request["chunks"]]
        reply = {"audit_id": request["audit_id"], "reviewed": reviewed, "findings": list(findings), **changes}
        say(exchange, json.dumps(reply), finish)

    return script


def say(exchange: Exchange, content: str, finish: str = "STOP") -> None:
    """Answer with one text, streamed or whole as it was asked for."""
    whole = end(finish)
    whole["candidates"][0]["content"]["parts"] = [{"text": content}]
    if "stream" in exchange.path.lower():
        exchange.stream(whole)
    else:
        exchange.answer(200, whole)


class Document:
    """An open document; `version` counts its changes."""

    def __init__(self, client: Client, path: Path, source: str = SOURCE) -> None:
        self.client, self.uri, self.version = client, path.as_uri(), 1
        path.write_text(source)
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": source}
        client.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, source: str) -> None:
        self.version += 1
        identifier = {"uri": self.uri, "version": self.version}
        self.client.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": source}]})

    def audit(self, **more: object) -> JsonObject:
        """Ask afresh, whatever is remembered of equal code."""
        return self.client.request("maestro/audit/run", {"target": {"uri": self.uri}, "fresh": True, **more})

    def published(self) -> list[JsonObject]:
        return [p for p in self.client.notifications("textDocument/publishDiagnostics") if p["uri"] == self.uri]
