"""What `initialize` says and hears, in plain JSON."""

from pathlib import Path

import pytest
from lsprotocol import types
from pydantic import JsonValue
from pygls.capabilities import ServerCapabilitiesBuilder

from maestro.lsp.handshake import COMMANDS, read, result, unsupported_version
from maestro.lsp.limits import Limits, read_limits
from maestro.lsp.protocol import StandardServer
from maestro_protocol.base import JsonObject
from maestro_protocol.handshake import ServerHello


def home(tmp_path: Path, toml: str | None = None) -> dict[str, str]:
    if toml is not None:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "config.toml").write_text(toml)
    return {"MAESTRO_HOME": str(tmp_path)}


def with_hello(**hello: JsonValue) -> JsonObject:
    return {"capabilities": {}, "initializationOptions": {"maestro": hello}}


def test_an_editor_without_a_client_of_ours_is_welcome(tmp_path: Path) -> None:
    handshake = read({}, home(tmp_path))

    assert handshake.supported and handshake.trusted
    assert handshake.settings == {}
    assert handshake.process_id is None and handshake.max_latency_ms is None
    assert handshake.position_encoding == "utf-16"
    assert handshake.limits == Limits()


@pytest.mark.parametrize(
    ("versions", "supported"), [([1], True), ([9, 1], True), ([2], False), ([], False), ("1", False), (None, False)]
)
def test_versions(versions: JsonValue, supported: bool, tmp_path: Path) -> None:
    assert read(with_hello(protocolVersions=versions), home(tmp_path)).supported is supported


def test_initialization_options_win_over_capabilities(tmp_path: Path) -> None:
    params = with_hello(trusted=False, settings={"a": 1})
    params["capabilities"] = {"experimental": {"maestro": {"trusted": True, "clientId": "x", "settings": "odd"}}}
    handshake = read(params, home(tmp_path))

    assert not handshake.trusted
    assert handshake.hello["clientId"] == "x"
    assert handshake.settings == {"a": 1}


@pytest.mark.parametrize(
    ("latency", "expected"), [(0, 0), (250, 250), (251, None), (-1, None), ("33", None), (None, None)]
)
def test_latency(latency: JsonValue, expected: int | None, tmp_path: Path) -> None:
    hello = with_hello(features={"stream": {"maxLatencyMs": latency}, "unheardOf": 1})
    assert read(hello, home(tmp_path)).max_latency_ms == expected


@pytest.mark.parametrize(("process_id", "expected"), [(5, 5), (0, None), (-1, None), ("5", None), (None, None)])
def test_process_id(process_id: JsonValue, expected: int | None, tmp_path: Path) -> None:
    assert read({"processId": process_id}, home(tmp_path)).process_id == expected


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-64", "utf-32"], "utf-32"),
        (["utf-64", 7], "utf-16"),
        ("utf-8", "utf-16"),
        (None, "utf-16"),
    ],
)
def test_position_encoding(offered: JsonValue, chosen: str, tmp_path: Path) -> None:
    params: JsonObject = {"capabilities": {"general": {"positionEncodings": offered}}}
    answer = result(read(params, home(tmp_path)))

    assert answer["capabilities"]["positionEncoding"] == chosen  # type: ignore[index, call-overload]


def test_capabilities_of_the_client(tmp_path: Path) -> None:
    handshake = read({"capabilities": {"window": {"workDoneProgress": True, "x": 1}}}, home(tmp_path))

    assert handshake.can("window", "workDoneProgress")
    assert not handshake.can("window", "x")
    assert not handshake.can("window", "workDoneProgress", "deeper")


REFRESHED: JsonObject = {"diagnostics": {"refreshSupport": True}}


@pytest.mark.parametrize(
    ("document", "workspace", "pulls"),
    [
        ({"diagnostic": {}}, REFRESHED, True),
        ({"diagnostic": {"dynamicRegistration": True}}, REFRESHED, True),
        ({"diagnostic": {}}, {}, False),
        ({}, REFRESHED, False),
        ({"diagnostic": True}, REFRESHED, False),
        ({"diagnostic": {}}, {"diagnostics": {"refreshSupport": 1}}, False),
    ],
)
def test_who_may_ask_for_diagnostics(document: JsonObject, workspace: JsonObject, pulls: bool, tmp_path: Path) -> None:
    params: JsonObject = {"capabilities": {"textDocument": document, "workspace": workspace}}
    capabilities = result(read(params, home(tmp_path)))["capabilities"]
    assert isinstance(capabilities, dict)

    assert ("diagnosticProvider" in capabilities) is pulls


def test_neovim_is_told_of_diagnostics_unasked(tmp_path: Path) -> None:
    client: JsonObject = {"textDocument": {"diagnostic": {}}, "workspace": REFRESHED}

    assert read({"capabilities": client}, home(tmp_path)).pulls
    assert not read({"capabilities": client, "clientInfo": {"name": "Neovim"}}, home(tmp_path)).pulls


@pytest.mark.parametrize(("literals", "kinds"), [({"codeActionKind": {}}, True), (None, False), (True, False)])
def test_kinds_are_for_clients_that_know_actions(literals: JsonValue, kinds: bool, tmp_path: Path) -> None:
    params: JsonObject = {
        "capabilities": {"textDocument": {"codeAction": {"codeActionLiteralSupport": literals}}},
    }
    capabilities = result(read(params, home(tmp_path)))["capabilities"]
    assert isinstance(capabilities, dict)

    assert isinstance(capabilities["codeActionProvider"], dict) is kinds


def test_lists_in_capabilities(tmp_path: Path) -> None:
    params: JsonObject = {"capabilities": {"a": {"b": ["x", 1], "c": "x"}}}
    handshake = read(params, home(tmp_path))

    assert handshake.lists("x", "a", "b") and handshake.lists(1, "a", "b")
    assert not handshake.lists("y", "a", "b") and not handshake.lists("x", "a", "c") and not handshake.lists("x", "b")


def test_the_answer_is_what_the_types_say(tmp_path: Path) -> None:
    """It is written by hand; pygls and the vocabulary must agree with it."""
    literals: JsonObject = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
    client: JsonObject = {"textDocument": {"diagnostic": {}, "codeAction": literals}, "workspace": REFRESHED}
    answer = result(read({"capabilities": client}, home(tmp_path)))
    server = StandardServer()
    structured = server.protocol._converter.structure(answer, types.InitializeResult)
    features = {*server.protocol.fm.builtin_features, *server.protocol.fm.features, types.TEXT_DOCUMENT_DID_SAVE}
    built = ServerCapabilitiesBuilder(
        types.ClientCapabilities(), features, {}, list(COMMANDS), types.TextDocumentSyncKind.Incremental
    ).build()
    ours = structured.capabilities

    assert ours.execute_command_provider and built.execute_command_provider
    assert list(ours.execute_command_provider.commands) == list(built.execute_command_provider.commands)
    assert isinstance(ours.text_document_sync, types.TextDocumentSyncOptions)
    assert isinstance(built.text_document_sync, types.TextDocumentSyncOptions)
    assert ours.text_document_sync.change == built.text_document_sync.change
    assert ours.text_document_sync.open_close == built.text_document_sync.open_close
    assert ours.workspace is not None and built.workspace is not None
    assert ours.workspace.workspace_folders == built.workspace.workspace_folders
    assert ours.workspace.file_operations is not None
    assert ours.workspace.file_operations.did_rename == ours.workspace.file_operations.did_delete
    assert ours.diagnostic_provider == types.DiagnosticOptions(False, True, "maestro")
    assert ours.code_action_provider == types.CodeActionOptions(
        code_action_kinds=(types.CodeActionKind.QuickFix, "source.fixAll.maestro"), resolve_provider=True
    )
    assert ours.code_lens_provider == types.CodeLensOptions(resolve_provider=False)
    assert ours.hover_provider is True
    hello = ServerHello.model_validate(ours.experimental["maestro"])
    assert hello.limits.max_active_turns == 256
    assert unsupported_version().data["supported"] == [1]


def test_limits_come_from_file_environment_and_editor(tmp_path: Path) -> None:
    variables = home(tmp_path, "[limits]\nmaxMessageBytes = 70000\nmax_active_turns = 2\n")

    assert read_limits(None, variables) == Limits(70_000, 2)
    variables["MAESTRO_LIMITS__MAX_ACTIVE_TURNS"] = "3"
    assert read_limits(None, variables) == Limits(70_000, 3)
    assert read_limits({"maxActiveTurns": 4}, variables) == Limits(70_000, 4)


@pytest.mark.parametrize(
    "toml", [None, "", "limits = 3", "[limits", "[limits]\nmaxMessageBytes = 1\nmaxActiveTurns = 'x'"]
)
def test_limits_that_do_not_fit_are_passed_over(toml: str | None, tmp_path: Path) -> None:
    variables = home(tmp_path, toml)
    variables["MAESTRO_LIMITS__MAX_ACTIVE_TURNS"] = "many"

    assert read_limits({"maxActiveTurns": 0, "maxMessageBytes": "x"}, variables) == Limits()
