"""pygls as a codec: its built-ins, our dispatch."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from maestro.lsp.handshake import read
from maestro.lsp.initialize import structure_initialize
from maestro.lsp.messages import RpcError
from maestro.lsp.protocol import StandardProtocol, StandardServer
from maestro_protocol.base import JsonObject
from tests.unit.lsp.peer import Peer, RecordingBackend

URI = "file:///work/a.py"

BUILT_IN = {
    "exit",
    "initialize",
    "initialized",
    "notebookDocument/didChange",
    "notebookDocument/didClose",
    "notebookDocument/didOpen",
    "shutdown",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didOpen",
    "$/setTrace",
    "window/workDoneProgress/cancel",
    "workspace/didChangeWorkspaceFolders",
    "workspace/executeCommand",
}


def protocol(params: JsonObject | None = None) -> StandardProtocol:
    protocol = StandardServer().protocol
    protocol.open_workspace(read(params or {}, {"MAESTRO_HOME": "/nowhere"}))
    protocol.commands = {}
    return protocol


def opened(text: str, version: int = 1) -> JsonObject:
    return {"textDocument": {"uri": URI, "languageId": "python", "version": version, "text": text}}


def change(version: int, *changes: JsonObject) -> JsonObject:
    return {"textDocument": {"uri": URI, "version": version}, "contentChanges": list(changes)}


def span(line: int, start: int, end_line: int, end: int) -> JsonObject:
    return {"start": {"line": line, "character": start}, "end": {"line": end_line, "character": end}}


def test_no_override_unregistered_a_built_in() -> None:
    assert set(protocol().fm.builtin_features) == BUILT_IN


def test_structure_message_leaves_everything_alone() -> None:
    message: JsonObject = {"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover"}

    assert protocol().structure_message(message) is message
    with pytest.raises(AssertionError):
        protocol().handle_message(message)


@pytest.mark.asyncio
async def test_text_is_kept_in_step() -> None:
    standard = protocol()
    await standard.notice("textDocument/didOpen", opened("one\ntwo\n"))
    await standard.notice("textDocument/didChange", change(2, {"range": span(1, 0, 1, 3), "text": "2"}, {"text": "x"}))
    document = standard.workspace.text_documents[URI]
    assert (document.source, document.version) == ("x", 2)
    await standard.notice("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert URI not in standard.workspace.text_documents


@pytest.mark.asyncio
@pytest.mark.parametrize("odd", ["\f", "\x1c", "\u2028", "\x85"])
async def test_only_line_ends_of_the_specification_end_lines(odd: str) -> None:
    standard = protocol()
    await standard.notice("textDocument/didOpen", opened(f"a{odd}b\nsecond\n"))
    await standard.notice("textDocument/didChange", change(2, {"range": span(1, 0, 1, 6), "text": "2nd"}))

    assert standard.workspace.text_documents[URI].source == f"a{odd}b\n2nd\n"


@given(
    st.text(alphabet="ab\n\r\f é🎼", max_size=20),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5),
)
@settings(deadline=None, max_examples=50)
def test_any_edit_is_applied_where_the_editor_means_it(text: str, edits: list[tuple[int, int]]) -> None:
    """The model is a string; positions are counted here without pygls."""

    async def scenario() -> None:
        standard, model = protocol(), text
        await standard.notice("textDocument/didOpen", opened(text))
        for version, cuts in enumerate(edits, 2):
            start, end = sorted(_between_line_ends(model, cut % (len(model) + 1)) for cut in cuts)
            range_ = {"start": _position(model, start), "end": _position(model, end)}
            model = model[:start] + "new\n" + model[end:]
            await standard.notice("textDocument/didChange", change(version, {"range": range_, "text": "new\n"}))
            assert standard.workspace.text_documents[URI].source == model

    asyncio.run(scenario())


def _between_line_ends(text: str, offset: int) -> int:
    """No position stands between the two halves of a CRLF."""
    return offset - 1 if text[offset - 1 : offset + 1] == "\r\n" else offset


def _position(text: str, offset: int) -> JsonObject:
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n")
    column = before[before.rfind("\n") + 1 :]
    return {"line": line, "character": len(column.encode("utf-16-le")) // 2}


@pytest.mark.asyncio
async def test_misfits_are_errors_for_requests_and_for_the_log_otherwise() -> None:
    standard = protocol()
    for params in (None, [], {"command": 3, "arguments": "canary"}):
        with pytest.raises(RpcError) as caught:
            await standard.answer("workspace/executeCommand", params)
        assert caught.value.code == -32602
        assert "canary" not in str(caught.value)
    with pytest.raises(RpcError):
        await standard.notice("textDocument/didOpen", {})
    with pytest.raises(RpcError) as caught:
        await standard.answer("workspace/executeCommand", {"command": "canary"})
    assert caught.value.code == -32602 and "canary" not in str(caught.value)


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["textDocument/hover", "no/such", "textDocument/didOpen", "$/cancelRequest", ""])
async def test_what_is_not_there_is_not_found(method: str) -> None:
    with pytest.raises(RpcError) as caught:
        await protocol().answer(method, {})
    assert caught.value.code == -32601


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["no/such", "textDocument/hover", "$/x"])
async def test_notifications_nobody_knows_are_ignored(method: str) -> None:
    await protocol().notice(method, {"any": "thing"})


@pytest.mark.asyncio
async def test_commands_and_features_answer() -> None:
    standard = protocol()
    called: list[object] = []
    standard.commands = {"run": called.append}
    assert await standard.answer("workspace/executeCommand", {"command": "run", "arguments": [1]}) == b"null"
    assert called == [(1,)]

    @standard._server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover:
        return types.Hover(contents=params.text_document.uri)

    position = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    assert json.loads(await standard.answer("textDocument/hover", position)) == {"contents": URI}


@pytest.mark.asyncio
async def test_pygls_speaks_through_our_outbox_and_our_table() -> None:
    peer, standard = Peer(RecordingBackend()), protocol()
    standard.connection, standard.outbox = peer.connection, peer.outbox
    standard._server.window_show_message(types.ShowMessageParams(types.MessageType.Info, "hello"))
    asking = asyncio.ensure_future(standard._server.window_show_document_async(types.ShowDocumentParams("https://x")))
    messages = await peer.settle()
    peer.send({"jsonrpc": "2.0", "id": messages[1]["id"], "result": {"success": True}})

    assert messages[0]["params"] == {"type": 3, "message": "hello"}
    assert await asking == {"success": True}
    assert not standard._request_futures


def test_exceptions_are_not_shown_to_the_user(caplog: pytest.LogCaptureFixture) -> None:
    StandardServer().report_server_error(ValueError("canary"), ValueError)

    assert "ValueError" in caplog.text and "canary" not in caplog.text


NEWER: JsonObject = {
    "processId": 1,
    "rootUri": "file:///root",
    "trace": "telepathic",
    "capabilities": {
        "textDocument": {
            "completion": {
                "completionItem": {"tagSupport": {"valueSet": [*range(90, 101), 1]}, "snippetSupport": True}
            },
            "future": {"x": 1},
        },
        "workspace": {"workspaceEdit": {"failureHandling": "timeTravel", "resourceOperations": ["teleport", "create"]}},
        "window": {"workDoneProgress": True},
    },
}


def test_a_newer_client_keeps_what_is_understood() -> None:
    params = structure_initialize(NEWER, StandardServer().protocol._converter)

    assert params.root_uri == "file:///root"
    assert params.trace is None
    capabilities = params.capabilities
    assert capabilities.window and capabilities.window.work_done_progress
    completion = capabilities.text_document and capabilities.text_document.completion
    assert completion and completion.completion_item and completion.completion_item.snippet_support
    assert completion.completion_item.tag_support
    assert completion.completion_item.tag_support.value_set == (types.CompletionItemTag.Deprecated,)
    edit = capabilities.workspace and capabilities.workspace.workspace_edit
    assert edit and edit.failure_handling is None
    assert edit.resource_operations == (types.ResourceOperationKind.Create,)
    assert NEWER["trace"] == "telepathic", "the original stays as it was"


@pytest.mark.parametrize("params", [{}, {"capabilities": 3}, {"capabilities": {}, "workspaceFolders": 7}])
def test_hopeless_params_are_no_params(params: JsonObject) -> None:
    structured = structure_initialize(params, StandardServer().protocol._converter)

    assert structured.capabilities == types.ClientCapabilities()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["processId", "rootUri", "capabilities", "workspaceFolders", "trace", "clientInfo", "locale"])
PARTS = st.sampled_from(["general", "workspace", "textDocument", "window", "notebookDocument", "experimental"])


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(PARTS, VALUES))
@settings(deadline=None, max_examples=100)
def test_nothing_a_client_says_is_refused(params: JsonObject, capabilities: JsonObject) -> None:
    protocol({**params, "capabilities": capabilities} if capabilities else params)


def test_folders_of_the_workspace(tmp_path: Path) -> None:
    folders = [{"uri": tmp_path.as_uri(), "name": "a"}]
    workspace = protocol({"rootPath": "/old", "capabilities": {}, "workspaceFolders": folders}).workspace

    assert workspace.root_uri == "file:///old"
    assert list(workspace.folders) == [tmp_path.as_uri()]
