"""The terminal in front of an audit: several folders, and a line of progress that gives way to everything else."""

from collections.abc import Sequence
from pathlib import Path

from maestro.cli.audit_progress import Progress
from maestro.cli.terminal import TerminalEditor
from maestro.positions import Encoding


class AuditEditor(TerminalEditor):
    """Columns count UTF-16 units, as SARIF wants them."""

    position_encoding: Encoding = "utf-16"

    def __init__(self, folders: Sequence[Path], progress: Progress) -> None:
        super().__init__(folders[0])
        self.folders = [folder.as_uri() for folder in folders]
        self._progress = progress

    def show(self, message: str, *, error: bool = False) -> None:
        self._progress.clear()
        super().show(message, error=error)

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        self._progress.clear()
        return await super().ask(message, options, timeout)
