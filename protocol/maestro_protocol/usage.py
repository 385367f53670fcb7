"""Usage: what was spent, and what became of the requests."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from maestro_protocol.base import Params, WireModel
from maestro_protocol.chat import Cost, Usage

UsageBy: TypeAlias = Literal["session", "model", "day", "provider", "chat", "turn"]


class UsageSummaryParams(Params):
    by: UsageBy
    since: datetime | None = None
    chat_id: str | None = None
    """Only this chat's."""


class UsageRow(WireModel):
    key: str
    """The session's id, the model's id, the day (UTC), the provider's id, the chat's id, or the turn's or audit's id;
    `none` for what has no session or no chat."""
    label: str | None = None
    """What people call it: the chat's title, the session's name."""
    turns: int
    requests: int
    retries: int
    failures: int
    """Turns that ended with an error."""
    usage: Usage
    cost: Cost | None = None
    """Of the turns whose model has a known price."""
    unpriced: int = 0
    """Turns that took tokens and are not in `cost`, for nobody knew a price."""


class RetryCounter(WireModel):
    """What became of the requests since the server started."""

    class_: str = Field(alias="class")
    """`ok` for requests that worked at once, else the class of the failure, e.g. `rate_limited`."""
    provider: str
    session_id: str | None = None
    attempts: int
    successes: int
    exhausted: int
    """Failures that reached the caller."""
    cancelled: int


class BudgetState(WireModel):
    """A budget that is set, and what has been spent of it."""

    scope: Literal["turn", "chat", "day"]
    limit: str
    """US dollars, as is `spent`."""
    spent: str | None = None
    """Of the day, or of the chat that was asked for."""


class UsageSummaryResult(WireModel):
    rows: list[UsageRow]
    total: UsageRow
    """Everything in the rows; its key is `total`."""
    budgets: list[BudgetState] = Field(default_factory=list)
    counters: list[RetryCounter]
