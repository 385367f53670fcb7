"""`maestro demo --tour conversation`: a chat that lasts, a context to prune, tools that say why, and their ledger."""

import asyncio
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten

from pydantic import JsonValue

from maestro.cli.client import AnswerError, EditorClient
from maestro.cli.terminal import styled
from maestro.cli.tour import Printer, object_of, objects_of
from maestro_protocol.base import JsonObject

_GIT = ("git", "-c", "user.name=Demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")


@dataclass(slots=True)
class _Tour:
    """The editor, its folder, and what its user answers when a tool asks."""

    environment: Mapping[str, str]
    folder: Path
    out: Printer
    client: EditorClient
    chat_id: str = ""
    answer: str = "allowOnce"
    asked: list[JsonObject] = field(default_factory=list)
    speaking: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, method: str, **params: JsonValue) -> JsonObject:
        return await self.client.request(f"maestro/{method}", params)

    async def send(self, text: str) -> list[JsonObject]:
        """Say something in the chat; the events of the turn."""
        self.out.line(styled(f"  > {text}", 36))
        events: list[JsonObject] = []

        def take(event: JsonObject) -> None:
            events.append(event)
            if len(events) > 5:
                self.speaking.set()
            if event.get("type") == "tool.completed":
                first = "".join(str(event.get("content")).splitlines()[:1])
                self.out.line(f"    {event.get('status')}: {shorten(first, 120, placeholder=' …')}")
            if event.get("type") == "notice":
                self.out.line(styled(f"    {event.get('message')}", 33))

        await self.client.request("maestro/chat/send", {"chatId": self.chat_id, "input": text}, take)
        return events

    async def permit(self, params: JsonObject) -> JsonValue:
        """Answer as the user of this tour does."""
        self.asked.append(params)
        risk = object_of(params, "risk")
        reasons = " ".join(str(one.get("reason")) for one in objects_of(risk, "assessments"))
        self.out.line(f"    {styled('asks:', 33)} {params.get('summary')}")
        self.out.line(f"          risk {risk.get('level')}. {reasons} The user answers `{self.answer}`.")
        return {"optionId": self.answer}


async def run(environment: Mapping[str, str], folder: Path, out: Printer) -> JsonObject:
    """What each part found. Raises AnswerError where a request failed."""
    workspace = folder / "shelves"
    _prepare(workspace, (folder / "inventory.py").read_text(encoding="utf-8"))
    tour = _Tour(environment, workspace, out, await EditorClient.start(environment))
    try:
        await _begin(tour)
        report: JsonObject = {name: await part(tour) for name, part in _PARTS.items()}
        await tour.client.close()
    except BaseException:
        await tour.client.kill()
        raise
    if not all(object_of(report, name).get("ok") for name in _PARTS):
        raise AnswerError({"message": "A part of the tour did not do what it should; see above.", "data": report})
    return report


def _prepare(workspace: Path, sample: str) -> None:
    """A small project that git knows, where there is one."""
    workspace.mkdir()
    (workspace / "inventory.py").write_text(sample, encoding="utf-8")
    (workspace / "names.py").write_text("NAMES = ['fiction', 'science']\n", encoding="utf-8")
    (workspace / ".env").write_text("PASSWORD=not-for-models\n", encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "begin"]):
        try:
            subprocess.run([*_GIT, *arguments], cwd=workspace, check=False, capture_output=True)
        except OSError:
            return


async def _begin(tour: _Tour) -> None:
    tour.client.on_request["maestro/permission/request"] = tour.permit
    settings: JsonObject = {"tools": {"runCommand": True}}
    maestro: JsonObject = {"protocolVersions": [1], "features": {"permission": {}}, "settings": settings}
    folders: list[JsonValue] = [{"uri": tour.folder.as_uri(), "name": "shelves"}]
    params: JsonObject = {
        "processId": os.getpid(),
        "rootUri": tour.folder.as_uri(),
        "workspaceFolders": folders,
        "capabilities": {},
        "initializationOptions": {"maestro": maestro},
    }
    await tour.client.request("initialize", params)
    tour.client.notify("initialized", {})


# -- A ----------------------------------------------------------------------------------------------------------------


async def _durable(tour: _Tour) -> JsonObject:
    tour.out.title("A chat that lasts")
    tour.chat_id = str((await tour.ask("chat/create", model="offline/assistant")).get("id"))
    await tour.send("What is on the shelves?")
    await _break_off(tour)
    began = time.perf_counter()
    tour.client = await EditorClient.start(tour.environment)
    await _begin(tour)
    opened = await tour.ask("chat/get", chatId=tour.chat_id)
    elapsed = round((time.perf_counter() - began) * 1000)
    messages = objects_of(opened, "messages")
    events = objects_of(await tour.ask("chat/events", chatId=tour.chat_id, afterSeq=0), "events")
    gapless = [event.get("seq") for event in events] == [*range(1, len(events) + 1)]
    ending = events[-1].get("stopReason")
    tour.out.line(
        f"  {elapsed} ms after its start the new one has all {len(messages)} messages, the last as far as it came."
    )
    tour.out.line(
        f"  The log replays {len(events)} events, {'without a gap' if gapless else 'WITH GAPS'}, to `{ending}`."
    )
    fork = await tour.ask("chat/fork", chatId=tour.chat_id, throughMessageId=messages[0]["id"])
    found = objects_of(await tour.ask("chat/list", query="shelves"), "chats")
    exported = str((await tour.ask("chat/export", chatId=tour.chat_id)).get("content"))
    tour.out.line(f"  Forked as '{fork.get('title')}'. Searching for `shelves` finds {len(found)} chats.")
    tour.out.line(f"  Exported: {len(exported.splitlines())} lines of Markdown.")
    ok = gapless and ending == "interrupted" and messages[-1].get("incomplete") is True and len(found) == 2
    return {"ok": ok, "messages": len(messages), "events": len(events), "milliseconds": elapsed}


async def _break_off(tour: _Tour) -> None:
    """Kill the server while it answers."""
    tour.speaking.clear()
    answer = asyncio.ensure_future(tour.send("Tell me slowly everything about shelves, at length."))
    await asyncio.wait({answer, asyncio.ensure_future(tour.speaking.wait())}, return_when=asyncio.FIRST_COMPLETED)
    await tour.client.kill()
    answer.cancel()
    await asyncio.wait({answer})
    tour.out.line("  The server is killed in the middle of the answer, and another one started.")


# -- B ----------------------------------------------------------------------------------------------------------------


async def _context(tour: _Tour) -> JsonObject:
    tour.out.title("A context one can see and prune")
    uri = (tour.folder / "names.py").as_uri()
    chunk = await tour.ask("context/add", scope="chat", chatId=tour.chat_id, source="file", uri=uri, pinned=True)
    before = await _list_context(tour)
    refused = ""
    try:
        secret = (tour.folder / ".env").as_uri()
        await tour.ask("context/add", scope="chat", chatId=tour.chat_id, source="file", uri=secret)
    except AnswerError as error:
        refused = str(error)
        tour.out.line(f"  A file of secrets stays out: {refused}")
    deleted = (await tour.ask("context/delete", ids=[chunk["id"]])).get("deleted")
    after = await tour.ask("context/list", chatId=tour.chat_id)
    restored = (await tour.ask("context/restore", ids=[chunk["id"]])).get("restored")
    sizes = [object_of(listed, "total").get("tokens") for listed in (before, after)]
    tour.out.line(f"  Deleting names.py takes the context from {sizes[0]} to {sizes[1]} tokens; it was restored again.")
    compacted = await tour.ask("chat/compact", chatId=tour.chat_id, keepTurns=1)
    replaced = compacted.get("replaced")
    count = len(replaced) if isinstance(replaced, list) else 0
    tour.out.line(f"  Compacted: a summary stands for {count} older chunks, which can be restored.")
    ok = deleted == restored == [chunk["id"]] and bool(refused) and sizes[0] != sizes[1] and count > 0
    return {"ok": ok, "tokens": sizes, "replaced": count}


async def _list_context(tour: _Tour) -> JsonObject:
    listed = await tour.ask("context/list", chatId=tour.chat_id)
    for chunk in objects_of(listed, "chunks"):
        about = "about " if chunk.get("tokensEstimated") else ""
        pin = " pinned" if chunk.get("pinned") else ""
        tour.out.line(f"    {chunk.get('source'):<8} {chunk.get('label'):<12} {about}{chunk.get('tokens')} tokens{pin}")
    return listed


# -- C ----------------------------------------------------------------------------------------------------------------


async def _tools(tour: _Tour) -> JsonObject:
    tour.out.title("Tools that say why, and ask")
    read = await tour.send('Call read_file {"path": "names.py"} and in parallel search {"pattern": "def "}')
    edit: JsonObject = {"path": "names.py", "oldText": "'science'", "newText": "'science', 'poetry'"}
    why: JsonObject = {"purpose": "maintenance", "scope": "names.py", "risk_level": "low"}
    tour.answer = "deny"
    denied = await tour.send(f"Call apply_edit {json.dumps({**edit, 'intent': why})}")
    tour.answer = "allowOnce"
    edited = await tour.send(f"Call apply_edit {json.dumps({**edit, 'intent': why})}")
    lying: JsonObject = {
        "argv": ["python3", "-c", "open('inventory.py', 'a').write('# touched')"],
        "intent": {"purpose": "test_pass", "scope": "names.py, python3", "risk_level": "low"},
    }
    lied = await tour.send(f"Call run_command {json.dumps(lying)}")
    escaped = await tour.send('Call read_file {"path": "../../etc/passwd"}')
    statuses = [_status(events) for events in (read, denied, edited, lied, escaped)]
    changed = "poetry" in (tour.folder / "names.py").read_text(encoding="utf-8")
    ok = statuses == ["completed", "denied", "completed", "completed", "failed"] and changed
    return {"ok": ok and any(event.get("type") == "notice" for event in lied), "statuses": [*statuses]}


def _status(events: list[JsonObject]) -> str:
    """How the last call of a turn ended."""
    return str([event.get("status") for event in events if event.get("type") == "tool.completed"][-1])


# -- D ----------------------------------------------------------------------------------------------------------------


async def _ledger(tour: _Tour) -> JsonObject:
    tour.out.title("The ledger of intents")
    records = objects_of(await tour.ask("intent/list", chatId=tour.chat_id), "intents")
    for record in reversed(records):
        decision = object_of(record, "decision")
        outside = styled("  outside its scope", 31) if record.get("mismatch") else ""
        tour.out.line(
            f"    {record.get('tool'):<12} {record.get('purpose') or 'reads':<12} risk {record.get('riskLevel'):<7}"
            f" {decision.get('outcome')} by {decision.get('by')}{outside}"
        )
    verified = await tour.ask("intent/verify")
    tour.out.line(f"  The chain of {verified.get('checked')} entries holds: {verified.get('ok')}.")
    await tour.client.close()
    await asyncio.to_thread(_tamper, Path(tour.environment["MAESTRO_HOME"]) / "data" / "maestro.db")
    tour.client = await EditorClient.start(tour.environment)
    await _begin(tour)
    broken = await tour.ask("intent/verify")
    tour.out.line(f"  Somebody rewrites one entry in the database; now it holds: {broken.get('ok')}.")
    mismatched = sum(bool(record.get("mismatch")) for record in records)
    ok = verified.get("ok") is True and broken.get("ok") is False and mismatched == 1
    return {"ok": ok, "records": len(records), "mismatched": mismatched, "verified": verified}


def _tamper(database: Path) -> None:
    """Make a high risk look low."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TRIGGER ledger_is_not_changed")
        connection.execute("UPDATE ledger SET risk_level = 'low' WHERE risk_level = 'high' AND step = 'declared'")


_PARTS: Mapping[str, Callable[[_Tour], Awaitable[JsonObject]]] = {
    "durable": _durable,
    "context": _context,
    "tools": _tools,
    "ledger": _ledger,
}
