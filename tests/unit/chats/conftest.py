"""A store to keep chats in."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from maestro.database.opening import open_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "maestro.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(path).connection) as opened:
        yield opened
