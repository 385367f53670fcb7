"""Usage: what was spent, and what became of the requests."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro_protocol.base import Params, WireModel
from maestro_protocol.chat import Cost, Usage


class UsageSummaryParams(Params):
    by: Literal["session", "model", "day", "provider"]
    since: datetime | None = None


class UsageRow(WireModel):
    key: str
    """The session's id, the model's id, the day (UTC), or the provider's id; `none` for turns without a session."""
    turns: int
    requests: int
    retries: int
    failures: int
    """Turns that ended with an error."""
    usage: Usage
    cost: Cost | None = None
    """Of the turns whose model has a known price."""


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


class UsageSummaryResult(WireModel):
    rows: list[UsageRow]
    counters: list[RetryCounter]
