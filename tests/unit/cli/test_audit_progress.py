"""A terminal is told where an audit goes on, also one that shows no progress."""

from io import StringIO

import pytest

from maestro.cli.audit_progress import Progress
from maestro_protocol.events import AuditRerouted


@pytest.mark.parametrize("wanted", [True, False])
def test_a_move_is_one_line(wanted: bool) -> None:
    stream = StringIO()
    progress = Progress(stream, wanted=wanted)
    moved = {"from": "p/m1", "to": "q/m2", "reason": "p/m1 is rate limited.", "audit_id": "aud_1"}
    progress.send(AuditRerouted.model_validate(moved))
    progress(1, 2, "a.py")
    assert stream.getvalue() == "p/m1 is rate limited. q/m2 is asked instead.\n"
