"""`maestro.audit.*` of `workspace/executeCommand`."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from maestro.lsp.commands import Command, Start, at_most, optional_text_at, range_at, text_at
from maestro.lsp.context import RequestContext
from maestro.lsp.editor import LspEditor
from maestro.lsp.features.audit import audit_clear, audit_run
from maestro_protocol.audit import AuditClearParams, AuditResult, AuditRunParams, AuditTarget

_DOCUMENT, _FOLDER = "the document's URI", "a folder's URI"


def audit_commands(start: Start, editor: LspEditor) -> Mapping[str, Command]:
    """Audits whose findings come as diagnostics; what keeps one from being complete is shown."""

    def begin(target: AuditTarget) -> None:
        async def run(context: RequestContext) -> None:
            result = await audit_run(AuditRunParams(target=target), context)
            if (message := shortfall(result)) is not None:
                editor.show(message, error=result.status == "failed")

        start(run)

    def file(arguments: Sequence[JsonValue]) -> None:
        at_most(arguments, 1)
        begin(AuditTarget(uri=text_at(arguments, 0, _DOCUMENT)))

    def lines(arguments: Sequence[JsonValue]) -> None:
        at_most(arguments, 2)
        begin(AuditTarget(uri=text_at(arguments, 0, _DOCUMENT), range=range_at(arguments, 1)))

    def workspace(arguments: Sequence[JsonValue]) -> None:
        at_most(arguments, 1)
        if (folder := optional_text_at(arguments, 0, _FOLDER)) is not None:
            begin(AuditTarget(workspace_folder=folder))
        elif editor.folders:
            begin(AuditTarget(uris=[*editor.folders]))
        else:
            editor.show("No folder is open; open one, or audit a single file.", error=True)

    def clear(arguments: Sequence[JsonValue]) -> None:
        at_most(arguments, 1)
        uri = optional_text_at(arguments, 0, _DOCUMENT)
        params = AuditClearParams(uris=None if uri is None else [uri])
        start(lambda context: audit_clear(params, context))

    return {
        "maestro.audit.file": file,
        "maestro.audit.range": lines,
        "maestro.audit.workspace": workspace,
        "maestro.audit.clear": clear,
    }


def shortfall(result: AuditResult) -> str | None:
    """Why an audit says less than it was asked for, as a sentence; None of a complete one."""
    if result.status == "complete":
        return None
    reasons = (chunk.reason for chunk in result.chunks if chunk.status != "reviewed" and chunk.reason)
    reason = result.error.message if result.error else next(reasons, "Run it again.")
    return f"{_SHORT[result.status]} {reason}"


_SHORT = {
    "partial": "The audit is incomplete.",
    "failed": "The audit failed.",
    "skipped": "Nothing was audited.",
    "cancelled": "The audit was stopped.",
}
