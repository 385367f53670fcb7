"""Reviews kept on disk, so that code which did not change is never sent again."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import time
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from maestro.audit.asking.review import Review
from maestro.audit.asking.wire import WireFinding
from maestro_protocol.base import JsonObject

T = TypeVar("T")

MOST = 50_000
"""Reviews that are kept; beyond that the ones longest unused go."""
_FORMAT = 1
_MEMORY = 4_096

_CLAIMS = TypeAdapter(list[WireFinding])
_log = logging.getLogger(__name__)


class ReviewCache:
    """Reviews by key; only whole ones are kept. Without a path they live in memory.

    Nothing here is worth a failed audit: a file that cannot be used is done without, and one that is broken is
    begun anew. It holds what models quoted of the code, never a secret, and is readable to its owner alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = Lock()
        self._recent: dict[str, Review] = {}

    def get(self, keys: Iterable[str]) -> Mapping[str, Review]:
        """Those that are known; blocks."""
        wanted = list(dict.fromkeys(keys))
        found = {key: self._recent[key] for key in wanted if key in self._recent}
        missing = [key for key in wanted if key not in found]
        if missing and self._path is not None and self._path.exists():
            found.update(self._with_file(lambda database: _read(database, missing)) or {})
        self._remember(found)
        return found

    def put(self, reviews: Mapping[str, Review]) -> None:
        """Keep them; blocks."""
        whole = {key: review for key, review in reviews.items() if review.status == "reviewed" and not review.cached}
        if not whole:
            return
        self._remember({key: replace(review, cached=True) for key, review in whole.items()})
        if self._path is not None:
            self._with_file(lambda database: _write(database, whole))

    def _remember(self, reviews: Mapping[str, Review]) -> None:
        with self._lock:
            for key, review in reviews.items():
                self._recent.pop(key, None)
                self._recent[key] = review
            while len(self._recent) > _MEMORY:
                del self._recent[next(iter(self._recent))]

    def _with_file(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What comes of the work; None where the file cannot be used, which is told to the log alone."""
        assert self._path is not None
        try:
            with self._lock, closing(_open(self._path)) as database:
                return work(database)
        except sqlite3.OperationalError as error:
            _log.warning("The cache of audits cannot be used: %s", error)
        except sqlite3.DatabaseError as error:
            _log.warning("The cache of audits is broken and begun anew: %s", error)
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("The cache of audits cannot be used: %s", error.strerror)
        return None


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(mode=0o600)
    database = sqlite3.connect(path, timeout=2, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    if database.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
        database.execute("DROP TABLE IF EXISTS reviews")
        database.execute("CREATE TABLE reviews(key TEXT PRIMARY KEY, body TEXT NOT NULL, used_at REAL) WITHOUT ROWID")
        database.execute("CREATE INDEX reviews_by_use ON reviews(used_at)")
        database.execute(f"PRAGMA user_version = {_FORMAT}")
    return database


def _read(database: sqlite3.Connection, keys: list[str]) -> dict[str, Review]:
    found: dict[str, Review] = {}
    for key in keys:
        row = database.execute("SELECT body FROM reviews WHERE key = ?", (key,)).fetchone()
        if row is not None and (review := _load(row[0])) is not None:
            found[key] = review
    database.execute("BEGIN")
    database.executemany("UPDATE reviews SET used_at = ? WHERE key = ?", [(time(), key) for key in found])
    database.execute("COMMIT")
    return found


def _write(database: sqlite3.Connection, reviews: Mapping[str, Review]) -> None:
    rows = [(key, _dump(review), time()) for key, review in reviews.items()]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT OR REPLACE INTO reviews VALUES (?, ?, ?)", rows)
    (count,) = database.execute("SELECT count(*) FROM reviews").fetchone()
    if count > MOST:
        surplus = "SELECT key FROM reviews ORDER BY used_at LIMIT ?"
        database.execute(f"DELETE FROM reviews WHERE key IN ({surplus})", (count - MOST,))
    database.execute("COMMIT")


def _dump(review: Review) -> str:
    body: JsonObject = {
        "claims": [claim.model_dump(mode="json") for claim in review.claims],
        "reason": review.reason,
        "tokens": review.tokens,
        "milliseconds": review.milliseconds,
    }
    return json.dumps(body)


def _load(body: str) -> Review | None:
    try:
        value = json.loads(body)
        claims = tuple(_CLAIMS.validate_python(value["claims"]))
        reason, tokens, milliseconds = (value[name] for name in ("reason", "tokens", "milliseconds"))
        return Review("reviewed", claims, None, reason, cached=True, tokens=tokens, milliseconds=milliseconds)
    except (ValueError, KeyError, TypeError, ValidationError):
        return None
