"""What a person does about a finding: suppress it, dismiss it, put it into the baseline, or take that back."""

from typing import Literal, TypeAlias

from maestro.audit.code.symbols import find_symbols
from maestro.audit.identity.baseline import Baseline, Entry
from maestro.audit.identity.suppression_edits import insertion, removal
from maestro.audit.identity.suppressions import find_suppressions
from maestro.audit.source import Span
from maestro.errors import MaestroError
from maestro.services.baselines import Baselines
from maestro.services.document_edits import DocumentEdits
from maestro.services.findings import FindingStore, Tracked
from maestro.services.marks import Marks, dismissals
from maestro.services.texts import Text
from maestro.workspace.gate import Gate
from maestro_protocol.audit import Finding, FindingChangeResult

Scope: TypeAlias = Literal["line", "file", "rule", "baseline"]
Inserted: TypeAlias = tuple[Span, str]

_NO_COMMENT = "A comment can suppress nothing here; dismiss the finding instead."


class Opinions:
    def __init__(
        self, gate: Gate, findings: FindingStore, marks: Marks, baselines: Baselines, edits: DocumentEdits
    ) -> None:
        self._gate = gate
        self._findings = findings
        self._marks = marks
        self._baselines = baselines
        self._edits = edits

    async def suppress(self, finding_id: str, scope: Scope, reason: str | None) -> FindingChangeResult:
        """Keep a finding from being shown: by a comment on its line or in its file, by its rule, or by the baseline.

        Raises:
            MaestroError: 4602 for a finding that is not there, -32803 where it cannot be done, 4901.
        """
        finding = self._findings.get(finding_id)
        folder, _ = self._gate.folder_of(finding.uri)
        if scope == "rule":
            await self._marks.turn_off(folder, finding.rule, reason)
        elif scope == "baseline":
            await self._baselines.add(folder, [finding], reason)
            self._findings.show_all()
        else:
            text, one = self._findings.find(finding_id)
            edits = await self._edits.apply(text, [self.comment(text, one, scope, reason)], "Suppress a finding")
            return FindingChangeResult(finding=self._again(finding), edits=edits)
        return FindingChangeResult(finding=self._again(finding))

    def comment(self, text: Text, one: Tracked, scope: Literal["line", "file"], reason: str | None = None) -> Inserted:
        """The edit that suppresses a finding in the text. Raises -32803 where there is none."""
        source = text.source
        line = source.span(source.from_raw(one.start), source.from_raw(one.start)).start_line
        edit = insertion(source, line, one.finding.rule, scope, find_symbols(source), _words(reason))
        if edit is None:
            raise MaestroError("requestFailed", _NO_COMMENT)
        return edit

    async def dismiss(self, finding_id: str, reason: str | None) -> FindingChangeResult:
        """Never show it again in this workspace folder. Raises 4602 and 4901."""
        finding = self._findings.get(finding_id)
        await self._marks.dismiss(self._gate.folder_of(finding.uri)[0], finding, reason)
        return FindingChangeResult(finding=self._again(finding))

    async def restore(self, finding_id: str) -> FindingChangeResult:
        """Take back whatever keeps a finding from being shown. Raises 4602, -32803 and 4901."""
        finding = self._findings.get(finding_id)
        folder, _ = self._gate.folder_of(finding.uri)
        marks = self._marks.of(folder)
        for entry in dismissals(marks.dismissed, finding):
            await self._marks.take_back(folder, entry)
        if finding.rule in marks.rules:
            await self._marks.turn_on(folder, finding.rule)
        if entries := _entries(await self._baselines.load(folder), finding):
            await self._baselines.remove(folder, entries)
        text, one = self._findings.find(finding_id)
        source = text.source
        span = source.span(source.from_raw(one.start), source.from_raw(one.end))
        found = find_suppressions(source, find_symbols(source))
        suppression = found.covering(finding.rule, span.start_line, span.end_line)
        self._findings.show_all()
        if suppression is None:
            return FindingChangeResult(finding=self._again(finding))
        rules = [finding.rule] if finding.rule in suppression.rules else []
        edits = await self._edits.apply(text, [removal(source, suppression, rules)], "Show a finding again")
        return FindingChangeResult(finding=self._again(finding), edits=edits)

    def _again(self, finding: Finding) -> Finding:
        """The finding as it is now; as it was, if an edit took it away."""
        try:
            return self._findings.get(finding.id)
        except MaestroError:
            return finding


def _entries(baseline: Baseline, finding: Finding) -> list[Entry]:
    return [*baseline.match([finding]).entries.values()]


def _words(reason: str | None) -> str | None:
    """A reason as it fits into a comment."""
    return " ".join(reason.split()) if reason else None
