"""One status a thin client can draw."""

from typing import Literal

from maestro_protocol.base import Params, WireModel
from maestro_protocol.errors import Command


class StatusParams(Params):
    """Nothing to say."""


class Status(WireModel):
    state: Literal["normal", "busy", "warning", "error", "inactive"]
    message: str
    command: Command | None = None
    """What a click should do."""


class StatusDidChangeParams(Status):
    """The status is now this."""
