"""What was spent, summed up from the turns that were kept."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Literal, TypeAlias

from maestro.database.database import Database
from maestro.runtime import Runtime
from maestro.services.turn import added
from maestro_protocol.chat import Cost, Usage
from maestro_protocol.usage import UsageRow, UsageSummaryParams, UsageSummaryResult

_By: TypeAlias = Literal["session", "model", "day", "provider"]

_KEYS: Mapping[_By, str] = {
    "session": "COALESCE(session_id, 'none')",
    "model": "model",
    "day": "substr(started_at, 1, 10)",
    "provider": "provider",
}


@dataclass(slots=True)
class _Sum:
    turns: int = 0
    requests: int = 0
    retries: int = 0
    failures: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None

    def add(self, row: tuple[str, str, str | None, int, int, str | None]) -> None:
        _, usage, cost, requests, retries, stop_reason = row
        self.turns += 1
        self.requests += requests
        self.retries += retries
        self.failures += stop_reason == "error"
        spent = Usage.model_validate(json.loads(usage))
        self.usage = added(self.usage, spent.model_copy(update={"raw": None}))
        if cost is not None:
            self.cost = (self.cost or Decimal()) + Decimal(cost)

    def row(self, key: str) -> UsageRow:
        return UsageRow(
            key=key,
            turns=self.turns,
            requests=self.requests,
            retries=self.retries,
            failures=self.failures,
            usage=self.usage,
            cost=None if self.cost is None else Cost(amount=str(self.cost)),
        )


class UsageService:
    def __init__(self, runtime: Runtime, database: Database) -> None:
        self._runtime = runtime
        self._database = database

    async def summary(self, params: UsageSummaryParams) -> UsageSummaryResult:
        """Turns by what `by` names, the costliest first; and what became of the requests since the server started."""
        rows = await self._database.read(lambda connection: _rows(connection, params))
        return UsageSummaryResult(rows=rows, counters=self._runtime.counters.rows())


def _rows(connection: sqlite3.Connection, params: UsageSummaryParams) -> list[UsageRow]:
    since = params.since.astimezone(UTC).isoformat() if params.since else ""
    query = (
        f"SELECT {_KEYS[params.by]}, usage, cost, requests, retries, stop_reason FROM turns "
        "WHERE ended_at IS NOT NULL AND started_at >= ?"
    )
    sums: defaultdict[str, _Sum] = defaultdict(_Sum)
    for row in connection.execute(query, (since,)):
        sums[row[0]].add(row)
    rows = [one.row(key) for key, one in sums.items()]
    return sorted(rows, key=lambda row: -row.usage.total_tokens)
