"""The editor as the services see it."""

import asyncio
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.lsp.configuration import Configuration
from maestro.lsp.editor import LARGEST_FILE, LspEditor
from maestro.lsp.features import text_document
from maestro.lsp.handshake import read
from maestro.lsp.protocol import StandardProtocol, StandardServer
from maestro_protocol.audit import Finding, Provenance
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Position, Range
from maestro_protocol.status import StatusDidChangeParams
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


def code(error: pytest.ExceptionInfo[MaestroError]) -> int:
    return error.value.code


async def test_an_open_document_is_what_the_editor_shows(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "a b.py").write_text("disk")
    uri = (tmp_path / "a b.py").as_uri()
    opened = {"uri": uri, "languageId": "python", "version": 3, "text": "typed"}
    await desk.protocol.notice("textDocument/didOpen", {"textDocument": opened})
    document = desk.editor.document(uri)

    assert (document.text, document.version, document.language, document.uri) == ("typed", 3, "python", uri)
    assert desk.editor.trusted and desk.editor.position_encoding == "utf-16"


@pytest.mark.parametrize(
    ("name", "language"), [("a.py", "python"), ("a.go", "go"), ("Makefile", "plaintext"), ("a.H", "c")]
)
async def test_a_closed_document_is_read_from_the_workspace(name: str, language: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("\ufefftext é")
    document = Desk(tmp_path).editor.document((tmp_path / name).as_uri())

    assert (document.text, document.version, document.language) == ("text é", None, language)


async def test_nothing_outside_the_workspace_is_read(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "in-side"
    inside.mkdir()
    outside.mkdir()
    (outside / "a.py").write_text("secret")
    (inside / "link.py").symlink_to(outside / "a.py")
    (inside / "folder").symlink_to(outside)
    editor = Desk(inside).editor
    for path in (outside / "a.py", inside / "link.py", inside / "folder" / "a.py", inside / ".." / "in-side" / "a.py"):
        with pytest.raises(MaestroError) as error:
            editor.document("file://" + str(path))
        assert code(error) == 4406
    with pytest.raises(MaestroError) as error:
        Desk(inside, rootUri=None).editor.document((inside / "link.py").as_uri())
    assert code(error) == 4406


async def test_what_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    editor = Desk(tmp_path).editor
    uris = [(tmp_path / name).as_uri() for name in ("binary", "folder", "large", "missing")]
    for uri in (*uris, "untitled:1", "file:///a%00b"):
        with pytest.raises(MaestroError) as error:
            editor.document(uri)
        assert code(error) == 4601, uri


async def test_a_workspace_folder_counts_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x")
    desk = Desk(tmp_path, rootUri=None, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "x"}])

    assert desk.editor.document((tmp_path / "a.py").as_uri()).text == "x"


async def test_notifications_and_messages(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.editor.notify("maestro/status/didChange", StatusDidChangeParams(state="normal", message="m"))
    desk.editor.show("warning")
    desk.editor.show("error", error=True)

    assert await desk.said("maestro/status/didChange") == [{"state": "normal", "message": "m"}]
    assert [one["type"] for one in await desk.said("window/showMessage")] == [2, 1]


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


async def test_diagnostics_go_with_the_document(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    text_document.register(desk.server, desk.editor)
    desk.editor.publish("file:///a", 3, [finding("file:///a")])
    desk.editor.publish("file:///b", None, [])
    for uri in ("file:///a", "file:///b", "file:///a"):
        await desk.protocol.notice("textDocument/didClose", {"textDocument": {"uri": uri}})
    said = await desk.said("textDocument/publishDiagnostics")

    assert [(one["uri"], one.get("version"), len(one["diagnostics"])) for one in said] == [  # type: ignore[arg-type]
        ("file:///a", 3, 1),
        ("file:///b", None, 0),
        ("file:///a", None, 0),
    ]


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


async def test_a_wrong_setting_is_told_once_and_the_others_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path, initializationOptions=hello({"stream": {"maxLatencyMs": "canary"}}))
    configuration = desk.configuration(MAESTRO_LOG_LEVEL="error")
    assert configuration.current.log_level == "error"
    for _ in range(2):
        assert configuration.push({}).log_level == "error"
    (message,) = await desk.said("window/showMessage")

    assert "`stream.maxLatencyMs`" in str(message["message"])
    assert "canary" not in str(message)


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
