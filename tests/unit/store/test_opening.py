"""Files that are no database are set aside, files of a newer Maestro and what cannot be opened stay as they are."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from maestro.database.migrations import VERSION
from maestro.database.opening import open_database
from maestro.errors import MaestroError
from tests.unit.store.support import ROOT, command, make_legacy, names, opened, query, rows


def fill(path: Path, count: int = 200) -> bytes:
    """A database with some pages."""
    connection = open_database(path).connection
    connection.executemany("INSERT INTO notes VALUES (?, ?, '')", ((f"k{n}", "v" * 500) for n in range(count)))
    connection.close()
    return path.read_bytes()


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.unreadable-*"))


def damage(content: bytes) -> dict[str, bytes]:
    return {
        "text": b"this is no database at all" * 100,
        "short": b"x",
        "header": content[:50],
        "half a page": content[:2000],
        "half": content[: len(content) // 2],
        "zeros": content[:4096] + bytes(4096) + content[8192:],
        "scrambled schema": content[:100] + os.urandom(3996) + content[4096:],
    }


@pytest.mark.parametrize("kind", list(damage(b"")))
def test_what_cannot_be_read_is_set_aside(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "maestro.db"
    content = damage(fill(path))[kind]
    path.write_bytes(content)
    opening = open_database(path)
    opening.connection.close()
    (found,) = aside(path)
    assert found.read_bytes() == content
    assert opening.aside == found
    (notice,) = opening.notices()
    assert str(found) in notice
    assert query(path, "SELECT count(*) FROM notes") == [(0,)]
    assert query(path, "PRAGMA user_version") == [(VERSION,)]


def test_the_log_goes_with_the_database(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    path.write_bytes(b"no database" * 100)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).write_bytes(suffix.encode())
    open_database(path).connection.close()
    main, *others = aside(path)
    assert [other.name.removeprefix(main.name) for other in others] == ["-shm", "-wal"]
    assert others[1].read_bytes() == b"-wal"


def test_a_second_bad_file_does_not_replace_the_first(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    for number in range(3):
        path.write_bytes(b"bad %d" % number)
        open_database(path).connection.close()
    assert {found.read_bytes() for found in aside(path)} == {b"bad 0", b"bad 1", b"bad 2"}


def test_several_processes_set_it_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    path.write_bytes(b"no database" * 100)
    processes = [subprocess.Popen(command("open_once", path), cwd=ROOT, stdout=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    assert len(aside(path)) == 1


def test_an_empty_file_is_a_fresh_database(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    path.touch()
    opening = open_database(path)
    opening.connection.close()
    assert list(opening.notices()) == []
    assert [file.name for file in tmp_path.iterdir()] == ["maestro.db"]


def test_a_newer_database_stays_as_it_is(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db", version=VERSION + 1)
    before = path.read_bytes()
    with pytest.raises(MaestroError, match="newer Maestro") as caught:
        open_database(path)
    assert caught.value.code == 4901
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["maestro.db"]


def test_a_newer_database_whose_number_is_still_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
        assert int.from_bytes(path.read_bytes()[60:64], "big") == VERSION
        with pytest.raises(MaestroError, match="newer Maestro"):
            open_database(path)
        assert newer.execute("SELECT count(*) FROM notes").fetchone() == (200,)
    assert aside(path) == []


def test_a_directory_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(MaestroError, match="there is a directory in its place") as caught:
        open_database(path)
    assert caught.value.code == 4901
    assert (path / "inside").is_dir()


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(MaestroError, match="no directory"):
        open_database(tmp_path / "data" / "maestro.db")
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="permission bits")
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_place_that_may_not_be_used_is_left_alone(tmp_path: Path, mode: int) -> None:
    """As somebody who does not own it, for root may everything."""
    place = tmp_path / "data"
    place.mkdir()
    place.chmod(mode)
    code = "import sys; from tests.unit.store.test_opening import as_nobody; as_nobody(sys.argv[1])"
    result = subprocess.run([sys.executable, "-c", code, place], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout == "4901 you may not read or write there\n", result.stderr
    place.chmod(0o700)
    assert list(place.iterdir()) == []


ROW = (
    "INSERT INTO saved_authentications(id, provider, auth_type, name, credentials, created_at, updated_at) "
    "VALUES ('ses_1', 'openai', 'api_key', CAST(x'ff41' AS TEXT), x'01', '', '')"
)


@pytest.mark.parametrize("version", [-5, -(2**31)])
def test_a_number_that_no_maestro_writes_is_put_right(tmp_path: Path, version: int) -> None:
    path = tmp_path / "maestro.db"
    fill(path)
    query(path, ROW)
    query(path, f"PRAGMA user_version = {version}")
    opening = open_database(path)
    opening.connection.close()
    assert list(opening.notices()) == []
    assert query(path, "SELECT id FROM saved_authentications") == [("ses_1",)]
    assert query(path, "PRAGMA user_version") == [(VERSION,)]
    assert names(tmp_path) == ["maestro.db"]


def test_a_legacy_database_with_such_a_number_is_migrated_once(tmp_path: Path) -> None:
    path = make_legacy(tmp_path / "maestro.db", version=-5)
    for _ in range(2):
        open_database(path).connection.close()
    assert query(path, "SELECT id FROM saved_authentications ORDER BY id") == [("ses_1",), ("ses_2",), ("ses_7",)]
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("version", [-5, 0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    "other",
    [
        "CREATE TABLE vault_keys(x)",
        "CREATE TABLE notes(key)",
        "CREATE VIEW saved_authentications AS SELECT 1 AS provider",
        "CREATE VIEW leases AS SELECT 1 AS name",
    ],
)
def test_what_has_another_shape_is_set_aside_once(tmp_path: Path, version: int, other: str) -> None:
    path = tmp_path / "maestro.db"
    query(path, other)
    query(path, f"PRAGMA user_version = {version}")
    for _ in range(2):
        open_database(path).connection.close()
    assert len(aside(path)) == 1
    assert len(names(tmp_path)) == 2


def test_a_table_of_today_with_another_shape_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    query(path, "CREATE TABLE messages(text)")
    query(path, f"PRAGMA user_version = {VERSION}")
    open_database(path).connection.close()
    assert len(aside(path)) == 1


@pytest.mark.parametrize(
    "table",
    [
        "saved_authentications",
        "session_defaults",
        "vault_keys",
        "leases",
        "notes",
        "chats",
        "messages",
        "chunks",
        "ledger",
    ],
)
def test_a_lost_table_is_made_again_and_told(tmp_path: Path, table: str) -> None:
    path = tmp_path / "maestro.db"
    fill(path)
    query(path, f"DROP TABLE {table}")
    opening = open_database(path)
    opening.connection.close()
    (notice,) = opening.notices()
    assert table in notice
    assert ("restore a backup" in notice) is (table == "saved_authentications")
    assert query(path, f"SELECT count(*) FROM {table}") == [(0,)]
    assert names(tmp_path) == ["maestro.db"]


@pytest.mark.asyncio
async def test_a_table_that_is_lost_meanwhile_is_made_again_at_the_next_call(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    async with opened(path) as database:
        assert await rows(database, "SELECT * FROM leases") == []
        query(path, "DROP TABLE leases")
        with pytest.raises(MaestroError, match="changed outside Maestro"):
            await rows(database, "SELECT * FROM leases")
        assert await rows(database, "SELECT * FROM leases") == []
        assert "leases" in database.notices[0]


@pytest.mark.asyncio
async def test_text_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    await asyncio.to_thread(fill, path)
    await asyncio.to_thread(query, path, ROW)
    async with opened(path) as database:
        assert await rows(database, "SELECT name FROM saved_authentications") == [("\N{REPLACEMENT CHARACTER}A",)]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "maestro.db"
    os.mkfifo(path)
    with pytest.raises(MaestroError, match="no regular file") as caught:
        open_database(path)
    assert caught.value.code == 4901
    assert str(path) in caught.value.message


def as_nobody(place: str) -> None:
    if os.geteuid() == 0:
        os.chmod(Path(place).parent, 0o755)
        os.setuid(65534)
    try:
        open_database(Path(place) / "maestro.db")
    except MaestroError as error:
        print(error.code, error.message.partition(": ")[2].partition(";")[0])
