"""Chats as they are kept: listed, opened page by page, replayed, forked, shortened, exported."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro_protocol.base import NotificationParams, Params, WireModel
from maestro_protocol.chat import ContentPart, Cost, Usage
from maestro_protocol.events import ChatEvent

ChatState = Literal["idle", "running", "requiresAction"]


class Chat(WireModel):
    id: str
    title: str
    state: ChatState
    """`requiresAction`: a permission is asked for."""
    model: str | None = None
    session_id: str | None = None
    workspace_folder: str | None = None
    system: str | None = None
    ephemeral: bool | None = None
    """Lives in memory and ends with the server."""
    forked_from: str | None = None
    usage: Usage
    cost: Cost | None = None
    last_seq: int
    created_at: datetime
    updated_at: datetime


class Message(WireModel):
    """One message as it was said; what is deleted from the context stays here."""

    id: str
    turn_id: str | None = None
    role: Literal["user", "assistant", "tool"]
    parts: list[ContentPart]
    tool_call_id: str | None = None
    """Which call a `tool` message answers."""
    status: Literal["completed", "failed", "denied", "cancelled", "interrupted"] | None = None
    """Of a `tool` message."""
    intent_id: str | None = None
    created_at: datetime
    incomplete: bool | None = None
    """The answer broke off here."""


class ChatCreateParams(Params):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    """Without one, the first words of the first message."""
    session_id: str | None = None
    model: str | None = None
    workspace_folder: str | None = None
    """Where its tools work; the first open folder if absent."""
    system: str | None = None
    ephemeral: bool = False
    client_request_id: str | None = None
    """Makes the request idempotent for 24 hours."""


class ChatGetParams(Params):
    chat_id: str
    before: str | None = None
    """A message's id, or the `nextBefore` of the page after."""
    limit: int = Field(default=50, ge=1, le=500)


class ChatGetResult(WireModel):
    chat: Chat
    messages: list[Message]
    """A page, the oldest first; without `before` the last one."""
    next_before: str | None = None
    """Absent on the first page of the chat."""


class ChatListParams(Params):
    query: str | None = None
    """Words of the title or of any message."""
    workspace_folder: str | None = None
    cursor: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


class ChatListResult(WireModel):
    chats: list[Chat]
    """The one changed last comes first."""
    next_cursor: str | None = None


class ChatUpdateParams(Params):
    chat_id: str
    title: str | None = Field(default=None, min_length=1, max_length=200)
    session_id: str | None = None
    model: str | None = None
    system: str | None = None
    """An empty text takes it away."""


class ChatDeleteParams(Params):
    chat_id: str


class ChatDeleteResult(WireModel):
    deleted: bool


class ChatForkParams(Params):
    """A new chat that begins as this one did."""

    chat_id: str
    through_message_id: str


class ChatRevertParams(Params):
    """Take back everything after a message. Files that tools changed stay as they are."""

    chat_id: str
    through_message_id: str


class ChatRevertResult(WireModel):
    chat: Chat
    removed: list[str]
    """Messages that are no longer part of the chat."""


class ChatCompactParams(Params):
    """Let the model summarise the older turns; the summary takes their place in the context."""

    chat_id: str
    keep_turns: int = Field(default=2, ge=0)


class ChatCompactResult(WireModel):
    chat: Chat
    summary_id: str | None = None
    """The chunk of the summary; absent where nothing was old enough."""
    replaced: list[str]
    """Chunks that can be restored."""
    tokens_before: int
    tokens_after: int
    usage: Usage


class ChatExportParams(Params):
    chat_id: str
    format: Literal["markdown", "json"] = "markdown"


class ChatExportResult(WireModel):
    content: str


class ChatEventsParams(Params):
    chat_id: str
    after_seq: int | None = Field(default=None, ge=0)
    """Absent: the last page."""
    limit: int = Field(default=500, ge=1, le=5_000)


class ChatEventsResult(WireModel):
    events: list[ChatEvent]
    last_seq: int
    complete: bool
    """Whether the page reaches the end."""


class ChatDidChangeParams(NotificationParams):
    chat: Chat
    removed: bool | None = None
