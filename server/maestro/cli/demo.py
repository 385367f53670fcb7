"""`maestro demo`: a real server over stdio, driven as an editor would: sessions, models, a chat, a stop, an audit."""

import argparse
import asyncio
import json
import os
import tempfile
import textwrap
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from maestro.cli import tour_conversation
from maestro.cli.client import AnswerError, EditorClient
from maestro.cli.code_frame import draw
from maestro.cli.terminal import TerminalEditor, say, styled
from maestro.cli.tour import Printer, object_of, objects_of
from maestro_protocol.base import JsonObject

_QUESTION = "What does this file do, and what would you change?"


@dataclass(slots=True)
class _Tour:
    """The editor, the file it shows, and what the tour has to say."""

    client: EditorClient
    provider: str
    file: Path
    out: Printer
    target: JsonObject = field(default_factory=dict)
    """What chats and audits go to."""
    audits: bool = True
    """Whether the provider audits."""
    report: JsonObject = field(default_factory=dict)
    failed: bool = False

    @property
    def uri(self) -> str:
        return self.file.as_uri()


def run(options: argparse.Namespace) -> int:
    """0 when every step did what it shows, 1 otherwise."""
    out = Printer(options.json)
    if options.tour == "conversation":
        return asyncio.run(_converse(out))
    return asyncio.run(_run(options.provider, out))


async def _converse(out: Printer) -> int:
    report: JsonObject
    with _workspace() as folder:
        environment = {**os.environ, "MAESTRO_HOME": str(folder / "home")}
        try:
            report = {"ok": True, **await tour_conversation.run(environment, folder, out)}
        except AnswerError as error:
            report = {"ok": False, "error": error.error}
            say(str(error))
    if out.quiet:
        print(json.dumps(report, indent=2))
    return 0 if report["ok"] else 1


async def _run(provider: str, out: Printer) -> int:
    with _workspace() as folder:
        environment = dict(os.environ)
        if provider == "offline":
            environment["MAESTRO_HOME"] = str(folder / "home")
        tour = _Tour(await EditorClient.start(environment), provider, folder / "inventory.py", out)
        try:
            await _go(tour)
            tour.failed |= await tour.client.close() != 0
        except BaseException:
            await tour.client.kill()
            raise
    if out.quiet:
        print(json.dumps({"ok": not tour.failed, **tour.report}, indent=2))
    else:
        _how_to_go_on(tour)
    return 1 if tour.failed else 0


async def _go(tour: _Tour) -> None:
    for name, step in _STEPS.items():
        try:
            tour.report[name] = await step(tour)
        except AnswerError as error:
            tour.failed = True
            tour.report[name] = {"error": error.error}
            tour.out.line(styled(f"  {error}", 31))
            if name in ("handshake", "sessions", "models"):
                return


@contextmanager
def _workspace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="maestro-demo-") as name:
        folder = Path(name).resolve()
        sample = Path(__file__).with_name("demo_sample.txt")
        (folder / "inventory.py").write_text(sample.read_text(encoding="utf-8"), encoding="utf-8")
        yield folder


async def _handshake(tour: _Tour) -> JsonObject:
    began = time.perf_counter()
    answer = await tour.client.request(
        "initialize",
        {
            "processId": os.getpid(),
            "rootUri": tour.file.parent.as_uri(),
            "workspaceFolders": [{"uri": tour.file.parent.as_uri(), "name": "demo"}],
            "capabilities": {"window": {"showMessage": {}}},
            "initializationOptions": {"maestro": {"protocolVersions": [1], "clientId": "maestro demo"}},
        },
    )
    elapsed = round((time.perf_counter() - began) * 1000)
    tour.client.notify("initialized", {})
    tour.client.on_request["window/showMessageRequest"] = _ask_person
    tour.client.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": tour.uri, "languageId": "python", "version": 1, "text": tour.file.read_text()}},
    )
    hello = object_of(object_of(object_of(answer, "capabilities"), "experimental"), "maestro")
    tour.out.title("An editor starts the server")
    tour.out.line(
        f"  maestro lsp --stdio answered `initialize` in {elapsed} ms, protocol {hello.get('protocolVersion')}"
    )
    return {"milliseconds": elapsed, "server": hello}


async def _sessions(tour: _Tour) -> JsonObject:
    tour.out.title("Sessions")
    providers = await tour.client.request("maestro/provider/list", {})
    rows = {str(row.get("id")): row for row in objects_of(providers, "providers")}
    labels = [str(row.get("label")) for row in rows.values()]
    tour.out.line(
        textwrap.fill(f"It can talk to {', '.join(labels)}.", 100, initial_indent="  ", subsequent_indent="  ")
    )
    if (row := rows.get(tour.provider)) is None:
        raise AnswerError({"message": f"There is no provider {tour.provider}; there are {', '.join(rows)}."})
    roles = row.get("roles")
    tour.audits = isinstance(roles, list) and "audit" in roles
    if tour.provider != "offline":
        return await _own_session(tour, row)
    named: JsonObject = {"provider": "openai", "authType": "api_key", "name": "work"}
    step = await tour.client.request("maestro/session/create", {**named, "apiKey": "sk-placeholder-0000"})
    session = object_of(step, "session")
    tour.out.line(
        f"  A session named {session.get('name')} for OpenAI: key …{session.get('keyHint')}, not sent anywhere."
    )
    await tour.client.request("maestro/session/delete", {"sessionId": "work"})
    tour.out.line(f"  Deleted again; this tour uses {row.get('label')}, which needs no session.")
    return {"session": session}


async def _own_session(tour: _Tour, row: JsonObject) -> JsonObject:
    """The user's own: the default one, else the only one, else the key of the environment. Nothing of it is changed."""
    listed = objects_of(await tour.client.request("maestro/session/list", {"provider": tour.provider}), "sessions")
    stored = [one for one in listed if one.get("source") == "vault"]
    offered = [one for one in listed if one.get("source") == "env"]
    chosen = [one for one in listed if one.get("isDefault")] or (stored if len(stored) == 1 else []) or offered
    if not chosen:
        if row.get("running") is not None:
            tour.out.line(f"  This tour uses {row.get('label')}, which needs no session.")
            return {"session": {}}
        key = object_of(row, "env").get("name")
        way = f"Sign in with `maestro login {tour.provider}`" + (f", or set {key} to your key" if key else "")
        raise AnswerError({"message": f"{way}; then run this again."})
    session = chosen[0]
    hint = f", key …{session['keyHint']}" if session.get("keyHint") else ""
    tour.out.line(f"  This tour uses the session {session.get('name')} of {row.get('label')}{hint}.")
    tour.target = {"sessionId": session["id"]}
    return {"session": session}


async def _models(tour: _Tour) -> JsonObject:
    tour.out.title("Models")
    listed = await tour.client.request("maestro/model/list", {"provider": tour.provider, **tour.target})
    models = [str(model.get("id")) for model in objects_of(listed, "models")]
    tour.out.line("\n".join(f"  {model}" for model in models[:6]))
    if not tour.target:
        if not models:
            raise AnswerError({"message": f"{tour.provider} lists no models; is it running?"})
        tour.target = {"model": models[0]}
    if len(models) > 6:
        tour.out.line(f"  … and {len(models) - 6} more")
    return {"models": [*models]}


async def _chat(tour: _Tour) -> JsonObject:
    tour.out.title("Chat")
    tour.out.line(styled(f"  > {_QUESTION}", 36))
    events: list[str] = []
    text: list[str] = []

    def show(event: JsonObject) -> None:
        events.append(str(event.get("type")))
        if event.get("type") == "text.delta":
            text.append(str(event.get("text")))
            tour.out.piece(text[-1])

    content: JsonValue = [{"type": "text", "text": _QUESTION}, {"type": "file", "uri": tour.uri}]
    answer = await tour.client.request("maestro/chat/send", {"input": content, **tour.target}, show)
    usage = object_of(answer, "usage")
    tour.out.line(styled(f"\n  {answer.get('model')}, {usage.get('totalTokens')} tokens, {len(events)} events", 2))
    tour.failed |= answer.get("stopReason") != "endTurn" or not text
    return {"answer": answer, "text": "".join(text), "events": len(events)}


async def _stop(tour: _Tour) -> JsonObject:
    tour.out.title("Stop")
    began = asyncio.Event()
    request_id, answer = tour.client.begin(
        "maestro/chat/send",
        {"input": "Tell me slowly everything you know, at length.", **tour.target},
        lambda event: began.set() if event.get("type") == "turn.started" else None,
    )
    pending = asyncio.ensure_future(answer)
    await asyncio.wait({pending, asyncio.ensure_future(began.wait())}, return_when=asyncio.FIRST_COMPLETED)
    asked = time.perf_counter()
    tour.client.notify("$/cancelRequest", {"id": request_id})
    result = await pending
    elapsed = round((time.perf_counter() - asked) * 1000, 1)
    if result.get("stopReason") == "cancelled":
        tour.out.line(f"  Cancelled an answer: it stopped after {elapsed} ms.")
    else:
        tour.out.line("  The answer was whole before it could be cancelled.")
    return {"stopReason": result.get("stopReason"), "milliseconds": elapsed}


async def _audit(tour: _Tour) -> JsonObject:
    tour.out.title("Audit")
    if not tour.audits:
        tour.out.line(f"  {tour.provider} does not audit; the offline provider does it instead.\n")
    model = tour.target if tour.audits else {"model": "offline/assistant"}
    target: JsonObject = {"target": {"uris": [tour.uri]}, **model}
    result = await tour.client.request("maestro/audit/run", target)
    published = await tour.client.notice("textDocument/publishDiagnostics") if objects_of(result, "findings") else {}
    diagnostics = objects_of(published, "diagnostics")
    for diagnostic in diagnostics:
        tour.out.line(draw(tour.file.name, tour.file.read_text(), diagnostic))
    for reason in dict.fromkeys(chunk.get("reason") for chunk in objects_of(result, "chunks")):
        if reason:
            tour.out.line(styled(f"  {reason}", 2))
    tour.out.line(styled(f"  audit {result.get('status')}: {len(diagnostics)} findings shown as diagnostics", 2))
    tour.failed |= result.get("status") not in ("complete", "partial")
    return {"result": result, "diagnostics": [*diagnostics]}


_STEPS: dict[str, Callable[[_Tour], Awaitable[JsonObject]]] = {
    "handshake": _handshake,
    "sessions": _sessions,
    "models": _models,
    "chat": _chat,
    "stop": _stop,
    "audit": _audit,
}


async def _ask_person(params: JsonObject) -> JsonValue:
    actions = objects_of(params, "actions")
    chosen = await TerminalEditor(Path.cwd()).ask(
        str(params.get("message")), [str(a.get("title")) for a in actions], 60
    )
    return next((action for action in actions if action.get("title") == chosen), None)


def _how_to_go_on(tour: _Tour) -> None:
    tour.out.title("Go on")
    tour.out.line('  export OPENAI_API_KEY=…          then: maestro chat "Explain this error" < log.txt')
    tour.out.line("  maestro demo --provider openai    the same tour with your key (also anthropic, gemini, …)")
    tour.out.line("  README.md                         how to point your editor at the server")
    if tour.failed:
        say("A step did not do what it should; see above.")
