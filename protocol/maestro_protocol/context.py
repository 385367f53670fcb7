"""Context: everything the next request of a chat would send, as chunks one can see, pin and delete."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro_protocol.base import NotificationParams, Params, WireModel
from maestro_protocol.chat import Range

ContextScope = Literal["chat", "workspace"]
ChunkSource = Literal["file", "range", "text", "selection", "diagnostics", "toolOutput", "message", "summary"]


class Chunk(WireModel):
    """A piece of what is sent. Its text stays as it was when it was added."""

    id: str
    scope: ContextScope
    chat_id: str | None = None
    workspace_folder: str | None = None
    source: ChunkSource
    label: str
    uri: str | None = None
    range: Range | None = None
    tokens: int
    tokens_estimated: bool = True
    """False where the provider counted them."""
    bytes: int
    sha256: str
    stale: bool = False
    """The file is another one by now; `update` with `refresh` reads it again."""
    pinned: bool = False
    """Never trimmed, cleared or compacted."""
    preview: str
    message_id: str | None = None
    group_id: str | None = None
    """Chunks that are deleted and restored together: a round's calls, their results and the thinking before them."""
    intent_id: str | None = None
    """Why the tool ran whose output this is."""
    created_at: datetime


class ContextTotal(WireModel):
    chunks: int
    tokens: int
    bytes: int


class ContextBudget(WireModel):
    size: int | None = None
    """The model's context window in tokens; absent where nobody has told."""
    used: int
    reserved_output: int


class ContextAddParams(Params):
    scope: ContextScope
    chat_id: str | None = None
    """Required in scope `chat`."""
    workspace_folder: str | None = None
    """In scope `workspace`; the first one if absent."""
    source: Literal["file", "range", "text", "selection", "diagnostics", "toolOutput", "message"]
    uri: str | None = None
    """Required for `file`, `range`, `selection`; says whose `diagnostics`."""
    range: Range | None = None
    text: str | None = None
    """Required for `text`, `toolOutput`, `message`; for `diagnostics` in place of Maestro's own findings."""
    label: str | None = Field(default=None, max_length=200)
    pinned: bool = False
    client_request_id: str | None = None
    """Makes the request idempotent for 24 hours."""


class ContextListParams(Params):
    scope: ContextScope | None = None
    chat_id: str | None = None
    workspace_folder: str | None = None
    deleted: bool = False
    """Those that can be restored instead."""
    cursor: str | None = None
    limit: int = Field(default=100, ge=1, le=1_000)


class ContextListResult(WireModel):
    chunks: list[Chunk]
    """In the order they are sent."""
    next_cursor: str | None = None
    total: ContextTotal
    budget: ContextBudget | None = None
    """Of a chat's next request, its folder's chunks included; absent where no chat is named."""


class ContextGetParams(Params):
    id: str


class ContextGetResult(WireModel):
    chunk: Chunk
    text: str
    """What is sent, secrets replaced."""


class ContextUpdateParams(Params):
    id: str
    pinned: bool | None = None
    label: str | None = Field(default=None, min_length=1, max_length=200)
    refresh: bool = False
    """Read the file again."""


class ContextDeleteParams(Params):
    ids: list[str] = Field(min_length=1)


class ContextDeleteResult(WireModel):
    deleted: list[str]
    """With those of the same groups."""
    not_found: list[str]


class ContextRestoreParams(Params):
    ids: list[str] = Field(min_length=1)


class ContextRestoreResult(WireModel):
    restored: list[str]
    not_found: list[str]


class ContextClearParams(Params):
    """Delete everything but what is pinned."""

    scope: ContextScope
    chat_id: str | None = None
    workspace_folder: str | None = None


class ContextDidChangeParams(NotificationParams):
    scope: ContextScope
    chat_id: str | None = None
    workspace_folder: str | None = None
    added: list[Chunk] | None = None
    changed: list[Chunk] | None = None
    removed: list[str] | None = None
    total: ContextTotal
