"""Which chunks are no longer what their files are."""

from typing import TYPE_CHECKING

from maestro.context.rows import select
from maestro_protocol.context import Chunk

if TYPE_CHECKING:
    import sqlite3

_MARK = """
UPDATE chunks SET stale = NOT stale
  WHERE uri = :uri AND (stale = 0 AND sha256 <> :sha256 OR stale = 1 AND sha256 = :sha256) RETURNING id
"""
# Three short looks at an index, for a file may have many chunks and seldom news.
_IS_NEWS = """
SELECT 1 FROM (
  SELECT 1 FROM chunks WHERE uri = :uri AND stale = 0 AND sha256 < :sha256
  UNION ALL SELECT 1 FROM chunks WHERE uri = :uri AND stale = 0 AND sha256 > :sha256
  UNION ALL SELECT 1 FROM chunks WHERE uri = :uri AND stale = 1 AND sha256 = :sha256) LIMIT 1
"""
_NO_FILE = ""
"""No digest of a text."""


def mark_stale(connection: "sqlite3.Connection", uri: str, sha256: str | None) -> list[Chunk]:
    """Mark the chunks of a file by the text it has now, None for a file that cannot be read any more.

    Those of another text become stale, those of this one fresh; deleted ones too. Returns those that are sent and
    changed.
    """
    marked = connection.execute(_MARK, {"uri": uri, "sha256": sha256 or _NO_FILE}).fetchall()
    return select(connection, [str(chunk_id) for (chunk_id,) in marked])


def is_news(connection: "sqlite3.Connection", uri: str, sha256: str | None) -> bool:
    """Whether `mark_stale` would change anything."""
    return connection.execute(_IS_NEWS, {"uri": uri, "sha256": sha256 or _NO_FILE}).fetchone() is not None


def files(connection: "sqlite3.Connection") -> list[str]:
    """The URIs of all files that are part of a context."""
    return [str(uri) for (uri,) in connection.execute("SELECT DISTINCT uri FROM chunks WHERE uri IS NOT NULL")]
