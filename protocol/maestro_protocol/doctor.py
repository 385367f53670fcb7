"""What `maestro doctor` finds."""

from typing import Literal

from maestro_protocol.base import Params, WireModel


class DoctorParams(Params):
    network: bool = False
    """Also ask the providers one is signed in to whether they can be reached."""


class Check(WireModel):
    """One thing that was looked at."""

    id: str
    """Stable, as `store.readable`."""
    label: str
    """What was found, in one sentence."""
    ok: bool
    severity: Literal["info", "warning", "error"]
    cause: str | None = None
    """Why it is not ok."""
    fix: str | None = None
    """What to do about it, exactly."""


class DoctorResult(WireModel):
    checks: list[Check]
