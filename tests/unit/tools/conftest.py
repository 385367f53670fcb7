"""A workspace folder of its own for each test."""

import os
from pathlib import Path

import pytest

from tests.unit.tools.surroundings import Workspace, workspace


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    folder = Path(os.path.realpath(tmp_path)) / "project"
    folder.mkdir()
    made = workspace(folder)
    made.environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return made
