"""What is generated is what the vocabulary says now."""

import sys

from maestro_protocol.generate import stale


def test_generated_files_are_fresh() -> None:
    assert stale() == [], f"run: {sys.executable} -m maestro_protocol.generate"
