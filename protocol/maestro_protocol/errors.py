"""The fixed shape of `error.data`."""

from pydantic import Field

from maestro_protocol.base import JsonObject, WireModel


class Issue(WireModel):
    """One misfit in the parameters."""

    path: str
    """Where, as `messages[0].role`; empty for the object itself."""
    message: str
    """What is wrong, in our words; never a value that was sent."""


class Command(WireModel):
    """An LSP command the editor can offer as a button."""

    title: str
    command: str
    arguments: list[str | JsonObject] = Field(default_factory=list)


class ErrorData(WireModel):
    """`error.data` of every error answer."""

    kind: str
    """The name of the code, e.g. `rateLimited`."""
    retryable: bool = False
    """Whether the same request may succeed later."""
    retry_after_ms: int | None = None
    provider: str | None = None
    session_id: str | None = None
    model: str | None = None
    http_status: int | None = None
    upstream_request_id: str | None = None
    chat_id: str | None = None
    turn_id: str | None = None
    candidates: list[str] | None = None
    """Names that would have worked."""
    issues: list[Issue] | None = None
    incident_id: str | None = None
    """Finds the fault in the server's log."""
    supported: list[int] | None = None
    """The protocol versions this server speaks (4704)."""
    action: Command | None = None
    """The one thing to do about it."""


class ErrorInfo(WireModel):
    """An error inside a result or an event: what a JSON-RPC error would have said."""

    code: int
    message: str
    """One sentence a person can act on."""
    data: ErrorData
