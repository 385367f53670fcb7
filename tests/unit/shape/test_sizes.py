"""The sizes are a report, not a rule."""

import pytest

from tests.unit.shape.sizes import AIM, report


def test_sizes_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    text = report()
    with capsys.disabled():
        print(f"\n{text}")
    assert text.endswith(AIM)
