"""Which intent wrote a line is known as long as the line is there, also after a restart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from maestro.audit.moving.line_changes import bare_lines
from maestro.database.database import Database
from maestro.intents import ledger
from maestro.services.written import WrittenLines
from maestro_protocol.intents import IntentRecord, RiskLevel
from tests.unit.intents.support import declaration

pytestmark = pytest.mark.asyncio

URI = "file:///work/a.py"
FIRST = "import os\n\n\ndef f():\n    return 1\n"
SECOND = "import os\n\n\ndef f():\n    return 2\n\n\ndef g():\n    return 3\n"


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[tuple[WrittenLines, Database]]:
    """A process of its own."""
    database = Database(folder / "maestro.db")
    try:
        yield WrittenLines(database), database
    finally:
        await database.aclose()


async def declare(database: Database, level: RiskLevel = "medium") -> IntentRecord:
    return await database.run(lambda connection: ledger.declare(connection, declaration(level=level)))


async def owners(written: WrittenLines, text: str, uri: str = URI) -> list[str]:
    found = ["."] * len(bare_lines(text))
    for intent_id, first, last in await written.lines_of(uri, text):
        found[first : last + 1] = [intent_id] * (last + 1 - first)
    return found


async def test_lines_are_found_again_after_a_restart(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        one, two = await declare(database), await declare(database)
        await written.record(one, URI, "", FIRST)
        await written.record(two, URI, FIRST, SECOND)
        before = await owners(written, SECOND)
    async with memory(tmp_path) as (written, _):
        assert await owners(written, SECOND) == before == [*[one.id] * 4, *[two.id] * 5]
        moved = await owners(written, f"# Mine.\n\n{SECOND}")
        assert moved == [".", ".", *before]
        record = await written.intent_at(URI, SECOND, 8)
        assert record is not None and (record.id, record.scope) == (two.id, "src/a.py, pytest")


async def test_lines_that_are_gone_are_forgotten_and_the_others_are_not(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        one, two = await declare(database), await declare(database)
        await written.record(one, URI, "x = 1\n", "x = 1\ny = 2\n")
        await written.record(two, URI, "x = 1\ny = 2\n", "x = 1\ny = 2\nz = 3\n")
    async with memory(tmp_path) as (written, _):
        assert await owners(written, "x = 1\ny = 5\nz = 3\n") == [".", ".", two.id]


async def test_a_document_is_followed_while_it_is_edited(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        one = await declare(database)
        await written.record(one, URI, "", FIRST)
        inside = FIRST.index("    return 1")
        edits = [(0, 0, "# Mine.\n"), (inside + 8, inside + 8, "    go()\n")]
        text = f"# Mine.\n{FIRST[:inside]}    go()\n{FIRST[inside:]}"
        written.edited(URI, edits, text)
        followed = await owners(written, text)
        assert followed == [".", one.id, one.id, one.id, one.id, ".", one.id]
        await written.saved(URI)
    async with memory(tmp_path) as (written, _):
        assert await owners(written, text) == followed


async def test_typing_in_a_line_takes_it_from_who_wrote_it(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        one = await declare(database)
        await written.record(one, URI, "", FIRST)
        at = FIRST.index("1")
        written.edited(URI, [(at, at + 1, "7")], FIRST.replace("1", "7"))
        assert await owners(written, FIRST.replace("1", "7")) == [*[one.id] * 4, "."]


async def test_a_call_that_follows_typing_keeps_what_typing_left(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        one, two = await declare(database), await declare(database)
        await written.record(one, URI, "", FIRST)
        typed = FIRST.replace("import os", "import re")
        written.edited(URI, [(7, 9, "re")], typed)
        await written.record(two, URI, typed, typed.replace("1", "2"))
    async with memory(tmp_path) as (written, _):
        text = typed.replace("1", "2")
        assert await owners(written, text) == [".", one.id, one.id, one.id, two.id]


async def test_what_nobody_saw_before_or_after_is_not_guessed(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        await written.record(await declare(database), URI, None, FIRST)
        assert await owners(written, FIRST) == ["."] * 5
        written.edited(URI, [(0, 0, "x")], f"x{FIRST}")
        assert await written.intent_at(URI, FIRST, 0) is None


async def test_a_prompt_gets_the_intents_behind_its_lines(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        low, high = await declare(database, "low"), await declare(database, "high")
        await written.record(low, URI, "", FIRST)
        await written.record(high, URI, FIRST, SECOND)
        above = await written.behind(URI, SECOND, 0, 2)
        assert (above.is_high, [one["id"] for one in above.as_data()]) == (False, [low.id])
        both = await written.behind(URI, SECOND, 3, 4)
        assert both.is_high
        assert both.as_data() == [
            {"id": low.id, "purpose": "maintenance", "scope": "src/a.py, pytest", "riskLevel": "low"},
            {"id": high.id, "purpose": "maintenance", "scope": "src/a.py, pytest", "riskLevel": "high"},
        ]
        assert [one.intent_id for one in both.of_finding()] == [low.id, high.id]
        assert (await written.behind("file:///b.py", SECOND, 0, 9)).records == []


async def test_lines_of_an_intent_that_is_in_no_ledger_have_none(tmp_path: Path) -> None:
    async with memory(tmp_path) as (written, database):
        foreign = (await declare(database)).model_copy(update={"id": "int_gone"})
        await written.record(foreign, URI, "", FIRST)
        assert await written.intent_at(URI, FIRST, 0) is None
        assert (await written.behind(URI, FIRST, 0, 4)).records == []
