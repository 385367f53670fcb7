"""What a finding proposes, as changes of its document as it is now."""

from maestro.audit.catalogue import UNUSED_SUPPRESSION
from maestro.audit.fixing.fix import Refusal, build_edits, source_fix_all
from maestro.audit.fixing.line_edits import Edits
from maestro.audit.positions import to_range
from maestro.audit.source import AuditSource, Span
from maestro.editor import Change, Editor
from maestro.services.findings import FindingStore, Tracked
from maestro.services.texts import Text
from maestro.workspace.gate import Gate
from maestro_protocol.audit import Finding

NO_FIX = Refusal("There is no fix for this finding.")


class Fixing:
    """Changes that are returned together are about one moment of one document, and do not overlap."""

    def __init__(self, editor: Editor, gate: Gate, findings: FindingStore) -> None:
        self._editor = editor
        self._gate = gate
        self._findings = findings

    async def fix_of(self, finding_id: str) -> tuple[Change, ...] | Refusal:
        """The fix, or why there is none. Raises 4602 if the finding is gone, 4406 or 4601 if its document is."""
        text, _ = self._findings.find(finding_id)
        await self._bring_up_to_date(text.uri)
        text, one = self._findings.find(finding_id)
        if one.proposal is None:
            return NO_FIX
        edits = build_edits(text.source, _span(text.source, one), one.proposal)
        return edits if isinstance(edits, Refusal) else self._changes(text, edits)

    async def fix_all(self, uri: str) -> tuple[Change, ...]:
        """All fixes of a document that are safe; where two get into each other's way, the upper one.

        Raises 4406 or 4601 if there is no such document.
        """
        text = await self._bring_up_to_date(uri)
        safe = [self._findings.find(finding.id)[1] for finding in self._findings.diagnostics(uri) if is_safe(finding)]
        source = text.source
        proposals = [(_span(source, one), one.proposal) for one in safe if one.proposal]
        edits, _ = source_fix_all(source, proposals)
        return self._changes(text, edits)

    async def _bring_up_to_date(self, uri: str) -> Text:
        return self._findings.follow(self._editor.opened(uri) or await self._gate.document(uri))

    def _changes(self, text: Text, edits: Edits) -> tuple[Change, ...]:
        lines, encoding = text.source.lines, self._editor.position_encoding
        return tuple(Change(text.uri, text.version, to_range(lines, span, encoding), new) for span, new in edits)


def is_safe(finding: Finding) -> bool:
    """Whether its fix keeps behaviour by a tool's word, or is about a comment; a model's word is none."""
    return finding.rule == UNUSED_SUPPRESSION.id or any(fix.safe for fix in finding.fixes)


def _span(source: AuditSource, one: Tracked) -> Span:
    return source.span(source.from_raw(one.start), source.from_raw(one.end))
