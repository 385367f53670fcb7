"""A summary in the place of what it sums up."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from maestro.chats.coding import storable
from maestro.context import frame, tokens
from maestro.context.chunks import read
from maestro.context.deletion import delete
from maestro.context.rows import batches, digest, insert, marks, preview
from maestro.errors import MaestroError
from maestro_protocol.context import Chunk

if TYPE_CHECKING:
    import sqlite3

LABEL = "Summary of earlier messages"


def summarise(
    connection: "sqlite3.Connection", chat_id: str, replaced_ids: Iterable[str], text: str, label: str = LABEL
) -> tuple[Chunk, list[str]]:
    """Put a summary where the last of the replaced chunks stands, and delete these with their groups, restorably.

    Returns the summary and what it replaced.

    Raises:
        MaestroError: 4501 if nothing of what is to be replaced is there any more.
    """
    replaced, _ = delete(connection, replaced_ids)
    if not replaced:
        raise MaestroError("chunkNotFound", "What was to be summed up is no longer in the context; list it again.")
    text = storable(text)
    values: dict[str, object] = {
        "owner": chat_id,
        "position": _last_position(connection, replaced),
        "source": "summary",
        "label": label,
        "text": text,
        "tokens": tokens.estimate(text) + frame.tokens_around(label),
        "bytes": len(text.encode()),
        "sha256": digest(text),
        "preview": preview(text),
    }
    summary = read(connection, insert(connection, values))
    for some in batches(replaced):
        connection.execute(f"UPDATE chunks SET replaced_by = ? WHERE id IN ({marks(some)})", (summary.id, *some))
    return summary, replaced


def _last_position(connection: "sqlite3.Connection", ids: Iterable[str]) -> float:
    found = 0.0
    for some in batches(ids):
        query = f"SELECT max(position) FROM chunks WHERE id IN ({marks(some)})"
        found = max(found, *connection.execute(query, some).fetchone())
    return found
