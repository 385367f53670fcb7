"""One message on its way into a chat: what belongs to it, and the transaction that begins its turn."""

import sqlite3
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from maestro.chats import journal, rows, title, turns
from maestro.context import chunks
from maestro.context.pieces import Piece
from maestro.context.rows import NewChunk
from maestro.database.leases import Lease
from maestro.errors import MaestroError
from maestro.services import context_changes, transcript
from maestro.services.chat_stores import is_ephemeral
from maestro.services.prompt import Prompt
from maestro.services.spending import Allowance
from maestro.services.tools import Offer
from maestro.services.turn import Turn, new_id
from maestro_protocol.chat import AttachmentPart, ChatSendParams, ContentPart, ImagePart, TextPart
from maestro_protocol.context import Chunk, ContextDidChangeParams
from maestro_protocol.conversations import Chat, Message
from maestro_protocol.errors import Issue
from maestro_protocol.events import TurnStarted
from maestro_protocol.models import Model


@dataclass(frozen=True, slots=True)
class Sending:
    """One message on its way into a chat."""

    params: ChatSendParams
    chat: Chat
    is_new: bool
    turn: Turn
    allowance: Allowance
    lease: Lease
    content: Sequence[ContentPart]
    attached: Sequence[NewChunk]
    prompt: Prompt
    offer: Offer
    model: Model | None = None
    """What is known of it."""
    follows_left_open: bool = False
    """A turn of this process could not be ended in the store."""
    message_id: str = field(default_factory=lambda: new_id("msg"))

    @property
    def started_at(self) -> datetime:
        return self.turn.started_at


def check_input(content: Sequence[ContentPart], attached: Sequence[NewChunk]) -> None:
    """Raises -32602 for a message that says nothing, or for an image that is none."""
    for part in content:
        if isinstance(part, ImagePart) and not _is_image(part):
            raise _misfit("an image's `data` must be Base64, and its `mimeType` one of images")
    said = any(not isinstance(part, TextPart) or part.text.strip() for part in content)
    if not said and not attached:
        raise _misfit("says nothing")


def _is_image(part: ImagePart) -> bool:
    try:
        return part.mime_type.startswith("image/") and bool(b64decode(part.data, validate=True))
    except ValueError:
        return False


def _misfit(what: str) -> MaestroError:
    message = f"The message cannot be sent: `input` {what}."
    return MaestroError("invalidParams", message, issues=[Issue(path="input", message=what)])


class Begun(NamedTuple):
    """What is told of a turn's begin."""

    started: TurnStarted
    changes: Sequence[ContextDidChangeParams]


def begin(connection: sqlite3.Connection, sending: Sending, workspace: Sequence[Piece]) -> Begun:
    """Begin the turn: the chat if it is new, what was said with what was attached, the first event.

    Raises:
        MaestroError: 4302 while another window answers in the chat, 4501 and 4502 for a context that cannot be sent,
            4208 for one that would cost more than the budgets allow.
    """
    chat, turn, target = sending.chat, sending.turn, sending.turn.target
    if sending.is_new:
        rows.insert(connection, chat)
    new = turn.row(chat.id, sending.message_id)
    turns.begin(connection, new, sending.lease, transcript.restore, from_own=sending.follows_left_open)
    kept = rows.change(connection, chat.id, model=chat.model, session_id=chat.session_id)
    words = "\n".join(part.text for part in sending.content if isinstance(part, TextPart))
    if chat.title == title.UNTITLED and not rows.is_titled(connection, chat.id):
        rows.change(connection, chat.id, title=title.title_of(words))
    added = [
        chunks.add(connection, chat.id, replace(attached, message_id=sending.message_id))
        for attached in sending.attached
    ]
    attachments = [_attachment(chunk) for chunk in added]
    message = Message(
        id=sending.message_id,
        turn_id=turn.id,
        role="user",
        parts=[*sending.content, *attachments],
        created_at=sending.started_at,
    )
    added.append(transcript.add(connection, chat.id, message))
    sending.prompt.prepare(connection, workspace)
    sending.allowance.chat_spent = Decimal(kept.cost.amount if kept.cost else 0)
    sending.allowance.require_within(None if is_ephemeral(chat.id) else connection, sending.prompt.tokens)
    started = TurnStarted(
        chat_id=chat.id,
        turn_id=turn.id,
        seq=rows.read(connection, chat.id).last_seq + 1,
        model=target.model_id,
        session_id=target.session_id,
        user_message_id=sending.message_id,
        text=words,
        attachments=attachments or None,
    )
    journal.append(connection, chat.id, [started])
    return Begun(started, context_changes.added(connection, added))


def _attachment(chunk: Chunk) -> AttachmentPart:
    return AttachmentPart(chunk_id=chunk.id, source=chunk.source, label=chunk.label, uri=chunk.uri)
