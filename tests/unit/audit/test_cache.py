"""Reviews on disk."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from maestro.audit.asking import cache
from maestro.audit.asking.cache import ReviewCache
from maestro.audit.asking.review import Review
from maestro.audit.asking.wire import WireFinding
from maestro.errors import MaestroError
from tests.unit.audit.model import claim

FOUND = Review("reviewed", (WireFinding.model_validate(claim("return x")),), reason="read", tokens=3, milliseconds=4)
OTHER_PROCESS = """
import sys
from pathlib import Path
from maestro.audit.asking.cache import ReviewCache
from maestro.audit.asking.review import Review
for number in range(50):
    ReviewCache(Path(sys.argv[1])).put({f"{sys.argv[2]}{number}": Review("reviewed")})
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "audit.db"


def test_a_review_survives_a_restart(path: Path) -> None:
    ReviewCache(path).put({"k": FOUND})
    [(key, known)] = ReviewCache(path).get(["k", "other", "k"]).items()
    assert (key, known.cached, known.claims, known.reason) == ("k", True, FOUND.claims, "read")
    assert (known.tokens, known.milliseconds) == (3, 4)


def test_without_a_path_reviews_live_in_memory() -> None:
    kept = ReviewCache(None)
    kept.put({"k": FOUND})
    assert kept.get(["k"])["k"].claims == FOUND.claims
    assert ReviewCache(None).get(["k"]) == {}


def test_only_whole_new_reviews_are_kept(path: Path) -> None:
    error = MaestroError("overloaded", "Later.")
    kept = ReviewCache(path)
    kept.put({"cut": Review("cut"), "failed": Review("failed", error=error), "skipped": Review("skipped")})
    kept.put({"old": Review("reviewed", cached=True)})
    assert kept.get(["cut", "failed", "skipped", "old"]) == {}
    assert not path.exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no modes")
def test_it_is_readable_to_its_owner_alone(path: Path) -> None:
    ReviewCache(path).put({"k": FOUND})
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_broken_file_is_begun_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 50)
    kept = ReviewCache(path)
    assert kept.get(["k"]) == {}
    kept.put({"k": FOUND})
    assert "k" in ReviewCache(path).get(["k"])


def test_a_file_that_cannot_be_used_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "audit.db", tmp_path):
        kept = ReviewCache(path)
        kept.put({"k": FOUND})
        assert "k" in kept.get(["k"]), "in memory"
        assert ReviewCache(path).get(["k"]) == {}


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"claims": [{"quote": 1}], "reason": null}', '{"claims": null}'])
def test_a_row_that_is_not_understood_is_not_known(path: Path, body: str) -> None:
    ReviewCache(path).put({"k": FOUND})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE reviews SET body = ?", (body,))
    assert ReviewCache(path).get(["k"]) == {}


def test_another_format_is_begun_anew(path: Path) -> None:
    ReviewCache(path).put({"k": FOUND})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version = 99")
    assert ReviewCache(path).get(["k"]) == {}


def test_what_was_unused_for_longest_goes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(cache, "time", lambda: next(clock))
    monkeypatch.setattr(cache, "MOST", 3)
    monkeypatch.setattr(cache, "_MEMORY", 1)
    kept = ReviewCache(path)
    for key in "abc":
        kept.put({key: FOUND})
    kept.get(["a"])
    kept.put({"d": FOUND})
    assert set(ReviewCache(path).get("abcd")) == {"a", "c", "d"}


def test_two_processes_write_at_once(path: Path) -> None:
    command = [sys.executable, "-c", OTHER_PROCESS, str(path)]
    processes = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [process.wait() for process in processes] == [0, 0]
    wanted = {f"{name}{number}" for name in ("a", "b") for number in range(50)}
    assert set(ReviewCache(path).get(wanted)) == wanted


def test_no_secret_field_is_stored(path: Path) -> None:
    ReviewCache(path).put({"k": FOUND})
    with closing(sqlite3.connect(path)) as database:
        [(body,)] = database.execute("SELECT body FROM reviews")
    assert set(json.loads(body)) == {"claims", "reason", "tokens", "milliseconds"}
