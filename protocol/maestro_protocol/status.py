"""One status a thin client can draw."""

from datetime import datetime
from typing import Literal

from maestro_protocol.base import Params, WireModel
from maestro_protocol.errors import Command


class StatusParams(Params):
    """Nothing to say."""


class RateLimit(WireModel):
    """What a service said is left, in its last answer to a request to this model."""

    provider: str
    session_id: str | None = None
    model: str | None = None
    """The provider's own name; most services count by model."""
    counts: str
    """What is counted: `requests`, `tokens`, `inputTokens`, `outputTokens`, or the service's own word."""
    limit: int | None = None
    remaining: int | None = None
    used_percent: float | None = None
    """Where the service tells no numbers."""
    resets_at: datetime | None = None
    observed_at: datetime


class Status(WireModel):
    state: Literal["normal", "busy", "warning", "error", "inactive"]
    message: str
    command: Command | None = None
    """What a click should do."""
    rate_limits: list[RateLimit] | None = None
    """Those whose time is not over yet."""


class StatusDidChangeParams(Status):
    """The status is now this."""
