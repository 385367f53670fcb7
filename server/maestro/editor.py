"""What the services need of whoever sits in front of them: an editor, or a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

from maestro.positions import Encoding
from maestro_protocol.audit import Finding
from maestro_protocol.base import CallParams, WireModel
from maestro_protocol.chat import Range

Feature: TypeAlias = Literal["permission", "clientTools"]
"""What a client can do beyond LSP, as it declares at `initialize`."""


class NoAnswer(Exception):
    """The editor did not answer in time, is gone, or refused the request itself."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was at one moment. `version` is None when it was read from disk."""

    uri: str
    text: str = field(repr=False)
    language: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of a document. `version` is that of the open document the range is about; None if it is not open.

    With `create` the file does not exist yet and begins with `new_text`; `range` is empty then.
    """

    uri: str
    version: int | None
    range: Range
    new_text: str = field(repr=False)
    create: bool = False


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

    def opened(self, uri: str) -> Document | None:
        """The document as it is on screen now; None if it is not open."""
        ...

    def offers(self, feature: Feature) -> bool:
        """Whether the client declared a feature."""
        ...

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        """Send a request of the method table and wait at most `timeout` seconds. Raises NoAnswer."""
        ...

    @property
    def applies_edits(self) -> bool:
        """Whether `apply` can work: there is an editor, and it takes edits."""
        ...

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        """Have the editor make a change; None once it did, else why it did not. Raises NoAnswer."""
        ...

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        """Show these findings as the document's diagnostics, in place of those shown before."""
        ...
