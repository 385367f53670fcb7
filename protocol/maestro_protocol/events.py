"""Stream events: `$/progress` values on a `partialResultToken`, told apart by `type`."""

from typing import Annotated, Literal

from pydantic import Field

from maestro_protocol.audit import Finding
from maestro_protocol.base import JsonObject, WireModel
from maestro_protocol.chat import Cost, StopReason, Usage
from maestro_protocol.errors import ErrorInfo


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
    complete: bool = True


class UsageContext(WireModel):
    used: int
    size: int | None = None


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
    to: str
    reason: str


class TurnNotice(TurnEventBase):
    type: Literal["notice"] = "notice"
    severity: Literal["info", "warning", "error"]
    message: str


class TurnCompleted(TurnEventBase):
    """Terminal: exactly one per turn."""

    type: Literal["turn.completed"] = "turn.completed"
    stop_reason: StopReason
    usage: Usage
    cost: Cost | None = None
    error: ErrorInfo | None = None


TurnEvent = Annotated[
    TurnStarted
    | TextDelta
    | ReasoningDelta
    | ToolStarted
    | ToolInputDelta
    | ToolReady
    | UsageUpdated
    | TurnRetrying
    | TurnRestarted
    | TurnRerouted
    | TurnNotice
    | TurnCompleted,
    Field(discriminator="type"),
]


class AuditStarted(WireModel):
    type: Literal["audit.started"] = "audit.started"
    audit_id: str


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


AuditEvent = Annotated[AuditStarted | AuditFindings | AuditCompleted, Field(discriminator="type")]
