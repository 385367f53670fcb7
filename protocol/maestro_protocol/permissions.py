"""Permission: what is asked before a tool changes something, and what was granted."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro_protocol.base import CallParams, JsonObject, NotificationParams, Params, WireModel
from maestro_protocol.intents import Assessment, Intent, RiskLevel
from maestro_protocol.subjects import PermissionSubject as PermissionSubject

GrantScope = Literal["once", "chat", "workspace"]


class PermissionOption(WireModel):
    option_id: str
    name: str
    scope: GrantScope
    effect: Literal["allow", "deny"]


class Risk(WireModel):
    """The higher of declared and assessed, and why."""

    level: RiskLevel
    assessments: list[Assessment] = Field(default_factory=list)


class PermissionRequestParams(CallParams):
    """The server asks; no answer in time means no."""

    request_id: str
    chat_id: str | None = None
    turn_id: str
    tool_call_id: str
    summary: str
    """One line for a person."""
    subject: PermissionSubject
    intent: Intent | None = None
    risk: Risk
    options: list[PermissionOption]
    expires_at: datetime


class PermissionRequestResult(WireModel):
    """An option, or `cancelled`."""

    option_id: str | None = None
    outcome: Literal["cancelled"] | None = None


class PermissionResolvedParams(NotificationParams):
    request_id: str
    by: Literal["client", "timeout", "cancel", "policy"]


class Grant(WireModel):
    """A permission that holds for more than one call, of exactly this and nothing like it. Never covers high risk."""

    grant_id: str
    tool: str
    match: JsonObject
    """What must be equal: `argv` of a command, `path` of an edit, `host` of a fetch, else the whole `input`."""
    scope: GrantScope
    chat_id: str | None = None
    workspace_folder: str | None = None
    created_at: datetime


class PermissionListParams(Params):
    """Nothing to say."""


class PermissionListResult(WireModel):
    grants: list[Grant]


class PermissionRevokeParams(Params):
    grant_id: str


class PermissionRevokeResult(WireModel):
    revoked: bool
