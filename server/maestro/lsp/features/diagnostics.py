"""`textDocument/diagnostic` and `workspace/diagnostic`, for clients that ask; who has asked is told nothing unasked."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from lsprotocol import types

from maestro.app import Services
from maestro.lsp.diagnostics import result_id, to_lsp
from maestro.lsp.editor import LspEditor
from maestro.lsp.open_settings import OpenSettings
from maestro.lsp.protocol import StandardServer
from maestro_protocol.audit import Finding


class Shown(NamedTuple):
    """What is shown about a document. `version` is None while it is not open."""

    uri: str
    version: int | None
    findings: Sequence[Finding]
    result_id: str
    beside: Sequence[types.Diagnostic] = ()


_NOTHING = result_id(())


def register(server: StandardServer, services: Services, editor: LspEditor, settings: OpenSettings) -> None:
    """Answer with what is known by then; nothing is audited for it."""
    everything = Everything(services, settings)

    async def document(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        editor.pulled()
        beside = await settings.known(uri := params.text_document.uri)
        return document_report(services.findings.diagnostics(uri), params.previous_result_id, beside)

    def workspace(params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        editor.pulled()
        return types.WorkspaceDiagnosticReport(items=workspace_reports(params.previous_result_ids, everything.shown()))

    server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC)(document)
    server.feature(types.WORKSPACE_DIAGNOSTIC)(workspace)


class Everything:
    """What is shown about all documents, kept until something changes: some clients ask every two seconds."""

    def __init__(self, services: Services, settings: OpenSettings) -> None:
        self._services = services
        self._settings = settings
        self._kept: Sequence[Shown] | None = None
        services.findings.listen(self._forget)
        settings.listen(self._forget)
        services.texts.listen(lambda text, edits: self._forget())

    def shown(self) -> Sequence[Shown]:
        """Only documents with something that is shown."""
        if self._kept is None:
            found, beside = self._services.findings.shown(), self._settings.shown()
            self._kept = [self._shown(uri, found.get(uri, ()), beside.get(uri, ())) for uri in {**found, **beside}]
        return self._kept

    def _shown(self, uri: str, findings: Sequence[Finding], beside: Sequence[types.Diagnostic]) -> Shown:
        return Shown(uri, self._version(uri), findings, result_id(findings, beside), beside)

    def _version(self, uri: str) -> int | None:
        return None if (text := self._services.texts.get(uri)) is None else text.version

    def _forget(self) -> None:
        self._kept = None


def document_report(
    findings: Sequence[Finding], previous: str | None, beside: Sequence[types.Diagnostic] = ()
) -> types.DocumentDiagnosticReport:
    """The diagnostics, unless they are those the client has."""
    if (now := result_id(findings, beside)) == previous:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=now)
    return types.RelatedFullDocumentDiagnosticReport(items=[*to_lsp(findings), *beside], result_id=now)


def workspace_reports(
    previous: Sequence[types.PreviousResultId], shown: Sequence[Shown]
) -> list[types.WorkspaceDocumentDiagnosticReport]:
    """A report for each document with findings, and for each the client knows findings of that are gone.

    URIs are spelled as the client does.
    """
    known = {unquote(one.uri): one for one in previous}
    places = {key: Shown(one.uri, None, (), _NOTHING) for key, one in known.items()}
    for one in shown:
        key = unquote(one.uri)
        places[key] = one._replace(uri=known[key].uri) if key in known else one
    return [_report(one, known[key].value if key in known else None) for key, one in places.items()]


def _report(shown: Shown, previous: str | None) -> types.WorkspaceDocumentDiagnosticReport:
    uri, version, findings, now, beside = shown
    if now == previous:
        return types.WorkspaceUnchangedDocumentDiagnosticReport(uri=uri, version=version, result_id=now)
    return types.WorkspaceFullDocumentDiagnosticReport(
        uri=uri, version=version, items=[*to_lsp(findings), *beside], result_id=now
    )
