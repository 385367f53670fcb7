"""A text on its way to a model: read or taken from the screen, its secrets replaced."""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from maestro.audit.secrets import Masked, mask
from maestro.editor import Document
from maestro.errors import MaestroError
from maestro.workspace import files
from maestro.workspace.files import quoted
from maestro.workspace.held import held_spans
from maestro.workspace.languages import language_of
from maestro.workspace.names import Place


@dataclass(frozen=True, slots=True)
class Source:
    """A text as it may be sent, and as it is."""

    uri: str
    path: str
    """Relative to `folder`, "/"-separated."""
    folder: Path
    """Links resolved."""
    text: str = field(repr=False)
    """Secrets replaced by placeholders: same lines, same columns."""
    raw: str = field(repr=False)
    language: str
    version: int | None
    """Of the open document; None if it was read from disk."""
    sha256: str
    """Of `raw` in UTF-8, as hex."""
    masked: Masked = field(repr=False)

    @property
    def secrets(self) -> int:
        """How many different secrets were replaced."""
        return len(self.masked.secrets)

    def restore(self, text: str) -> str:
        """Put the secrets back where their placeholders stand."""
        return self.masked.restore(text)


def source_of(place: Place, opened: Document | None, held: Collection[str] = ()) -> Source:
    """The open document, else the file at a place, without its secrets and the values `held`; blocks.

    Raises:
        MaestroError: 4502 above 1 MiB, -32803 for what is missing or no UTF-8 text, 4406 if a link leads elsewhere.
    """
    document = opened or _read(place)
    data = document.text.encode("utf-8", "surrogatepass")
    if len(data) > files.LARGEST:
        raise files.too_large(place.path, len(data), files.LARGEST)
    if "\0" in document.text:
        raise _no_text(place.path)
    masked = mask(document.text, held_spans(document.text, held), language=document.language)
    return Source(
        uri=document.uri,
        path=place.path,
        folder=place.folder,
        text=masked.text,
        raw=document.text,
        language=document.language,
        version=document.version,
        sha256=hashlib.sha256(data).hexdigest(),
        masked=masked,
    )


def unsaved(document: Document) -> Place:
    """The place of a document that is no file."""
    name = PurePosixPath(unquote(urlsplit(document.uri).path)).name or "untitled"
    return Place(document.uri, name, Path(os.sep), Path(os.sep, name), False)


def _read(place: Place) -> Document:
    try:
        text = files.read_bytes(place.folder, place.path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_text(place.path) from None
    return Document(place.uri, text, language_of(place.absolute), None)


def _no_text(path: str) -> MaestroError:
    return MaestroError("requestFailed", f"{quoted(path)} is no UTF-8 text; name a file that is.")
