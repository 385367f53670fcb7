"""What a call of a tool would do, as a permission is asked for it and as the ledger records it."""

from typing import Literal

from maestro_protocol.base import JsonObject, WireModel


class PermissionSubject(WireModel):
    """What would be done; the fields that apply."""

    type: Literal["command", "edit", "read", "network", "other"]
    tool: str
    argv: list[str] | None = None
    cwd: str | None = None
    path: str | None = None
    """Relative to its workspace folder."""
    uri: str | None = None
    old_text: str | None = None
    new_text: str | None = None
    url: str | None = None
    input: JsonObject | None = None
    """Of a tool that is not built in."""
