"""What people said of findings is in the store, for all windows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from maestro.audit.identity.baseline import Entry
from maestro.database.database import Database
from maestro.services.marks import FolderMarks, Marks
from tests.unit.audit.results import finding

pytestmark = pytest.mark.asyncio
FOLDER = "file:///work"


class Window:
    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.changed = asyncio.Event()
        self.marks = Marks(self.database, self.changed.set)


@pytest_asyncio.fixture
async def windows(tmp_path: Path) -> AsyncIterator[tuple[Window, Window]]:
    pair = Window(tmp_path / "maestro.db"), Window(tmp_path / "maestro.db")
    for window in pair:
        await window.marks.open()
    yield pair
    for window in pair:
        await window.database.aclose()


async def test_what_one_window_says_all_follow(windows: tuple[Window, Window]) -> None:
    ours, theirs = windows
    await ours.marks.dismiss(FOLDER, finding(), "known")
    assert ours.changed.is_set()
    async with asyncio.timeout(10):
        await theirs.changed.wait()
    assert theirs.marks.of(FOLDER) == ours.marks.of(FOLDER)
    [entry] = theirs.marks.of(FOLDER).dismissed.entries
    assert (entry.fingerprint, entry.path, entry.symbol, entry.reason, entry.count) == (
        "a" * 32, "src/a.py", "load", "known", 1
    )  # fmt: skip


async def test_the_same_again_counts_and_the_last_reason_is_told(windows: tuple[Window, Window]) -> None:
    marks = windows[0].marks
    await marks.dismiss(FOLDER, finding(), "first")
    await marks.dismiss(FOLDER, finding(), None)
    [entry] = marks.of(FOLDER).dismissed.entries
    assert (entry.count, entry.reason) == (2, None)
    await marks.take_back(FOLDER, entry)
    assert marks.of(FOLDER) == FolderMarks()


async def test_what_is_in_no_function_and_no_folder_can_be_dismissed(windows: tuple[Window, Window]) -> None:
    marks = windows[0].marks
    await marks.dismiss("", finding(symbol=None, rel_path=None), None)
    [entry] = marks.of("").dismissed.entries
    assert (entry.path, entry.symbol) == ("", None)
    await marks.take_back("", entry)
    assert marks.of("").dismissed.entries == ()


async def test_rules_are_turned_off_by_folder(windows: tuple[Window, Window]) -> None:
    marks = windows[0].marks
    await marks.turn_off(FOLDER, "sql-injection", "no database")
    assert marks.of(FOLDER).rules == {"sql-injection": "no database"}
    assert marks.of("file:///other").rules == {}
    await marks.turn_on(FOLDER, "sql-injection")
    assert marks.of(FOLDER).rules == {}


async def test_nobody_is_told_of_what_changes_nothing(windows: tuple[Window, Window]) -> None:
    window = windows[0]
    await window.marks.take_back(FOLDER, Entry("b" * 32, "sql-injection", "src/a.py", "Not there"))
    await window.marks.turn_on(FOLDER, "sql-injection")
    assert not window.changed.is_set()


async def test_they_survive_a_restart(windows: tuple[Window, Window], tmp_path: Path) -> None:
    await windows[0].marks.dismiss(FOLDER, finding(), None)
    again = Window(tmp_path / "maestro.db")
    await again.marks.open()
    assert len(again.marks.of(FOLDER).dismissed.entries) == 1
    await again.database.aclose()
