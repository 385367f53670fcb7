"""Audits: which documents, with whose consent, by which model, and what the editor gets to see of the result."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias
from urllib.parse import unquote
from uuid import uuid4

from maestro import provider
from maestro.audit.asking.budget import Budget
from maestro.audit.catalogue import enabled
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.services.audit_costs import AuditCosts, Bill
from maestro.services.audit_document import DocumentAudits, Question
from maestro.services.audit_means import Means
from maestro.services.audit_rerouting import AuditRoute
from maestro.services.audit_results import cancelled, merged
from maestro.services.audit_runs import AuditRun, AuditRuns
from maestro.services.audit_targets import Target, find_targets
from maestro.services.consent import Consent
from maestro.services.models import DeprecationNotices, ModelService
from maestro.services.models import Target as ModelTarget
from maestro.services.sink import EventSink
from maestro.services.status import StatusService
from maestro.workspace.gate import Gate
from maestro_protocol.audit import AuditResult, AuditRunParams
from maestro_protocol.base import WireModel
from maestro_protocol.errors import ErrorInfo
from maestro_protocol.events import AuditCompleted, AuditFindings, AuditRerouted, AuditStarted

_AT_ONCE = Means(8)
"""How many requests so many documents make is another number."""

Progress: TypeAlias = Callable[[int, int, str], None]
"""Hears how many documents are done, of how many, and which one was last."""


@dataclass(slots=True)
class _Work:
    """A run and what it has so far, by the places of its documents."""

    run: AuditRun
    route: AuditRoute
    targets: Sequence[Target]
    progress: Progress
    events: EventSink | None
    means: Means
    bills: Sequence[Bill]
    results: dict[int, AuditResult] = field(default_factory=dict)

    def so_far(self) -> list[AuditResult]:
        return [self.results[number] for number in sorted(self.results)]


def _unseen(done: int, total: int, name: str) -> None:
    """For those who show no progress."""


class AuditService:
    def __init__(
        self,
        runtime: Runtime,
        models: ModelService,
        status: StatusService,
        editor: Editor,
        gate: Gate,
        documents: DocumentAudits,
        costs: AuditCosts,
    ) -> None:
        self._runtime = runtime
        self._models = models
        self._status = status
        self._editor = editor
        self._gate = gate
        self._consent = Consent(runtime, editor)
        self._documents = documents
        self._deprecations = DeprecationNotices()
        self._costs = costs
        self.runs = AuditRuns()

    async def run(
        self,
        params: AuditRunParams,
        events: EventSink | None = None,
        progress: Progress = _unseen,
        *,
        asked_for: bool = True,
    ) -> AuditResult:
        """Audit what is named, and show the findings as diagnostics.

        Raises:
            MaestroError: as `run_on`; 4406 outside the workspace.
        """
        targets = await find_targets(params.target, self._gate, self._editor)
        return await self.run_on(targets, params, events, progress, asked_for=asked_for)

    async def run_on(
        self,
        targets: Sequence[Target],
        params: AuditRunParams,
        events: EventSink | None = None,
        progress: Progress = _unseen,
        *,
        asked_for: bool = True,
        means: Means = _AT_ONCE,
    ) -> AuditResult:
        """Audit these documents, whatever target the parameters name.

        Exactly one terminal event follows `audit.started`, whatever happens. What goes wrong after the first request
        to the provider is told in the result. Without `asked_for` nobody is asked again who refused consent before.

        Raises:
            MaestroError: before that: 4601 for what cannot be audited, 4603 without consent, 4001 and the like for the
                session and the model, 4208, -32602 for unknown rules.
        """
        await self._documents.check(targets)
        settings = self._runtime.settings.audit
        rules = params.rules if params.rules is not None else settings.rules
        enabled(rules)
        target = await self._models.target(params.model, params.session_id, role="audit")
        self._models.routes.note_use(target)
        generate = means.generate_for(target) if means.generate_for else None
        folders = [self._gate.folder_of(one.uri)[0] for one in targets]

        audit_id, bills = f"aud_{uuid4().hex[:16]}", list[Bill]()

        async def allow(model: ModelTarget) -> Budget:
            budget = await self._costs.budget(model, params.budget, batched=means.batched)
            bill = Bill(f"{audit_id}.{len(bills)}" if bills else audit_id, model, means.batched, budget)
            if means.sends:
                connection = provider.connection(model.provider, model.session_id)
                await self._consent.require(connection, folders, ask_again=asked_for)
                await self._costs.limit_to_day(bill)
            bills.append(bill)
            return budget

        budget = await allow(target)
        if words := self._deprecations.take("", await self._models.known(target)):
            self._runtime.warn(words)
        run = AuditRun(audit_id, _title(targets))
        question = Question(
            run.audit_id,
            target.provider,
            target.session_id,
            target.model,
            rules,
            params.min_severity or settings.min_severity,
            budget,
            params.fresh,
            target.effort,
            generate,
        )
        journey = self._models.journey(replace(target, alternatives=()) if generate else target)
        route = AuditRoute(journey, question, allow, partial(self._tell, events))
        for notice in target.notices:
            self._runtime.warn(notice)
        with self._models.routes.under_way(route):
            return await self._carry_out(_Work(run, route, targets, progress, events, means, bills))

    def _tell(self, events: EventSink | None, moved: AuditRerouted) -> None:
        """To the user, where nobody follows the audit."""
        _send(events, moved)
        if events is None:
            self._runtime.warn(f"{moved.reason} {moved.to} is asked instead.")

    async def _carry_out(self, work: _Work) -> AuditResult:
        run, events = work.run, work.events
        self.runs.add(run)
        with self._status.busy(f"Auditing {run.title}"):
            _send(events, AuditStarted(audit_id=run.audit_id))
            try:
                result = await self._stoppable(work)
                await asyncio.gather(*map(self._costs.prices, work.bills))
            except asyncio.CancelledError:
                run.end(cancelled(run.audit_id, work.so_far()))
                _send(events, AuditCompleted(audit_id=run.audit_id, status="cancelled"))
                raise
            except BaseException as failure:
                run.end(AuditResult(audit_id=run.audit_id, status="failed", error=_info(failure)))
                _send(events, AuditCompleted(audit_id=run.audit_id, status="failed", error=_info(failure)))
                raise
            else:
                run.end(result)
                _send(events, AuditCompleted(audit_id=run.audit_id, status=result.status, error=result.error))
            finally:
                self._record(work)
        return result

    def _record(self, work: _Work) -> None:
        """For every model that was asked what it took; those that were left had failed."""
        *left, last = work.bills
        for bill in left:
            self._costs.record(bill, "failed")
        self._costs.record(last, work.run.result.status if work.run.result else "failed")

    async def _stoppable(self, work: _Work) -> AuditResult:
        """The result; that so far if somebody stops the audit by its id."""
        work.run.task = asyncio.create_task(self._all(work))
        try:
            return await work.run.task
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not work.run.stopping or (task is not None and task.cancelling()):
                raise
            return cancelled(work.run.audit_id, work.so_far())

    async def _all(self, work: _Work) -> AuditResult:
        await work.route.begin()
        waiting = iter(enumerate(work.targets))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(work.means.at_once, len(work.targets))):
                    group.create_task(self._some(work, waiting))
        except BaseExceptionGroup as failures:
            # Only a fault of ours gets here; it speaks for the group.
            raise failures.exceptions[0] from None
        finally:
            if work.results:
                self._documents.findings.announce()
        return merged(work.run.audit_id, work.so_far())

    async def _some(self, work: _Work, waiting: Iterator[tuple[int, Target]]) -> None:
        for number, target in waiting:
            result = await self._documents.review(work.route.question, target, self._requests_of(work, target))
            work.results[number] = result
            if result.findings:
                _send(work.events, AuditFindings(audit_id=work.run.audit_id, findings=result.findings))
            work.progress(len(work.results), len(work.targets), _name(target.uri))

    def _requests_of(self, work: _Work, target: Target) -> Callable[[int, int], None]:
        """Of an audit of one document its requests are what progress is made of."""
        if len(work.targets) > 1:
            return lambda done, of: None
        return lambda done, of: work.progress(done, of, _name(target.uri))


def _title(targets: Sequence[Target]) -> str:
    return _name(targets[0].uri) if len(targets) == 1 else f"{len(targets)} files"


def _name(uri: str) -> str:
    return unquote(uri).rstrip("/").rpartition("/")[2]


def _info(failure: BaseException) -> ErrorInfo | None:
    return failure.info() if isinstance(failure, MaestroError) else None


def _send(events: EventSink | None, event: WireModel) -> None:
    if events is not None:
        events.send(event)
