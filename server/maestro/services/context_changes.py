"""What a client is told of changes to a context."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from maestro.context.rows import by_owner, scope_of, total
from maestro_protocol.context import Chunk, ContextDidChangeParams, ContextTotal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """An answer, and what is to be told once it is out."""

    result: T
    changes: Sequence[ContextDidChangeParams] = ()


def change(
    connection: sqlite3.Connection,
    owner: str,
    *,
    added: Sequence[Chunk] = (),
    changed: Sequence[Chunk] = (),
    removed: Sequence[str] = (),
) -> ContextDidChangeParams:
    """What happened to one owner's chunks, with what is sent of it now."""
    lists = {"added": list(added) or None, "changed": list(changed) or None, "removed": list(removed) or None}
    return sized(owner, total(connection, [owner])).model_copy(update=lists)


def sized(owner: str, of_all: ContextTotal) -> ContextDidChangeParams:
    """That something happened to an owner's chunks, without what."""
    scope = scope_of(owner)
    return ContextDidChangeParams(
        scope=scope,
        chat_id=owner if scope == "chat" else None,
        workspace_folder=owner if scope == "workspace" else None,
        total=of_all,
    )


def owner_of(change: ContextDidChangeParams) -> str:
    return change.chat_id or change.workspace_folder or ""


def added(connection: sqlite3.Connection, chunks: Iterable[Chunk]) -> list[ContextDidChangeParams]:
    return [change(connection, owner, added=some) for owner, some in _grouped(chunks).items()]


def changed(connection: sqlite3.Connection, chunks: Iterable[Chunk]) -> list[ContextDidChangeParams]:
    return [change(connection, owner, changed=some) for owner, some in _grouped(chunks).items()]


def removed(connection: sqlite3.Connection, ids: Iterable[str]) -> list[ContextDidChangeParams]:
    """For chunks that were deleted and can be restored."""
    return [change(connection, owner, removed=some) for owner, some in by_owner(connection, ids).items()]


def _grouped(chunks: Iterable[Chunk]) -> dict[str, list[Chunk]]:
    found: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        found.setdefault(chunk.chat_id or chunk.workspace_folder or "", []).append(chunk)
    return found
