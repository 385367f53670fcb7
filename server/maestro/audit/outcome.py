"""What came of an audit of one document."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from maestro.audit.findings import Placed
from maestro_protocol.audit import AuditResult, Finding

_MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result as it is told, and where its findings stand in the audited text.

    `reviewed` are the stretches of lines, first and last, that were looked at whole.
    """

    result: AuditResult
    placed: Sequence[Placed] = ()
    reviewed: Sequence[tuple[int, int]] = ()

    def at(self, rel_path: str | None) -> "Outcome":
        """The same, for a document at this path of its workspace folder."""
        path = {"rel_path": rel_path}
        placed = [replace(one, finding=one.finding.model_copy(update=path)) for one in self.placed]
        unverified = [finding.model_copy(update=path) for finding in self.result.unverified]
        result = self.result.model_copy(update={"findings": [one.finding for one in placed], "unverified": unverified})
        return Outcome(result, placed, self.reviewed)

    def again(self, audit_id: str) -> "Outcome":
        """The same as the answer to another audit of the same text."""
        placed = [replace(one, finding=_cached(one.finding, audit_id)) for one in self.placed]
        result = self.result.model_copy(
            update={
                "audit_id": audit_id,
                "findings": [one.finding for one in placed],
                "unverified": [_cached(finding, audit_id) for finding in self.result.unverified],
                "chunks": [chunk.model_copy(update={"cached": True}) for chunk in self.result.chunks],
                "usage": None,
                "requests": 0,
            }
        )
        return Outcome(result, placed, self.reviewed)


class Outcomes:
    """The latest complete outcomes, by what was asked about which text."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Outcome] = {}

    def get(self, question: Hashable) -> Outcome | None:
        return self._kept.get(question)

    def put(self, question: Hashable, outcome: Outcome) -> None:
        """Remember an outcome, if it is complete."""
        if outcome.result.status == "complete":
            self._kept.pop(question, None)
            self._kept[question] = outcome
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]


def _cached(finding: Finding, audit_id: str) -> Finding:
    provenance = finding.provenance.model_copy(update={"audit_id": audit_id, "cached": True})
    return finding.model_copy(update={"provenance": provenance})
