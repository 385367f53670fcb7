"""The editor as the services see it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types
from pydantic import JsonValue

from maestro.editor import Change, NoAnswer
from maestro.lsp import refresh
from maestro.lsp.configuration import Configuration
from maestro.lsp.editor import LspEditor
from maestro.lsp.handshake import read
from maestro.lsp.protocol import StandardProtocol, StandardServer
from maestro_protocol.audit import Finding, Provenance
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Position, Range
from maestro_protocol.status import StatusDidChangeParams
from maestro_protocol.tools import ToolInvokeParams
from tests.unit.lsp.peer import Peer, RecordingBackend

pytestmark = pytest.mark.asyncio


class Desk:
    """An editor with a workspace in a directory."""

    def __init__(self, folder: Path, **params: object) -> None:
        self.peer = Peer(RecordingBackend())
        given = {"capabilities": {}, "rootUri": folder.as_uri(), **params}
        self.handshake = read(given, {"MAESTRO_HOME": str(folder)})  # type: ignore[arg-type]
        self.server = StandardServer()
        self.protocol: StandardProtocol = self.server.protocol
        self.protocol.connection, self.protocol.outbox = self.peer.connection, self.peer.outbox
        self.protocol.open_workspace(self.handshake)
        self.editor = LspEditor(self.handshake, self.protocol, self.peer.outbox, self.peer.connection.calls)

    def configuration(self, **environment: str) -> Configuration:
        variables = {"MAESTRO_HOME": "/nowhere", **environment}
        return Configuration(self.handshake, variables, self.editor, self.peer.connection.calls)

    async def said(self, method: str) -> list[JsonObject]:
        return [m["params"] for m in await self.peer.settle() if m.get("method") == method]  # type: ignore[misc]

    async def answer(self, method: str, result: object) -> None:
        """Answer the last question of this kind."""
        ids = [m["id"] for m in await self.peer.settle() if m.get("method") == method]
        self.peer.send({"jsonrpc": "2.0", "id": ids[-1], "result": result})  # type: ignore[dict-item]


async def test_an_open_document_is_what_the_editor_shows(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "a b.py").write_text("disk")
    uri = (tmp_path / "a b.py").as_uri()
    opened = {"uri": uri, "languageId": "python", "version": 3, "text": "typed"}
    await desk.protocol.notice("textDocument/didOpen", {"textDocument": opened})
    document = desk.editor.opened(uri)

    assert document is not None
    assert (document.text, document.version, document.language, document.uri) == ("typed", 3, "python", uri)
    assert desk.editor.trusted and desk.editor.position_encoding == "utf-16"


async def test_an_open_document_is_found_however_its_uri_is_spelled(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    opened = {"uri": (tmp_path / "a b.py").as_uri(), "languageId": "", "version": 0, "text": ""}
    await desk.protocol.notice("textDocument/didOpen", {"textDocument": opened})
    for uri in (f"file://{tmp_path}/a b.py", f"file://{tmp_path}/./x/../%61%20b.py"):
        document = desk.editor.opened(uri)
        assert document is not None
        assert (document.uri, document.language, document.text) == (opened["uri"], "python", "")
    for uri in ((tmp_path / "a.py").as_uri(), "untitled:1", "", "a b.py"):
        assert desk.editor.opened(uri) is None


async def test_the_folders_are_those_of_the_workspace(tmp_path: Path) -> None:
    assert Desk(tmp_path).editor.folders == [tmp_path.as_uri()]
    named: list[dict[str, str]] = [{"uri": tmp_path.as_uri(), "name": "x"}]
    assert Desk(tmp_path, rootUri=None, workspaceFolders=named).editor.folders == [tmp_path.as_uri()]
    assert Desk(tmp_path, rootUri=None).editor.folders == []


async def test_what_the_client_offers(tmp_path: Path) -> None:
    features = {"permission": {}, "clientTools": None}
    editor = Desk(tmp_path, initializationOptions={"maestro": {"features": features}}).editor
    assert (editor.offers("permission"), editor.offers("clientTools")) == (True, False)
    assert not Desk(tmp_path).editor.offers("permission")


INVOKE = ToolInvokeParams(tool_call_id="call_1", name="build", input={}, timeout_ms=5)


async def test_a_request_of_ours_and_its_answer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    calling = asyncio.create_task(desk.editor.call("maestro/tool/invoke", INVOKE, 30))
    await desk.answer("maestro/tool/invoke", {"content": "done"})

    assert await calling == {"content": "done"}
    [sent] = await desk.said("maestro/tool/invoke")
    assert sent == {"toolCallId": "call_1", "name": "build", "input": {}, "timeoutMs": 5}


async def test_no_answer_has_three_reasons(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(NoAnswer):
        await desk.editor.call("maestro/tool/invoke", INVOKE, 0.01)
    refused = asyncio.create_task(desk.editor.call("maestro/tool/invoke", INVOKE, 30))
    ids = [m["id"] for m in await desk.peer.settle() if m.get("method") == "maestro/tool/invoke"]
    desk.peer.send({"jsonrpc": "2.0", "id": ids[-1], "error": {"code": -32601, "message": "no"}})
    with pytest.raises(NoAnswer):
        await refused
    waiting = asyncio.create_task(desk.editor.call("maestro/tool/invoke", INVOKE, 3600))
    await desk.peer.settle()
    desk.peer.connection.stop()
    with pytest.raises(NoAnswer):
        await waiting
    with pytest.raises(NoAnswer):
        await desk.editor.call("maestro/tool/invoke", INVOKE, 3600)


async def test_who_stops_waiting_takes_the_question_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    waiting = asyncio.create_task(desk.editor.call("maestro/tool/invoke", INVOKE, 3600))
    await desk.peer.settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(await desk.said("$/cancelRequest")) == 1


def edits(**workspace_edit: object) -> JsonObject:
    return {"workspace": {"applyEdit": True, "workspaceEdit": workspace_edit}}  # type: ignore[dict-item]


HERE = Range(start=Position(line=0, character=0), end=Position(line=0, character=3))
CHANGE = Change("file:///w/a.py", 3, HERE, "new")
EDIT = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}}, "newText": "new"}


@pytest.mark.parametrize(
    ("capabilities", "change", "sent"),
    [
        (edits(), CHANGE, {"changes": {CHANGE.uri: [EDIT]}}),
        (
            edits(documentChanges=True),
            CHANGE,
            {"documentChanges": [{"textDocument": {"uri": CHANGE.uri, "version": 3}, "edits": [EDIT]}]},
        ),
        (
            edits(documentChanges=True, resourceOperations=["create"]),
            replace(CHANGE, version=None, create=True),
            {
                "documentChanges": [
                    {"kind": "create", "uri": CHANGE.uri, "options": {"overwrite": False}},
                    {"textDocument": {"uri": CHANGE.uri, "version": None}, "edits": [EDIT]},
                ]
            },
        ),
    ],
)
async def test_a_change_is_an_edit_the_client_can_take(
    capabilities: JsonObject, change: Change, sent: JsonObject, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, capabilities=capabilities)
    assert desk.editor.applies_edits
    applying = asyncio.create_task(desk.editor.apply(change, "Rename", 30))
    await desk.answer("workspace/applyEdit", {"applied": True})

    assert await applying is None
    assert await desk.said("workspace/applyEdit") == [{"label": "Rename", "edit": sent}]


@pytest.mark.parametrize("capabilities", [edits(documentChanges=True), edits(resourceOperations=["create"])])
async def test_a_client_that_creates_no_files_is_not_asked_to(capabilities: JsonObject, tmp_path: Path) -> None:
    desk = Desk(tmp_path, capabilities=capabilities)
    assert await desk.editor.apply(replace(CHANGE, create=True), "Add", 30) == "The editor cannot create files."
    assert await desk.said("workspace/applyEdit") == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"applied": False, "failureReason": "stale"}, "stale"), ({}, None), (None, None)],
)
async def test_why_an_edit_was_not_made(answer: object, reason: str | None, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert not desk.editor.applies_edits
    applying = asyncio.create_task(desk.editor.apply(CHANGE, "Rename", 30))
    await desk.answer("workspace/applyEdit", answer)

    assert await applying == (reason or "The editor did not make the change.")


async def test_notifications_and_messages(tmp_path: Path) -> None:
    desk = Desk(tmp_path, initializationOptions={"maestro": {}})
    desk.editor.notify("maestro/status/didChange", StatusDidChangeParams(state="normal", message="m"))
    desk.editor.show("warning")
    desk.editor.show("error", error=True)

    assert await desk.said("maestro/status/didChange") == [{"state": "normal", "message": "m"}]
    assert [one["type"] for one in await desk.said("window/showMessage")] == [2, 1]


async def test_an_editor_that_does_not_know_maestro_is_told_what_lsp_has(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.editor.notify("maestro/status/didChange", StatusDidChangeParams(state="normal", message="m"))
    desk.editor.show("warning")

    assert [one["method"] for one in await desk.peer.settle()] == ["window/showMessage"]


@pytest.mark.parametrize(
    ("result", "expected"), [({"title": "Yes"}, "Yes"), ({"title": "Other"}, None), (None, None), ([], None)]
)
async def test_questions(result: object, expected: str | None, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    asking = asyncio.create_task(desk.editor.ask("Really?", ["Yes", "No"], 30))
    await desk.answer("window/showMessageRequest", result)

    assert await asking == expected
    assert (await desk.said("window/showMessageRequest"))[0]["actions"] == [{"title": "Yes"}, {"title": "No"}]


async def test_nobody_answering_is_no(tmp_path: Path) -> None:
    assert await Desk(tmp_path).editor.ask("Really?", ["Yes"], 0.01) is None


def finding(uri: str) -> Finding:
    here = Position(line=0, character=0)
    return Finding(
        id="f",
        fingerprint="f",
        rule="r",
        category="security",
        severity="high",
        confidence="high",
        title="t",
        message="m",
        uri=uri,
        range=Range(start=here, end=here),
        provenance=Provenance(provider="offline", model="m"),
    )


def published(said: Sequence[JsonObject]) -> list[tuple[object, object, int]]:
    return [(one["uri"], one.get("version"), len(one["diagnostics"])) for one in said]  # type: ignore[arg-type]


async def test_who_asks_for_diagnostics_gets_back_nothing_unasked(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.editor.publish("file:///a", 3, [finding("file:///a")])
    desk.editor.publish("file:///b", None, [finding("file:///b")])
    desk.editor.publish("file:///b", None, [])
    before = len(await desk.said("textDocument/publishDiagnostics"))
    for _ in range(2):
        desk.editor.pulled()
    desk.editor.publish("file:///b", 1, [finding("file:///b")])
    said = await desk.said("textDocument/publishDiagnostics")

    assert published(said[:before]) == [("file:///a", 3, 1), ("file:///b", None, 1), ("file:///b", None, 0)]
    assert published(said[before:]) == [("file:///a", None, 0)]


REFRESHED = {"workspace": {"diagnostics": {"refreshSupport": True}, "codeLens": {"refreshSupport": True}}}
ASK_AGAIN = ("workspace/diagnostic/refresh", "workspace/codeLens/refresh")


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "INTERVAL", 0)


async def asked_again(desk: Desk) -> list[str]:
    """What it was told to ask again for, since the last time."""
    sent = [str(m["method"]) for m in await desk.peer.settle() if m.get("method") in ASK_AGAIN]
    for method in sent:
        await desk.answer(method, None)
    desk.peer.messages.clear()
    return sorted(sent)


@pytest.mark.usefixtures("_at_once")
async def test_many_reasons_to_ask_again_are_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, capabilities=REFRESHED)
    desk.editor.pulled()
    for _ in range(5):
        desk.editor.refresh()
    assert await asked_again(desk) == sorted(ASK_AGAIN)
    assert await asked_again(desk) == []
    desk.editor.refresh()
    assert await asked_again(desk) == sorted(ASK_AGAIN)


@pytest.mark.usefixtures("_at_once")
async def test_an_editor_is_not_asked_before_it_has_answered(tmp_path: Path) -> None:
    desk = Desk(tmp_path, capabilities=REFRESHED)
    desk.editor.refresh()
    assert len([m for m in await desk.peer.settle() if m.get("method") in ASK_AGAIN]) == 1
    desk.editor.refresh()
    assert await asked_again(desk) == ["workspace/codeLens/refresh"]
    assert await asked_again(desk) == ["workspace/codeLens/refresh"], "now it has"


@pytest.mark.usefixtures("_at_once")
async def test_who_does_not_ask_is_not_told_to_ask_again(tmp_path: Path) -> None:
    desk, unable = Desk(tmp_path, capabilities=REFRESHED), Desk(tmp_path)
    desk.editor.refresh()
    unable.editor.pulled()
    unable.editor.refresh()

    assert await asked_again(desk) == ["workspace/codeLens/refresh"]
    assert await asked_again(unable) == []


def hello(settings: JsonObject) -> JsonObject:
    return {"maestro": {"settings": settings}}


CAN_TELL = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


async def test_settings_are_asked_for_and_add_to_those_of_the_start(tmp_path: Path) -> None:
    start = hello({"logLevel": "debug", "stream": {"maxLatencyMs": 5}})
    desk = Desk(tmp_path, initializationOptions=start, capabilities=CAN_TELL)
    configuration = desk.configuration()
    assert configuration.current.log_level == "debug"
    pulling = asyncio.create_task(configuration.pull())
    await desk.answer("workspace/configuration", [{"stream": {"maxLatencyMs": 7}, "audit": None}])

    settings = await pulling
    assert (settings.log_level, settings.stream.max_latency_ms) == ("debug", 7)
    assert configuration.push(None).stream.max_latency_ms == 5


@pytest.mark.parametrize("result", [[], None, [None], "x"])
async def test_an_editor_without_settings(result: object, tmp_path: Path) -> None:
    desk = Desk(tmp_path, capabilities=CAN_TELL)
    configuration = desk.configuration()
    pulling = asyncio.create_task(configuration.changed(None))
    await desk.answer("workspace/configuration", result)

    assert (await pulling).stream.max_latency_ms == 33


async def test_an_editor_that_refuses_to_tell(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(tmp_path, capabilities=CAN_TELL)
    configuration = desk.configuration()
    for work, method in (
        (configuration.pull, "workspace/configuration"),
        (configuration.watch, "client/registerCapability"),
    ):
        asking = asyncio.create_task(work())  # type: ignore[var-annotated, arg-type]
        call_id = [m["id"] for m in await desk.peer.settle() if m.get("method") == method][-1]
        desk.peer.send({"jsonrpc": "2.0", "id": call_id, "error": {"code": -32601, "message": ""}})
        await asking

    assert len(caplog.records) == 2


async def test_changes_are_pushed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    configuration = desk.configuration()
    await configuration.watch()
    pushed: JsonObject = {"settings": {"maestro": {"stream": {"maxLatencyMs": 9}}}}

    assert (await configuration.changed(pushed)).stream.max_latency_ms == 9
    assert (await configuration.changed({"settings": None})).stream.max_latency_ms == 9
    assert await desk.peer.settle() == []


async def test_changes_of_files_are_asked_for(tmp_path: Path) -> None:
    able = {"dynamicRegistration": True, "relativePatternSupport": True}
    desk = Desk(tmp_path, capabilities={"workspace": {"didChangeWatchedFiles": able}})
    asking = asyncio.create_task(desk.configuration().watch())
    await desk.answer("client/registerCapability", None)
    await asking
    [asked] = await desk.said("client/registerCapability")
    [registered] = asked["registrations"]  # type: ignore[misc]
    patterns = [watcher["globPattern"] for watcher in registered["registerOptions"]["watchers"]]  # type: ignore[index]

    assert registered["method"] == "workspace/didChangeWatchedFiles"  # type: ignore[index]
    assert patterns == [
        "**/.maestro.toml",
        {"baseUri": "file:///nowhere/config", "pattern": "config.toml"},
        {"baseUri": "file:///nowhere/data", "pattern": "openaicompat-providers.yaml"},
    ]


async def test_what_is_beside_findings_is_shown_with_them_and_taken_back_with_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    beside = types.Diagnostic(types.Range(types.Position(0, 0), types.Position(0, 1)), "Beside.")
    desk.editor.beside = lambda uri: [beside] if uri == "file:///a" else []
    desk.editor.publish("file:///a", 1, [])
    desk.editor.publish("file:///b", 1, [])
    desk.editor.pulled()
    shown = await desk.said("textDocument/publishDiagnostics")

    assert [(one["uri"], len(one["diagnostics"])) for one in shown] == [  # type: ignore[arg-type]
        ("file:///a", 1),
        ("file:///b", 0),
        ("file:///a", 0),
    ]


async def test_a_wrong_setting_is_told_once_and_the_others_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path, initializationOptions=hello({"stream": {"maxLatencyMs": "canary"}}))
    configuration = desk.configuration(MAESTRO_LOG_LEVEL="error")
    assert configuration.current.log_level == "error"
    for _ in range(2):
        assert configuration.push({}).log_level == "error"
    (message,) = await desk.said("window/showMessage")

    assert "`stream.maxLatencyMs`" in str(message["message"])
    assert "canary" not in str(message)


@pytest.mark.parametrize("misfit", ["x", -5, True, float("inf"), [1], None])
async def test_a_misfit_budget_leaves_the_last_good_one(tmp_path: Path, misfit: JsonValue) -> None:
    desk = Desk(tmp_path)
    configuration = desk.configuration()
    assert configuration.push({"budgets": {"day": 2, "turn": 1}}).budgets.day == 2
    misfits: JsonValue = {"day": misfit} if misfit is not None else "none"
    for _ in range(2):
        budgets = configuration.push({"budgets": misfits}).budgets
        assert (budgets.day, budgets.turn) == (2, 1)
    told = [str(one["message"]) for one in await desk.said("window/showMessage")]
    assert "`budgets" in told[0]
    assert told[1:] == ["Until what is wrong with `budgets` is mended, the budgets stay as they were."]
    assert configuration.push({"budgets": {"day": 3}}).budgets.day == 3
    assert configuration.push({}).budgets.day == 0


async def test_a_misfit_budget_at_the_start_is_said_not_to_hold(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    budgets = desk.configuration(MAESTRO_BUDGETS__DAY="1e400", MAESTRO_BUDGETS__CHAT="2").current.budgets
    assert (budgets.day, budgets.chat) == (0, 2)
    told = [str(one["message"]) for one in await desk.said("window/showMessage")]
    assert told[1:] == ["Until what is wrong with `budgets` is mended, that budget does not hold."]


async def test_what_stands_beside_a_misfit_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    configuration = desk.configuration(
        MAESTRO_RETRY__NETTWORK="3", MAESTRO_PROVIDERS__OPENAI__BASE_URL="http://here/v1"
    )
    mixed = configuration.push({"audit": {"consent": "never"}, "nonsense": 1, "stream": {"maxLatencyMs": 8}})
    assert (mixed.audit.consent, mixed.stream.max_latency_ms) == ("never", 8)
    assert mixed.provider("openai").base_url == "http://here/v1"
    assert configuration.push({}).stream.max_latency_ms == 33
    assert configuration.push({"nonsense": 1}).audit.consent == "ask"

    told = [str(one["message"]) for one in await desk.said("window/showMessage")]
    assert ["nonsense" in message for message in told] == [False, True, True]
    assert "`retry.nettwork`" in told[0]


async def test_a_wrong_environment_leaves_the_defaults(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.configuration(MAESTRO_LOG_LEVEL="canary").current.log_level == "info"
    (message,) = await desk.said("window/showMessage")

    assert "environment" in str(message["message"])
