"""The one exception that reaches a person: a code, its kind, one sentence and typed data."""

from typing import TypedDict, Unpack

from maestro_protocol.codes import BY_KIND
from maestro_protocol.errors import Command, ErrorData, ErrorInfo, Issue


class ErrorFields(TypedDict, total=False):
    """What may stand in `error.data` beside `kind`; see `maestro_protocol.errors.ErrorData`."""

    retryable: bool
    retry_after_ms: int | None
    provider: str | None
    session_id: str | None
    model: str | None
    http_status: int | None
    upstream_request_id: str | None
    chat_id: str | None
    turn_id: str | None
    candidates: list[str] | None
    issues: list[Issue] | None
    incident_id: str | None
    supported: list[int] | None
    action: Command | None


class MaestroError(Exception):
    """A failure with a sentence to act on. Its text never holds a secret or a value somebody sent.

    `kind` is one of `maestro_protocol.codes`, whose docstring draws the tree; `code` follows from it.
    """

    def __init__(self, kind: str, message: str, **fields: Unpack[ErrorFields]) -> None:
        super().__init__(message)
        row = BY_KIND[kind]
        self.code = row.code
        self.kind = kind
        self.message = message
        self.data = ErrorData.model_validate({"kind": kind, "retryable": row.retryable, **fields})

    def info(self) -> ErrorInfo:
        """The error as it stands inside a result or an event."""
        return ErrorInfo(code=self.code, message=self.message, data=self.data)

    def retold(self, message: str, issues: list[Issue]) -> "MaestroError":
        """The same failure in other words."""
        again = MaestroError(self.kind, message)
        again.data = self.data.model_copy(update={"issues": issues})
        return again
