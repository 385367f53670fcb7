"""Which documents have findings is known to the next start, until they have none."""

from pathlib import Path

import pytest

from maestro.database.database import Database
from maestro.services.audited_documents import Asked, AuditedDocuments

pytestmark = pytest.mark.asyncio
ASKED = Asked("openai", "ses_1", "gpt", ["security"], "medium")
BROAD = Asked("offline", None, "assistant", None, "low")
WORK = "file:///work"


async def test_the_next_start_knows_what_was_asked_below_its_folders(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    first = AuditedDocuments(database)
    for uri, asked in ((f"{WORK}/a%20b.py", ASKED), (f"{WORK}/c.py", BROAD), ("file:///works/d.py", BROAD)):
        first.keep(uri, asked)

    later = AuditedDocuments(database)
    assert await later.below([WORK]) == [(f"{WORK}/a%20b.py", ASKED), (f"{WORK}/c.py", BROAD)]
    assert await later.below([]) == []
    later.rename(f"{WORK}/c.py", f"{WORK}/e.py")
    later.forget([f"{WORK}/a%20b.py", f"{WORK}/unknown.py"])
    assert await later.below([WORK]) == [(f"{WORK}/e.py", BROAD)]
    await database.aclose()


async def test_all_are_forgotten_but_those_of_other_folders(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    AuditedDocuments(database).keep("file:///other/a.py", ASKED)
    ours = AuditedDocuments(database)
    ours.keep(f"{WORK}/a.py", ASKED)
    ours.forget()

    assert [uri for uri, _ in await ours.below([WORK, "file:///other"])] == ["file:///other/a.py"]
    await database.aclose()
