"""Chunks as rows, and back."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from maestro.chats.coding import storable
from maestro_protocol.chat import Range
from maestro_protocol.context import Chunk, ChunkSource, ContextScope, ContextTotal

if TYPE_CHECKING:
    import sqlite3

Row: TypeAlias = "tuple[object, ...]"

FIELDS = (
    "id", "owner", "scope", "source", "label", "uri", "range", "tokens", "tokens_estimated", "bytes", "sha256", "stale",
    "pinned", "preview", "message_id", "group_id", "intent_id", "created_at",
)  # fmt: skip
COLUMNS = ", ".join(FIELDS)
"""What `chunk_of` reads, in its order."""

PREVIEW = 120
"""Characters."""
MANY = 500
"""How many values one statement names; SQLite allows some thousands."""


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A text to be sent, secrets replaced. `message_id` says which message it was attached to."""

    source: ChunkSource
    label: str
    text: str = field(repr=False)
    uri: str | None = None
    range: Range | None = None
    sha256: str | None = None
    """Of the file it was read from; absent, of the text."""
    tokens: int | None = None
    """As a provider counted them; absent, they are estimated."""
    pinned: bool = False
    secrets: int = 0
    """How many different ones were replaced."""
    message_id: str | None = None
    group_id: str | None = None
    intent_id: str | None = None


def chunk_of(row: Sequence[object]) -> Chunk:
    """The chunk of a row of `COLUMNS`."""
    values: dict[str, object] = dict(zip(FIELDS, row, strict=True))
    owner, scope = str(values.pop("owner")), values["scope"]
    values["range"] = json.loads(str(values["range"])) if values["range"] else None
    values["chat_id" if scope == "chat" else "workspace_folder"] = owner
    return Chunk.model_validate(values)


def scope_of(owner: str) -> ContextScope:
    """A workspace's chunks belong to its folder's URI, a chat's to its id."""
    return "workspace" if "://" in owner else "chat"


def insert(connection: "sqlite3.Connection", values: dict[str, object]) -> str:
    """Write a row behind all others of its owner, unless it says its `position`; the new chunk's id."""
    chunk_id = new_id("chk")
    last = "(SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chunks'), 0) + 1)"
    row = {"id": chunk_id, "scope": scope_of(str(values["owner"])), "created_at": now(), **values}
    marks = {name: f":{name}" for name in row} | ({} if "position" in row else {"position": last})
    connection.execute(f"INSERT INTO chunks({', '.join(marks)}) VALUES ({', '.join(marks.values())})", row)
    return chunk_id


def select(connection: "sqlite3.Connection", ids: Iterable[str]) -> list[Chunk]:
    """The chunks of these ids that are sent, in the order they are sent."""
    found: list[tuple[float, int, Row]] = []
    for some in batches(ids):
        query = f"SELECT position, number, {COLUMNS} FROM chunks WHERE deleted_at IS NULL AND id IN ({marks(some)})"
        found += [(row[0], row[1], row[2:]) for row in connection.execute(query, some)]
    return [chunk_of(row) for _, _, row in sorted(found, key=lambda one: one[:2])]


def total(connection: "sqlite3.Connection", owners: Sequence[str]) -> ContextTotal:
    """What is sent of these owners' chunks."""
    query = f"SELECT sum(chunks), sum(tokens), sum(bytes) FROM chunk_totals WHERE owner IN ({marks(owners)})"
    chunks, tokens, size = connection.execute(query, tuple(owners)).fetchone()
    return ContextTotal(chunks=chunks or 0, tokens=tokens or 0, bytes=size or 0)


def by_owner(connection: "sqlite3.Connection", ids: Iterable[str]) -> dict[str, list[str]]:
    """The ids, deleted or not, by whom their chunks belong to."""
    found: dict[str, list[str]] = {}
    for some in batches(ids):
        query = f"SELECT owner, id FROM chunks WHERE id IN ({marks(some)}) ORDER BY position, number"
        for owner, chunk_id in connection.execute(query, some):
            found.setdefault(owner, []).append(chunk_id)
    return found


def totals(connection: "sqlite3.Connection") -> dict[str, ContextTotal]:
    """What is sent of each owner's chunks."""
    rows = connection.execute("SELECT owner, chunks, tokens, bytes FROM chunk_totals")
    return {owner: ContextTotal(chunks=chunks, tokens=tokens, bytes=size) for owner, chunks, tokens, size in rows}


def batches(values: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """The values, each once, in portions one statement can name."""
    every = tuple(dict.fromkeys(map(storable, values)))
    return (every[start : start + MANY] for start in range(0, len(every), MANY))


def marks(values: Sequence[object]) -> str:
    """`?, ?, ?`, as many as there are values."""
    return ", ".join("?" * len(values))


def preview(text: str) -> str:
    """The beginning on one line."""
    words = " ".join(text[: 4 * PREVIEW].split())
    return words if len(words) <= PREVIEW else f"{words[: PREVIEW - 1]}…"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex[:16]}"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
