"""What was spent, summed up from the turns that were kept."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from maestro.chats import spent
from maestro.chats.coding import written
from maestro.chats.turn_rows import AS_OF
from maestro.costs import plain
from maestro.runtime import Runtime
from maestro.services.chat_stores import ChatStores
from maestro.services.spending import Spending
from maestro_protocol.chat import Cost, Usage
from maestro_protocol.usage import UsageBy, UsageRow, UsageSummaryParams, UsageSummaryResult

_KEYS: Mapping[UsageBy, str] = {
    "session": "coalesce(session_id, 'none')",
    "model": "model",
    "day": "substr(started_at, 1, 10)",
    "provider": "provider",
    "chat": "coalesce(chat_id, 'none')",
    "turn": "id",
}
_TOKENS = [name for name in Usage.model_fields if name.endswith("_tokens")]
_SUMS = ", ".join(f"coalesce(sum(json_extract(usage, '$.{Usage.model_fields[name].alias}')), 0)" for name in _TOKENS)


class _Sum(NamedTuple):
    """What the turns of one key took together."""

    key: str
    turns: int
    requests: int
    retries: int
    failures: int
    as_of: str | None
    unpriced: int
    tokens: Sequence[int]
    cost: Decimal | None

    def row(self, label: str | None) -> UsageRow:
        return UsageRow(
            key=self.key,
            label=label,
            turns=self.turns,
            requests=self.requests,
            retries=self.retries,
            failures=self.failures,
            unpriced=self.unpriced,
            usage=Usage.model_validate(dict(zip(_TOKENS, self.tokens, strict=True)), by_name=True),
            cost=None if self.cost is None else Cost(amount=plain(self.cost), as_of=self.as_of),
        )


class UsageService:
    def __init__(self, runtime: Runtime, stores: ChatStores, spending: Spending) -> None:
        self._runtime = runtime
        self._stores = stores
        self._spending = spending

    async def summary(self, params: UsageSummaryParams) -> UsageSummaryResult:
        """Turns that ended by what `by` names, the costliest first, but days the latest first; the budgets; and what
        became of the requests since the server started. To a chat's turns belong its compactions."""
        database = self._stores.of(params.chat_id or "")
        names = {one.id: one.name for one in self._runtime.sessions.list()} if params.by == "session" else {}
        sums, titles = await database.read(lambda connection: (_sums(connection, params), _titles(connection, params)))
        chat_spent = await database.read(lambda connection: _of_chat(connection, params.chat_id))
        labels = {**titles, **names}
        return UsageSummaryResult(
            rows=[one.row(labels.get(one.key)) for one in _ordered(sums, params.by)],
            total=_total(sums).row(None),
            budgets=[*await self._spending.budgets(chat_spent)],
            counters=self._runtime.counters.rows(),
        )


def _sums(connection: sqlite3.Connection, params: UsageSummaryParams) -> Sequence[_Sum]:
    key = _KEYS[params.by]
    which, values = _which(params)
    costs: dict[str, Decimal] = {}
    # Added here, for SQLite would make binary fractions of them.
    for name, amount in connection.execute(f"SELECT {key}, cost {which} AND cost IS NOT NULL", values):
        costs[name] = costs.get(name, Decimal(0)) + Decimal(amount)
    dates, took = f"min(json_extract(usage, '$.{AS_OF}'))", "json_extract(usage, '$.totalTokens') > 0"
    counts = f"count(*), sum(requests), sum(retries), sum(stop_reason = 'error'), {dates}"
    counts = f"{counts}, coalesce(sum(cost IS NULL AND {took}), 0)"
    found = connection.execute(f"SELECT {key}, {counts}, {_SUMS} {which} GROUP BY 1", values)
    return [_Sum._make((*row[:7], row[7:], costs.get(row[0]))) for row in found]


def _which(params: UsageSummaryParams) -> tuple[str, Sequence[str]]:
    """The turns that are meant. Without a condition no index is used, which would be slower."""
    wanted = {
        "started_at >= ?": written(params.since) if params.since else None,
        "chat_id = ?": params.chat_id,
    }
    given = {condition: value for condition, value in wanted.items() if value is not None}
    return " AND ".join(["FROM turns WHERE ended_at IS NOT NULL", *given]), [*given.values()]


def _total(sums: Sequence[_Sum]) -> _Sum:
    costs = [one.cost for one in sums if one.cost is not None]
    return _Sum(
        "total",
        sum(one.turns for one in sums),
        sum(one.requests for one in sums),
        sum(one.retries for one in sums),
        sum(one.failures for one in sums),
        min((one.as_of for one in sums if one.as_of is not None), default=None),
        sum(one.unpriced for one in sums),
        [sum(column) for column in zip(*(one.tokens for one in sums), strict=True)] or [0] * len(_TOKENS),
        sum(costs, Decimal(0)) if costs else None,
    )


def _titles(connection: sqlite3.Connection, params: UsageSummaryParams) -> Mapping[str, str]:
    if params.by != "chat":
        return {}
    return dict(connection.execute("SELECT id, title FROM chats WHERE deleted = 0"))


def _of_chat(connection: sqlite3.Connection, chat_id: str | None) -> Decimal | None:
    """What a chat has cost; None where none is asked for, or nobody knows."""
    if chat_id is None:
        return None
    amounts = connection.execute("SELECT cost FROM turns WHERE chat_id = ? AND cost IS NOT NULL", (chat_id,))
    return spent.summed(amount for (amount,) in amounts)


def _ordered(sums: Iterable[_Sum], by: UsageBy) -> Sequence[_Sum]:
    if by == "day":
        return sorted(sums, key=lambda one: one.key, reverse=True)
    return sorted(sums, key=lambda one: (one.cost or Decimal(0), one.tokens[-1], one.key), reverse=True)
