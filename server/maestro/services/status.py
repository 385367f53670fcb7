"""The one status a thin client draws, told when it changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from maestro.editor import Editor
from maestro_protocol.status import Status, StatusDidChangeParams


class StatusService:
    """Busy while work is under way; else normal."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._under_way: list[str] = []
        self._told: Status | None = None

    def current(self) -> Status:
        if self._under_way:
            more = f" (and {len(self._under_way) - 1} more)" if len(self._under_way) > 1 else ""
            return Status(state="busy", message=self._under_way[-1] + more)
        return Status(state="normal", message="Ready")

    @contextmanager
    def busy(self, message: str) -> Iterator[None]:
        """Show this message until the work ends."""
        self._under_way.append(message)
        self._tell()
        try:
            yield
        finally:
            self._under_way.remove(message)
            self._tell()

    def _tell(self) -> None:
        status = self.current()
        if self._told is None or status.state != self._told.state:
            self._told = status
            self._editor.notify("maestro/status/didChange", StatusDidChangeParams(**dict(status)))
