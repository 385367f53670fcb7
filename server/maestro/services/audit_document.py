"""The audit of one document: read, reviewed, and its findings put where they stand by then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from maestro import provider
from maestro.audit.asking.budget import Budget
from maestro.audit.asking.exchange import Generate
from maestro.audit.catalogue import enabled
from maestro.audit.limits import refusal
from maestro.audit.options import IntentLines, Shared
from maestro.audit.outcome import Outcome
from maestro.audit.positions import from_range
from maestro.audit.source import AuditSource
from maestro.cancelling import cancel_once
from maestro.editor import Document, Editor
from maestro.errors import MaestroError
from maestro.services.audit_results import gone, joined, passed_over, superseded, unanswered
from maestro.services.audit_targets import Target
from maestro.services.audited_documents import Asked, AuditedDocuments
from maestro.services.baselines import Baselines
from maestro.services.findings import FindingStore
from maestro.services.marks import Marks
from maestro.services.texts import Snapshot, Texts
from maestro.services.written import WrittenLines
from maestro.workspace.gate import Gate
from maestro_protocol.audit import AuditResult, Severity
from maestro_protocol.chat import Effort

_UNLIMITED = 1_000_000


Told: TypeAlias = Callable[[int, int], None]


def _untold(done: int, of: int) -> None:
    """For those who show no progress."""


async def _nowhere(asked: "Question", result: AuditResult) -> None:
    """For those who ask one model alone."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about every document of an audit."""

    audit_id: str
    provider: str
    session_id: str | None
    model: str
    rules: Sequence[str] | None
    min_severity: Severity
    budget: Budget
    fresh: bool
    effort: Effort | None = None
    generate: Generate | None = None
    """Answers the requests in the provider's place; how many at once is its own affair."""
    once: bool = False
    """There is somebody else to ask: a refusal is not waited out."""
    elsewhere: "Callable[[Question, AuditResult], Awaitable[Question | None]]" = _nowhere
    """What to ask instead where this came of it."""

    @property
    def asked(self) -> Asked:
        """What has to be asked again to be told the same."""
        return Asked(self.provider, self.session_id, self.model, self.rules, self.min_severity)


@dataclass(slots=True, eq=False)
class _Review:
    """A review under way. Without `lines`, which are those of its snapshot, it is of the whole document."""

    task: "asyncio.Task[Outcome]"
    snapshot: Snapshot
    lines: Sequence[tuple[int, int]]
    superseded: bool = False

    def overlaps(self, snapshot: Snapshot, lines: Sequence[tuple[int, int]]) -> bool:
        """Whether lines of a later snapshot are among its own, wherever those are by now."""
        if not self.lines or not lines:
            return True
        ours, theirs = self.snapshot.stretches(self.lines), snapshot.stretches(lines)
        return any(a[0] < b[1] and b[0] < a[1] for a in ours for b in theirs)


@dataclass(frozen=True)
class DocumentAudits:
    """A newer review of the same lines takes over from an older one: its requests where they are still right, else they
    are cancelled."""

    editor: Editor
    gate: Gate
    texts: Texts
    findings: FindingStore
    shared: Shared
    marks: Marks
    baselines: Baselines
    written: WrittenLines
    audited: AuditedDocuments
    _under_way: dict[str, list[_Review]] = field(default_factory=dict)

    def is_known(self, uri: str) -> bool:
        """Whether it is being reviewed, or was since the server started."""
        text = self.texts.get(uri)
        return text is not None and (text.uri in self._under_way or text.uri in self.findings.uris)

    async def check(self, targets: Sequence[Target]) -> None:
        """Whether what somebody named can be audited. Raises 4601 and 4406."""
        if len(targets) == 1 and targets[0].chosen:
            await self._read(targets[0])

    async def review(self, question: Question, target: Target, told: Told = _untold) -> AuditResult:
        """Audit the document. What keeps it from being audited is said in the result. `told` hears how many of its
        requests are answered, of how many."""
        try:
            document = await self._read(target)
        except MaestroError as error:
            return passed_over(question.audit_id, target, error)
        folder = self.gate.folder_of(document.uri)[0]
        try:
            await self.baselines.load(folder, self.marks.of(folder).dismissed.entries)
        except MaestroError as error:
            return passed_over(question.audit_id, target, error)
        snapshot = self.texts.snapshot(document)
        lines = self._lines(target, snapshot)
        reviews = self._under_way.setdefault(snapshot.now.uri, [])
        older = [one for one in reviews if one.overlaps(snapshot, lines)]
        review = _Review(asyncio.create_task(self._ask(question, lines, snapshot, older, told)), snapshot, lines)
        reviews.append(review)
        try:
            return await self._show(question, review, await review.task)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not review.superseded or (task is not None and task.cancelling()):
                raise
            return superseded(question.audit_id, snapshot.now.uri)
        finally:
            self.texts.release(snapshot)
            self.findings.tidy(snapshot.now.uri)
            reviews.remove(review)
            if not reviews:
                del self._under_way[snapshot.now.uri]

    async def _read(self, target: Target) -> Document:
        document = await self.gate.document(target.uri)
        source = AuditSource(document.uri, document.text, document.language)
        if (reason := await asyncio.to_thread(refusal, source)) is not None:
            raise MaestroError("auditTargetInvalid", reason)
        if (by := await self.gate.ignored_by(target.uri)) is not None:
            message = f"The file is ignored by `{by}`, so it is not audited; change the rule there to have it audited."
            raise MaestroError("outsideWorkspace", message)
        return document

    async def _intents(self, source: AuditSource) -> Sequence[IntentLines]:
        """Which lines tools wrote, and why they said they did."""
        uri, text = source.uri, source.text
        try:
            lines = await self.written.lines_of(uri, text)
            behind = [await self.written.behind(uri, text, one.first_line, one.last_line) for one in lines]
        except MaestroError:
            return ()  # what the store cannot tell is not worth an audit
        return [
            IntentLines(one.first_line, one.last_line, intent)
            for one, reasons in zip(lines, behind, strict=True)
            for intent in reasons.of_finding()
        ]

    def _lines(self, target: Target, snapshot: Snapshot) -> Sequence[tuple[int, int]]:
        if target.range is None:
            return target.lines
        span = from_range(snapshot.source.lines, target.range, self.editor.position_encoding)
        return [(span.start_line, span.end_line)]

    async def _ask(
        self,
        question: Question,
        lines: Sequence[tuple[int, int]],
        snapshot: Snapshot,
        older: Sequence[_Review],
        told: Told,
    ) -> Outcome:
        """What came of the question, and of those asked elsewhere about what it left."""
        outcome = await self._ask_one(question, lines, snapshot, older, told)
        while (following := await question.elsewhere(question, outcome.result)) is not None:
            question = following
            left = unanswered(outcome.result)
            outcome = joined(outcome, await self._ask_one(question, left or lines, snapshot, older, told))
        return outcome

    async def _ask_one(
        self,
        question: Question,
        lines: Sequence[tuple[int, int]],
        snapshot: Snapshot,
        older: Sequence[_Review],
        told: Told,
    ) -> Outcome:
        def take_over() -> None:
            for one in older:
                one.superseded = True
                cancel_once(one.task)

        return await provider.review_code(
            question.provider,
            question.session_id,
            snapshot.source,
            model=question.model,
            effort=question.effort,
            audit_id=question.audit_id,
            rules=question.rules,
            min_severity=question.min_severity,
            encoding=self.editor.position_encoding,
            lines=lines,
            written=await self._intents(snapshot.source),
            budget=question.budget,
            shared=self._shared(question),
            fresh=question.fresh,
            asked=take_over,
            told=told,
            generate=question.generate,
            once=question.once,
        )

    def _shared(self, question: Question) -> Shared:
        if question.generate is None:
            return self.shared
        return replace(self.shared, slots=asyncio.Semaphore(_UNLIMITED))

    async def _show(self, question: Question, review: _Review, outcome: Outcome) -> AuditResult:
        """The result about the text as it is now; a failure never looks like a clean bill."""
        snapshot = review.snapshot
        if snapshot.now.version is None and not snapshot.now.closed:
            if not await self._is_there(snapshot.now.uri):
                self.findings.clear(uris=[snapshot.now.uri])
                return gone(outcome.result, snapshot.now.uri)
            if review.superseded:
                return superseded(question.audit_id, snapshot.now.uri)
        outcome = outcome.at(self.gate.folder_of(snapshot.now.uri)[1])
        result = outcome.result
        if result.status not in ("complete", "skipped") and not outcome.placed and not outcome.reviewed:
            return result
        if result.status == "complete" and not review.lines:
            snapshot.now.looked_for = frozenset(enabled(question.rules))
        found = self.findings.accept(snapshot, outcome)
        if found:
            self.audited.keep(snapshot.now.uri, question.asked)
        elif result.status == "complete" and not review.lines:
            self.audited.forget([snapshot.now.uri])
        lost = len(result.findings) - len(found)
        rejected = {**result.rejected, "deletedMeanwhile": lost} if lost else result.rejected
        return result.model_copy(update={"findings": [*found], "rejected": rejected})

    async def _is_there(self, uri: str) -> bool:
        """Whether there still is a document that was read from its file; its text is followed up to now."""
        try:
            self.texts.follow(await self.gate.document(uri))
        except MaestroError:
            return self.editor.opened(uri) is not None
        return True
