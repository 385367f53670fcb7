"""Whatever comes in whatever order, what an editor is shown is about the text it has on screen."""

import pytest

from maestro.services.texts import Snapshot
from tests.bench.audit.races import measure


def test_no_interleaving_shows_or_leaves_something_wrong() -> None:
    numbers = measure(seed=7, limit=120)
    assert numbers["violations"] == 0
    assert numbers["publishes"] > 120


def test_results_that_are_not_moved_to_the_text_on_screen_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshot, "edits", ())
    assert measure(seed=7, limit=20)["violations"] > 0
