"""The server under a stock language client: what every editor does, with nothing of ours in between."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient
from pytest_lsp.client import make_test_lsp_client

from tests.e2e.environment import environment

PYTHON = "import os\nimport sys\n\nprint(sys.argv)\n"
CAPABILITIES = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(
            version_support=True,
            data_support=True,
            code_description_support=True,
            related_information=True,
            tag_support=types.ClientDiagnosticsTagOptions(
                value_set=[types.DiagnosticTag.Unnecessary, types.DiagnosticTag.Deprecated]
            ),
        )
    ),
    window=types.WindowClientCapabilities(work_done_progress=True),
)


def client_without_a_progress_reader() -> LanguageClient:
    """pytest-lsp knows only work-done progress; stream events are kept as they come."""
    client = make_test_lsp_client()
    del client.protocol.fm.features[types.PROGRESS]
    client.stream_values = []

    @client.feature(types.PROGRESS)
    def on_progress(params: types.ProgressParams) -> None:
        client.stream_values.append(params.value)

    return client


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[LanguageClient]:
    command = [sys.executable, "-m", "maestro", "lsp", "--stdio"]
    config = ClientServerConfig(command, client_without_a_progress_reader, environment(tmp_path))
    client = await config.start()
    folder = types.WorkspaceFolder(tmp_path.as_uri(), "workspace")
    params = types.InitializeParams(capabilities=CAPABILITIES, workspace_folders=[folder], root_uri=tmp_path.as_uri())
    client.result = await client.initialize_session(params)
    yield client
    await client.shutdown_session()
    assert client._server.returncode == 0
    await client.stop()
    assert client.error is None


def open_document(client: LanguageClient, path: Path, text: str = PYTHON, version: int = 1) -> str:
    path.write_text(text)
    item = types.TextDocumentItem(path.as_uri(), "python", version, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    return item.uri


async def audit(client: LanguageClient, uri: str) -> object:
    params = {"target": {"uri": uri}}
    return await asyncio.wait_for(client.protocol.send_request_async("maestro/audit/run", params), 30)


def published(client: LanguageClient, uri: str) -> list[types.Diagnostic]:
    return list(client.diagnostics.get(uri, []))


@pytest.mark.asyncio
async def test_capabilities(client: LanguageClient) -> None:
    capabilities = client.result.capabilities
    sync = capabilities.text_document_sync
    kind = sync.change if isinstance(sync, types.TextDocumentSyncOptions) else sync

    assert kind == types.TextDocumentSyncKind.Incremental
    assert "maestro.audit.file" in capabilities.execute_command_provider.commands
    assert client.result.server_info.name == "maestro"
    assert client.result.server_info.version


@pytest.mark.asyncio
async def test_audit_publishes_diagnostics(client: LanguageClient, tmp_path: Path) -> None:
    uri = open_document(client, tmp_path / "sample.py")

    result = await audit(client, uri)

    assert result.status == "complete"
    [unused] = [d for d in published(client, uri) if d.range.start.line == 0]
    assert unused.source == "maestro"
    assert "os" in unused.message
    assert unused.code
    assert unused.range.end.line == 0


@pytest.mark.asyncio
async def test_audit_sees_what_was_typed(client: LanguageClient, tmp_path: Path) -> None:
    """Incremental sync: the first line goes away, the next change is counted in UTF-16 units."""
    uri = open_document(client, tmp_path / "sample.py", "import os\nemoji = '😀'; import re\n")
    gone = types.TextDocumentContentChangePartial(
        range=types.Range(types.Position(0, 0), types.Position(1, 0)), text=""
    )
    renamed = types.TextDocumentContentChangePartial(
        range=types.Range(types.Position(0, 21), types.Position(0, 23)), text="json"
    )
    identifier = types.VersionedTextDocumentIdentifier(version=2, uri=uri)
    client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [gone, renamed]))

    await audit(client, uri)

    [unused] = [d for d in published(client, uri) if "json" in d.message]
    assert (unused.range.start.line, unused.range.end.line) == (0, 0)
    assert unused.range.end.character == len("emoji = '??'; import json"), "the emoji counts as two"


@pytest.mark.asyncio
async def test_audited_clean_document_is_published_empty(client: LanguageClient, tmp_path: Path) -> None:
    uri = open_document(client, tmp_path / "clean.py", '"""Nothing wrong here."""\n')

    result = await audit(client, uri)

    assert (result.status, result.findings) == ("complete", [])
    assert published(client, uri) == []
    assert uri in client.diagnostics


@pytest.mark.asyncio
async def test_closing_a_document_clears_its_diagnostics(client: LanguageClient, tmp_path: Path) -> None:
    uri = open_document(client, tmp_path / "sample.py")
    await audit(client, uri)
    assert published(client, uri)

    waiting = client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
    await asyncio.wait_for(waiting, 30)

    assert published(client, uri) == []


@pytest.mark.asyncio
async def test_command_audits_and_returns_at_once(client: LanguageClient, tmp_path: Path) -> None:
    uri = open_document(client, tmp_path / "sample.py")
    waiting = client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

    await client.workspace_execute_command_async(types.ExecuteCommandParams("maestro.audit.file", [uri]))

    await asyncio.wait_for(waiting, 30)
    assert published(client, uri)


@pytest.mark.asyncio
async def test_unknown_command_is_refused(client: LanguageClient) -> None:
    with pytest.raises(Exception, match="command"):
        await client.workspace_execute_command_async(types.ExecuteCommandParams("no.such.command"))


@pytest.mark.asyncio
async def test_stream_values_are_no_work_done_progress(client: LanguageClient) -> None:
    params = {"messages": [{"role": "user", "content": "hi"}], "partialResultToken": "t"}

    await asyncio.wait_for(client.protocol.send_request_async("maestro/chat/complete", params), 30)

    assert client.stream_values[0]["type"] == "turn.started"
    assert client.stream_values[-1]["type"] == "turn.completed"


@pytest.mark.asyncio
async def test_built_in_notifications_still_work(client: LanguageClient, tmp_path: Path) -> None:
    """P19: overriding a built-in must not unregister it."""
    uri = open_document(client, tmp_path / "sample.py")
    client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
    client.set_trace(types.SetTraceParams(types.TraceValue.Verbose))
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"maestro": {}}))
    event = types.WorkspaceFoldersChangeEvent(added=[], removed=[])
    client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

    assert (await audit(client, uri)).status == "complete"
