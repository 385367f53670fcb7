"""What the services need of whoever sits in front of them: an editor, or a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from maestro.positions import Encoding
from maestro_protocol.audit import Finding
from maestro_protocol.base import WireModel


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was at one moment. `version` is None when it was read from disk."""

    uri: str
    text: str = field(repr=False)
    language: str
    version: int | None


class Editor(Protocol):
    """The editor's side of the services."""

    @property
    def trusted(self) -> bool:
        """Whether the user trusts the workspace."""
        ...

    @property
    def position_encoding(self) -> Encoding:
        """The unit of `character` in positions."""
        ...

    @property
    def folders(self) -> Sequence[str]:
        """The URIs of the workspace folders."""
        ...

    def show(self, message: str, *, error: bool = False) -> None:
        """Show a sentence to the user."""
        ...

    def notify(self, method: str, params: WireModel) -> None:
        """Send a notification of the method table."""
        ...

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        """Ask the user; None on dismissal, time-out (seconds) or when nobody can be asked."""
        ...

    def document(self, uri: str) -> Document:
        """The open document, else the file in the workspace, as it is now.

        Raises:
            MaestroError: 4406 outside the workspace, 4601 if it cannot be read as text.
        """
        ...

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """Show these findings as the document's diagnostics, in place of those shown before."""
        ...
