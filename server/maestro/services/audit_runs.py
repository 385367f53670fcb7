"""The audits of this process: which are under way, which ended and how."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from maestro.cancelling import cancel_once
from maestro.errors import MaestroError
from maestro_protocol.audit import AuditCancelResult, AuditResult, AuditSummary

MOST_KEPT = 50


@dataclass(slots=True)
class AuditRun:
    """One audit. `stopping` says that somebody stopped it by its id, so that it answers with what it has."""

    audit_id: str
    title: str
    task: "asyncio.Task[AuditResult] | None" = None
    result: AuditResult | None = None
    stopping: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None

    def end(self, result: AuditResult) -> None:
        self.result, self.ended_at = result, datetime.now(UTC)

    def summary(self) -> AuditSummary:
        return AuditSummary(
            audit_id=self.audit_id,
            status=self.result.status if self.result else "running",
            title=self.title,
            findings=len(self.result.findings) if self.result else 0,
            started_at=_text(self.started_at),
            ended_at=_text(self.ended_at) if self.ended_at else None,
        )


class AuditRuns:
    """The latest audits, by id."""

    def __init__(self) -> None:
        self._runs: dict[str, AuditRun] = {}

    def add(self, run: AuditRun) -> None:
        """Remember an audit that begins; of those that ended only the latest are kept."""
        ended = [one.audit_id for one in self._runs.values() if one.result is not None]
        for audit_id in ended[: max(len(self._runs) - MOST_KEPT + 1, 0)]:
            del self._runs[audit_id]
        self._runs[run.audit_id] = run

    def list(self) -> Sequence[AuditSummary]:
        """The latest first."""
        return [run.summary() for run in reversed(self._runs.values())]

    def get(self, audit_id: str) -> AuditResult:
        """How an audit ended. Raises 4602 for one that did not, or is not known."""
        run = self._runs.get(audit_id)
        if run is None or run.result is None:
            what = "There is no audit with this id" if run is None else "The audit has not ended yet"
            raise MaestroError("auditNotFound", f"{what}; `maestro/audit/list` says which there are.")
        return run.result

    def cancel(self, audit_id: str) -> AuditCancelResult:
        """Have an audit end with what it has."""
        run = self._runs.get(audit_id)
        if run is None:
            return AuditCancelResult(status="notFound")
        if run.result is not None or run.task is None:
            return AuditCancelResult(status="ended")
        run.stopping = True
        cancel_once(run.task)
        return AuditCancelResult(status="cancelling")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
