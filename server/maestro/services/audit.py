"""Audits: which document, with whose consent, by which model, and what the editor gets to see of the result."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from maestro import provider
from maestro.audit.catalogue import enabled
from maestro.audit.limits import refusal
from maestro.audit.positions import from_range
from maestro.audit.source import AuditSource
from maestro.audit.violations import scope_violation
from maestro.editor import Document, Editor
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.consent import Consent
from maestro.services.models import ModelService, Target
from maestro.services.sink import EventSink
from maestro.services.status import StatusService
from maestro.workspace.gate import Gate
from maestro_protocol.audit import AuditResult, AuditRunParams, Finding
from maestro_protocol.base import WireModel
from maestro_protocol.chat import Range
from maestro_protocol.errors import ErrorInfo
from maestro_protocol.events import AuditCompleted, AuditFindings, AuditStarted
from maestro_protocol.intents import IntentRecord

_OUTDATED = "The document changed meanwhile, so these findings are not shown; run the audit again."


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the editor shows of a document, and for which text."""

    document: Document
    findings: list[Finding]


class AuditService:
    def __init__(
        self,
        runtime: Runtime,
        models: ModelService,
        status: StatusService,
        editor: Editor,
        gate: Gate,
    ) -> None:
        self._runtime = runtime
        self._models = models
        self._status = status
        self._editor = editor
        self._gate = gate
        self._consent = Consent(runtime, editor)
        self._shown: dict[str, _Shown] = {}

    async def run(self, params: AuditRunParams, events: EventSink | None = None) -> AuditResult:
        """Audit one document and show the findings as its diagnostics.

        Exactly one terminal event follows `audit.started`, whatever happens. What goes wrong after the first request
        to the provider is told in the result.

        Raises:
            MaestroError: before that: 4601 for what cannot be audited, 4603 without consent, 4001 and the like for
                the session and the model, -32602 for unknown rules, 4406 outside the workspace.
        """
        document = await self._gate.document(_uri(params))
        source = AuditSource(document.uri, document.text, document.language)
        if (reason := refusal(source)) is not None:
            raise MaestroError("auditTargetInvalid", reason)
        enabled(params.rules)
        target = await self._target(params)
        await self._agree(target)
        audit_id = f"aud_{uuid4().hex[:16]}"
        with self._status.busy(f"Auditing {source.name}"):
            _send(events, AuditStarted(audit_id=audit_id))
            try:
                result = await self._audit(audit_id, source, target, params)
                result = await self._show(document, params.target.range, result)
            except asyncio.CancelledError:
                _send(events, AuditCompleted(audit_id=audit_id, status="cancelled"))
                raise
            except BaseException as failure:
                _send(events, AuditCompleted(audit_id=audit_id, status="failed", error=_info(failure)))
                raise
            if result.findings:
                _send(events, AuditFindings(audit_id=audit_id, findings=result.findings))
            _send(events, AuditCompleted(audit_id=audit_id, status=result.status, error=result.error))
        return result

    async def report_violation(self, uri: str, record: IntentRecord) -> None:
        """Show that a tool changed a document outside its declared scope, until the document is audited or closed."""
        try:
            document = await self._gate.document(uri)
        except MaestroError:
            return  # deleted, or no text
        finding = scope_violation(uri, document.text, record)
        shown = self._shown.get(uri)
        others = [one for one in shown.findings if one.id != finding.id] if shown and shown.document == document else []
        self._shown[uri] = _Shown(document, [*others, finding])
        self._editor.publish(uri, document.version, [*others, finding])

    def findings(self) -> Mapping[str, Sequence[Finding]]:
        """What the editor shows now, by URI."""
        return {uri: shown.findings for uri, shown in self._shown.items()}

    def findings_of(self, uri: str) -> Sequence[Finding]:
        """What the editor shows of one document."""
        return shown.findings if (shown := self._shown.get(uri)) else ()

    async def _target(self, params: AuditRunParams) -> Target:
        """The named model, else the one for audits unless a session says otherwise, else the default."""
        default = self._runtime.settings.defaults.audit if params.session_id is None else None
        return await self._models.target(params.model or default, params.session_id)

    async def _agree(self, target: Target) -> None:
        await self._consent.require(provider.connection(target.provider, target.session_id))

    async def _audit(self, audit_id: str, source: AuditSource, target: Target, params: AuditRunParams) -> AuditResult:
        encoding, range_ = self._editor.position_encoding, params.target.range
        span = from_range(source.lines, range_, encoding) if range_ else None
        return await provider.audit_code(
            target.provider,
            target.session_id,
            source,
            model=target.model,
            audit_id=audit_id,
            rules=params.rules,
            min_severity=params.min_severity or "low",
            encoding=encoding,
            lines=(span.start_line, span.end_line) if span else None,
        )

    async def _show(self, document: Document, range_: Range | None, result: AuditResult) -> AuditResult:
        """Publish what is about the text on screen; never let a failure look like a clean bill."""
        if not await self._is_current(document):
            return _with_reason(result, _OUTDATED)
        findings = result.findings + self._kept(document, range_, result)
        if result.status in ("complete", "skipped") or result.findings:
            self._shown[document.uri] = _Shown(document, findings)
            self._editor.publish(document.uri, document.version, findings)
        return result

    async def _is_current(self, document: Document) -> bool:
        try:
            return await self._gate.document(document.uri) == document
        except MaestroError:
            return False

    def _kept(self, document: Document, range_: Range | None, result: AuditResult) -> list[Finding]:
        """Earlier findings on the same text that this audit does not replace."""
        shown = self._shown.get(document.uri)
        if shown is None or shown.document != document:
            return []
        new = {finding.id for finding in result.findings}
        outside = [finding for finding in shown.findings if range_ is not None and not _touches(finding, range_)]
        kept = outside if result.status == "complete" else shown.findings
        return [finding for finding in kept if finding.id not in new]


def _uri(params: AuditRunParams) -> str:
    uris: set[str] = {*(params.target.uris or ()), *([params.target.uri] if params.target.uri else ())}
    if len(uris) != 1:
        raise MaestroError("auditTargetInvalid", "An audit takes one document: name it in `target.uri`.")
    return uris.pop()


def _touches(finding: Finding, range_: Range) -> bool:
    return finding.range is not None and not (
        finding.range.end.line < range_.start.line or finding.range.start.line > range_.end.line
    )


def _with_reason(result: AuditResult, reason: str) -> AuditResult:
    chunks = [
        chunk.model_copy(update={"reason": f"{chunk.reason} {reason}" if chunk.reason else reason})
        for chunk in result.chunks
    ]
    return result.model_copy(update={"chunks": chunks})


def _info(failure: BaseException) -> ErrorInfo | None:
    return failure.info() if isinstance(failure, MaestroError) else None


def _send(events: EventSink | None, event: WireModel) -> None:
    if events is not None:
        events.send(event)
