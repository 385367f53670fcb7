"""What stands above a function."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.audit.code.symbols import find_symbols
from maestro.audit.source import AuditSource
from maestro.database.database import Database
from maestro.errors import MaestroError
from maestro.intents import ledger
from maestro.lsp.features.code_lens import last_writers, titles
from maestro.lsp.functions import innermost, whole_lines
from maestro.services.written import WrittenLines
from tests.unit.intents.support import declaration
from tests.unit.lsp.test_words import record

TEXT = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
SOURCE = AuditSource("file:///w/a.py", TEXT, "python")
A, F, G = find_symbols(SOURCE)


def test_the_latest_call_counts() -> None:
    now = datetime.now(UTC)
    early, late = record(tool="early", at=now), record(tool="late", at=now + timedelta(seconds=1))
    writers = {1: late, 2: early, 5: early}

    assert titles(F, 0, writers) == ["written by late for test_pass, risk low"]
    assert titles(G, 2, writers) == ["2 findings · re-audit", "written by early for test_pass, risk low"]
    assert titles(A, 1, writers) == ["1 finding · re-audit"]
    assert titles(F, 0, {5: early}) == []


def test_the_smallest_definition_around_a_line() -> None:
    assert [innermost([A, F, G], line) for line in (0, 1, 2, 3, 5, 6)] == [A, F, F, A, G, None]
    range_ = whole_lines(SOURCE, 1, 99, "utf-16")
    assert (range_.start.line, range_.start.character, range_.end.line, range_.end.character) == (1, 0, 6, 0)


@pytest.mark.asyncio
async def test_lines_are_their_writers(tmp_path: Path) -> None:
    database = Database(tmp_path / "maestro.db")
    try:
        written = WrittenLines(database)
        assert await last_writers(written, SOURCE) == {}
        wrote = await database.run(lambda connection: ledger.declare(connection, declaration()))
        await written.record(wrote, SOURCE.uri, TEXT.replace("2", "3"), TEXT)
        assert {line: one.id for line, one in (await last_writers(written, SOURCE)).items()} == {5: wrote.id}
    finally:
        await database.aclose()


@pytest.mark.asyncio
async def test_a_store_that_cannot_be_read_knows_of_nobody(tmp_path: Path) -> None:
    (tmp_path / "maestro.db").mkdir()
    database = Database(tmp_path / "maestro.db")
    try:
        with pytest.raises(MaestroError):
            await WrittenLines(database).lines_of(SOURCE.uri, TEXT)
        assert await last_writers(WrittenLines(database), SOURCE) == {}
    finally:
        await database.aclose()
