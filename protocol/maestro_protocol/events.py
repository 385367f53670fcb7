"""Stream events: `$/progress` values on a `partialResultToken`, told apart by `type`."""

from typing import Annotated, Literal

from pydantic import Field

from maestro_protocol.audit import Finding
from maestro_protocol.base import JsonObject, WireModel
from maestro_protocol.chat import AttachmentPart, Cost, Limit, StopReason, Usage
from maestro_protocol.errors import ErrorInfo
from maestro_protocol.intents import Intent, Observed
from maestro_protocol.permissions import Risk


class TurnEventBase(WireModel):
    chat_id: str | None = None
    turn_id: str
    seq: int
    """Gapless from 1 within a chat (within the turn, for `chat/complete`)."""


class TurnStarted(TurnEventBase):
    type: Literal["turn.started"] = "turn.started"
    model: str
    session_id: str | None = None
    user_message_id: str | None = None
    text: str | None = None
    """The user's words, so that a view can be rebuilt from a chat's events alone."""
    attachments: list[AttachmentPart] | None = None


class TextDelta(TurnEventBase):
    type: Literal["text.delta"] = "text.delta"
    message_id: str
    part_id: str
    text: str


class ReasoningDelta(TurnEventBase):
    type: Literal["reasoning.delta"] = "reasoning.delta"
    message_id: str
    part_id: str
    text: str


class ToolStarted(TurnEventBase):
    type: Literal["tool.started"] = "tool.started"
    tool_call_id: str
    name: str


class ToolInputDelta(TurnEventBase):
    """A fragment of the arguments, for display only."""

    type: Literal["tool.inputDelta"] = "tool.inputDelta"
    tool_call_id: str
    text: str


class ToolReady(TurnEventBase):
    """The call is whole; a call that is not complete must not be run."""

    type: Literal["tool.ready"] = "tool.ready"
    tool_call_id: str
    name: str
    input: JsonObject | None = None
    """Without the intent."""
    complete: bool = True
    intent: Intent | None = None
    risk: Risk | None = None
    permission: Literal["notNeeded", "pending", "granted", "denied"] | None = None
    """Absent in `chat/complete`, which runs nothing."""


class ToolOutputDelta(TurnEventBase):
    """What a running tool has printed so far."""

    type: Literal["tool.outputDelta"] = "tool.outputDelta"
    tool_call_id: str
    text: str


class ToolCompleted(TurnEventBase):
    """Terminal: exactly one per call of a chat's turn."""

    type: Literal["tool.completed"] = "tool.completed"
    tool_call_id: str
    status: Literal["completed", "failed", "denied", "cancelled", "interrupted"]
    content: str
    """What the model is told."""
    duration_ms: int
    intent_id: str | None = None
    observed: Observed | None = None


class UsageContext(WireModel):
    used: int
    """Tokens the request took."""
    size: int | None = None
    """The model's context window."""


class UsageUpdated(TurnEventBase):
    type: Literal["usage.updated"] = "usage.updated"
    usage: Usage
    cost: Cost | None = None
    context: UsageContext | None = None


class TurnRetrying(TurnEventBase):
    """Nothing was shown yet; the request is sent again after the delay."""

    type: Literal["retrying"] = "retrying"
    attempt: int
    """1 for the first repetition."""
    delay_ms: int
    error: ErrorInfo


class TurnRestarted(TurnEventBase):
    """The attempt so far is discarded: clear the message."""

    type: Literal["restarted"] = "restarted"
    message_id: str


class TurnRerouted(TurnEventBase):
    """A reroute the user configured."""

    type: Literal["rerouted"] = "rerouted"
    from_: str = Field(alias="from")
    """`provider/long-name`."""
    to: str
    """`provider/long-name`; it answers the rest of the turn."""
    session_id: str | None = None
    """The session `to` is asked with."""
    reason: str
    """One sentence."""


class TurnNotice(TurnEventBase):
    type: Literal["notice"] = "notice"
    severity: Literal["info", "warning", "error"]
    message: str


class TurnCompleted(TurnEventBase):
    """Terminal: exactly one per turn."""

    type: Literal["turn.completed"] = "turn.completed"
    stop_reason: StopReason
    limit: Limit | None = None
    """Which one, for the stop reason `limit`."""
    usage: Usage
    cost: Cost | None = None
    error: ErrorInfo | None = None


class ChatReverted(WireModel):
    """Between turns: everything after a message was taken back."""

    type: Literal["chat.reverted"] = "chat.reverted"
    chat_id: str
    seq: int
    through_message_id: str


TurnEvent = Annotated[
    TurnStarted
    | TextDelta
    | ReasoningDelta
    | ToolStarted
    | ToolInputDelta
    | ToolReady
    | ToolOutputDelta
    | ToolCompleted
    | UsageUpdated
    | TurnRetrying
    | TurnRestarted
    | TurnRerouted
    | TurnNotice
    | TurnCompleted,
    Field(discriminator="type"),
]


ChatEvent = Annotated[TurnEvent | ChatReverted, Field(discriminator="type")]
"""What a chat's log holds."""


class AuditStarted(WireModel):
    type: Literal["audit.started"] = "audit.started"
    audit_id: str


class AuditRerouted(WireModel):
    """A reroute the user configured: what was not answered yet is asked of another model."""

    type: Literal["audit.rerouted"] = "audit.rerouted"
    audit_id: str
    from_: str = Field(alias="from")
    to: str
    session_id: str | None = None
    reason: str


class AuditFindings(WireModel):
    type: Literal["audit.findings"] = "audit.findings"
    audit_id: str
    findings: list[Finding]


class AuditCompleted(WireModel):
    """Terminal: exactly one per audit."""

    type: Literal["audit.completed"] = "audit.completed"
    audit_id: str
    status: Literal["complete", "partial", "failed", "skipped", "cancelled"]
    error: ErrorInfo | None = None


AuditEvent = Annotated[AuditStarted | AuditRerouted | AuditFindings | AuditCompleted, Field(discriminator="type")]
