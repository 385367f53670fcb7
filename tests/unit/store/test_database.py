"""One thread, one transaction per piece of work, and a watch on what others commit."""

import asyncio
import gc
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from maestro.database.database import PAUSE_SECONDS, Database, Follow
from maestro.errors import MaestroError
from tests.unit.store.support import ROOT, names, opened, query, rows

NOTE = "INSERT INTO notes(key, value, at) VALUES ('{}', '', '')"
KEYS = "SELECT key FROM notes ORDER BY key"


def note(connection: sqlite3.Connection, key: str = "a") -> str:
    connection.execute(NOTE.format(key))
    return key


@pytest.mark.asyncio
async def test_work_is_committed_or_rolled_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        assert await database.run(note) == "a"

        def fails(connection: sqlite3.Connection) -> None:
            note(connection, "b")
            raise KeyError("mine")

        with pytest.raises(KeyError):
            await database.run(fails)
        assert await rows(database, KEYS) == [("a",)]


def test_work_without_an_event_loop(tmp_path: Path) -> None:
    database = Database(tmp_path / "maestro.db")
    assert database.run_now(note) == "a"
    with pytest.raises(MaestroError):
        database.run_now(note)
    asyncio.run(database.aclose())
    assert query(tmp_path / "maestro.db", KEYS) == [("a",)]


@pytest.mark.asyncio
async def test_an_error_of_sqlite_becomes_a_sentence(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await database.run(note)
        with pytest.raises(MaestroError) as caught:
            await database.run(note)
        assert caught.value.code == 4901
        assert caught.value.message.endswith(".")
        with pytest.raises(MaestroError):
            await rows(database, "SELECT nothing")
        assert await rows(database, KEYS) == [("a",)]


@pytest.mark.asyncio
async def test_the_connection_is_set_up(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        for pragma, value in {
            "journal_mode": "wal", "busy_timeout": 5000, "synchronous": 1, "foreign_keys": 1, "secure_delete": 1
        }.items():  # fmt: skip
            assert await rows(database, f"PRAGMA {pragma}") == [(value,)]


@pytest.mark.asyncio
async def test_everything_happens_on_one_daemon_thread(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        threads = {await database.run(lambda _: threading.current_thread()) for _ in range(3)}
        (thread,) = threads
        assert thread.daemon
    thread.join(5)
    assert not thread.is_alive()


def test_nothing_is_touched_before_the_first_use(tmp_path: Path) -> None:
    Database(tmp_path / "data" / "maestro.db")
    assert list(tmp_path.iterdir()) == []
    code = (
        "import maestro.database.database, maestro.vault.vault, sys\n"
        "print({'sqlite3', 'cryptography', 'keyring'} & {*sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout == "set()\n"


@pytest.mark.parametrize("umask", [0, 0o077])
@pytest.mark.asyncio
async def test_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    previous = os.umask(umask)
    try:
        async with opened(tmp_path / "deep" / "data" / "maestro.db") as database:
            await database.run(note)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep" / "data").iterdir()}
    finally:
        os.umask(previous)
    assert modes == {"maestro.db": 0o600, "maestro.db-wal": 0o600, "maestro.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "deep" / "data").stat().st_mode) == 0o700


@pytest.mark.asyncio
async def test_files_that_were_open_to_others_are_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "data" / "maestro.db"
    path.parent.mkdir(mode=0o755)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE other(x)")
        for name in ("maestro.db", "maestro.db-wal", "maestro.db-shm"):
            (path.parent / name).chmod(0o644)
        async with opened(path) as database:
            await database.run(note)
            assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.asyncio
async def test_a_failed_opening_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    path.mkdir()
    async with opened(path) as database:
        with pytest.raises(MaestroError) as caught:
            await database.run(note)
        assert "a directory in its place" in caught.value.message
        path.rmdir()
        assert await database.run(note) == "a"


@pytest.mark.asyncio
async def test_what_was_begun_is_finished_and_what_was_not_is_not_begun(tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slowly(connection: sqlite3.Connection) -> None:
        note(connection, "begun")
        began.set()
        go_on.wait(10)
        note(connection, "finished")

    async with opened(tmp_path / "maestro.db") as database:
        running = asyncio.create_task(database.run(slowly))
        waiting = asyncio.create_task(database.run(lambda connection: note(connection, "queued")))
        await asyncio.to_thread(began.wait, 10)
        running.cancel()
        waiting.cancel()
        assert [type(result) for result in await asyncio.gather(running, waiting, return_exceptions=True)] == [
            asyncio.CancelledError
        ] * 2
        go_on.set()
        assert await rows(database, KEYS) == [("begun",), ("finished",)]


@pytest.mark.asyncio
async def test_a_failure_nobody_waits_for_makes_no_noise(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    began, go_on = threading.Event(), threading.Event()

    def fails(_: sqlite3.Connection) -> None:
        began.set()
        go_on.wait(10)
        raise KeyError("late")

    async with opened(tmp_path / "maestro.db") as database:
        task = asyncio.create_task(database.run(fails))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        go_on.set()
        await database.read(lambda _: None)
    del task
    gc.collect()
    await asyncio.sleep(0)
    assert caplog.records == []


@pytest.mark.asyncio
async def test_posted_work_is_done_and_its_failure_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        database.post(note)
        database.post(note)
        assert await rows(database, KEYS) == [("a",)]
    assert [(record.levelno, "was lost" in record.message) for record in caplog.records] == [(logging.WARNING, True)]


@pytest.mark.asyncio
async def test_closing_finishes_what_was_handed_in_and_refuses_more(tmp_path: Path) -> None:
    database = Database(tmp_path / "maestro.db")
    for number in range(50):
        database.post(lambda connection, key=str(number): note(connection, key))
    await database.aclose()
    await database.aclose()
    assert len(query(database.path, KEYS)) == 50
    assert names(tmp_path) == ["maestro.db"]
    with pytest.raises(MaestroError, match="closed"):
        await database.run(note)
    database.post(note)


@pytest.mark.asyncio
async def test_closing_does_not_wait_for_what_hangs(tmp_path: Path) -> None:
    release = threading.Event()
    database = Database(tmp_path / "maestro.db")
    database.post(lambda _: release.wait(20))
    begin = monotonic()
    await database.aclose()
    assert monotonic() - begin < 1.5
    release.set()


@pytest.mark.asyncio
async def test_closing_what_was_never_used_touches_nothing(tmp_path: Path) -> None:
    await Database(tmp_path / "maestro.db").aclose()
    assert names(tmp_path) == []


def _setting(event: asyncio.Event) -> Follow:
    async def heard() -> None:
        event.set()

    return heard


@pytest.mark.asyncio
async def test_the_watch_hears_of_another_process_and_of_nothing_else(tmp_path: Path) -> None:
    path, changed = tmp_path / "maestro.db", asyncio.Event()
    async with opened(path) as database:
        await database.run(note)
        calls: list[float] = []

        async def heard() -> None:
            calls.append(monotonic())
            changed.set()

        database.watch(heard)
        await database.run(lambda connection: note(connection, "mine"))
        await asyncio.sleep(1.2)
        assert calls == []
        insert = NOTE.format("other")
        code = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute({insert!r}); c.commit(); c.close()"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        assert await process.wait() == 0
        await asyncio.wait_for(changed.wait(), 2)
        assert len(calls) == 1


@pytest.mark.asyncio
async def test_the_watch_begins_with_a_file_that_another_process_makes(tmp_path: Path) -> None:
    path, changed = tmp_path / "data" / "maestro.db", asyncio.Event()
    async with opened(path) as database, opened(path) as other:
        database.watch(_setting(changed))
        await asyncio.sleep(0.2)
        assert not path.exists()
        await other.run(note)
        await asyncio.wait_for(changed.wait(), 5)


@pytest.mark.asyncio
async def test_the_watch_makes_no_file_in_the_place_of_one_that_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await database.run(note)
        database.watch(_setting(asyncio.Event()))
        for name in names(tmp_path):
            (tmp_path / name).unlink()
        await asyncio.sleep(0.8)
        assert names(tmp_path) == []
        await database.run(lambda connection: note(connection, "new"))
        assert await rows(database, KEYS) == [("new",)]


@pytest.mark.asyncio
async def test_a_busy_thread_watches_too(tmp_path: Path) -> None:
    path, changed = tmp_path / "maestro.db", asyncio.Event()
    async with opened(path) as database, opened(path) as other:
        await other.run(note)
        await database.read(lambda _: None)
        database.watch(_setting(changed))
        await other.run(lambda connection: note(connection, "b"))
        end = monotonic() + 5
        while not changed.is_set():
            await database.read(lambda _: None)
            assert monotonic() < end


@pytest.mark.asyncio
async def test_another_file_in_its_place_is_opened(tmp_path: Path) -> None:
    path, changed = tmp_path / "maestro.db", asyncio.Event()
    async with opened(path) as database:
        await database.run(note)
        database.watch(_setting(changed))
        for name in names(tmp_path):
            (tmp_path / name).rename(tmp_path / f"former-{name}")
        await database.run(lambda connection: note(connection, "new"))
        assert await rows(database, KEYS) == [("new",)]
        await asyncio.wait_for(changed.wait(), 5)
    assert query(path, KEYS) == [("new",)]
    assert query(tmp_path / "former-maestro.db", KEYS) == [("a",)]


@pytest.mark.asyncio
async def test_who_follows_another_window_is_ended_with_the_database_and_asks_it_nothing(tmp_path: Path) -> None:
    path, changed, ended = tmp_path / "maestro.db", asyncio.Event(), list[type[BaseException]]()
    async with opened(path) as database, opened(path) as other:

        async def follow() -> None:
            changed.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                ended.append(type(error))
                raise

        database.watch(follow)
        await database.read(lambda _: None)
        await other.run(note)
        await asyncio.wait_for(changed.wait(), 5)
        await database.aclose()
        assert ended == [asyncio.CancelledError]


@pytest.mark.asyncio
async def test_a_database_in_use_for_too_long(tmp_path: Path) -> None:
    async with opened(tmp_path / "maestro.db") as database:
        await database.run(note)
        await database.read(lambda connection: connection.execute("PRAGMA busy_timeout = 50"))
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(MaestroError, match="in use by another program"):
                await database.run(lambda connection: note(connection, "b"))
            other.execute("ROLLBACK")
        assert await database.run(lambda connection: note(connection, "b")) == "b"


@pytest.mark.asyncio
async def test_damage_in_use_is_reported_and_looked_into(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("this is no database at all" * 100)
    async with opened(tmp_path / "maestro.db") as database:
        await database.run(note)

        def meets_damage(connection: sqlite3.Connection) -> None:
            connection.execute("ATTACH ? AS other", (str(tmp_path / "other"),))
            connection.execute("SELECT * FROM other.sqlite_schema")

        with pytest.raises(MaestroError, match="no database"):
            await database.read(meets_damage)
        assert await rows(database, KEYS) == [("a",)]  # it was opened again, and nothing was wrong with it
    assert names(tmp_path) == ["maestro.db", "other"]


@pytest.mark.asyncio
async def test_a_large_log_is_written_back_in_a_pause(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    async with opened(path) as database:
        await database.run(lambda connection: connection.execute("CREATE TABLE much(text)"))
        text = "x" * (6 * 1024 * 1024)
        before = path.stat().st_size
        await database.run(lambda connection: connection.execute("INSERT INTO much VALUES (?)", (text,)))
        async with asyncio.timeout(20):
            while path.stat().st_size < before + len(text):
                await database.read(lambda connection: None)
                await asyncio.sleep(PAUSE_SECONDS * 2)
