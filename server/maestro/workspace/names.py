"""From what somebody calls a file to where it is: links resolved first, then whether that is in the workspace."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from maestro.errors import MaestroError

_ANY_SCHEME = re.compile(r"(?i)(?!file:)[a-z][a-z0-9+.-]+:")
_OTHER_SCHEME = re.compile(r"(?i)(?!file:)(?:[a-z][a-z0-9+.-]+://|untitled:)")
_HOME = re.compile(r"~[^/\\]*(?:[/\\]|$)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name leads, before anything is read. `path` is relative to `folder`, "/"-separated; "." is itself."""

    uri: str
    path: str
    folder: Path
    absolute: Path
    exists: bool


def path_of(uri: str) -> Path | None:
    """The path in a `file:` URI; None for another one, or for a file of another machine.

    Raises:
        ValueError: no URI at all.
    """
    parts = urlsplit(uri)
    if parts.scheme.lower() != "file" or parts.netloc.lower() not in ("", "localhost"):
        return None
    path = unquote(parts.path, errors="surrogateescape")
    return Path(path.removeprefix("/") if os.name == "nt" and re.match(r"/[A-Za-z]:", path) else path)


def real_folders(uris: Sequence[str]) -> list[Path]:
    """The workspace folders with their links resolved."""
    return [Path(os.path.realpath(path)) for uri in uris if (path := path_of(uri)) is not None]


def folder_of(uri: str, folders: Sequence[str]) -> tuple[str, str | None]:
    """The URI of the innermost of these folders that a document is in, and its path there; links are not looked at."""
    plain = unquote(uri)
    around = [folder for folder in folders if plain.startswith(f"{unquote(folder).rstrip('/')}/")]
    if not around:
        return "", None
    innermost = max(around, key=len)
    return innermost, plain[len(unquote(innermost).rstrip("/")) + 1 :]


def names_document(name: str) -> bool:
    """Whether an editor may know more of a name than where a file is, as with `untitled:Untitled-1`."""
    return _ANY_SCHEME.match(name) is not None


def spellings(place: Place, folders: Sequence[str]) -> list[str]:
    """URIs an editor may know a file by: as its own, and below each folder as the editor spells that."""
    below = [uri for uri in folders if real_folders([uri]) == [place.folder]]
    return [place.uri, *(f"{uri.rstrip('/')}/{quote(place.path)}" for uri in below)]


def find(name: str, folder: Path | None, folders: Sequence[Path]) -> Place:
    """Where a name leads: a `file:` URI, an absolute path, or one relative to `folder`, else to the folder that has it.

    Raises:
        MaestroError: 4406 for what is not in one of `folders`, -32803 for what is no name of a file.
    """
    path = _resolved(_candidate(_checked(name), folder, folders))
    inside = containing(path, folder, folders)
    if inside is None:
        message = "The path leads out of the workspace; use one inside it, or open the file in the editor first."
        raise MaestroError("outsideWorkspace", message)
    return Place(path.as_uri(), path.relative_to(inside).as_posix(), inside, path, os.path.exists(path))


def outside(path: Path) -> Place:
    """The place of a file that no workspace folder has."""
    path = _resolved(path)
    return Place(path.as_uri(), path.name, path.parent, path, os.path.exists(path))


def containing(path: Path, folder: Path | None, folders: Sequence[Path]) -> Path | None:
    """The workspace folder a resolved path is in: `folder` if it is one of them, else the innermost."""
    if folder is not None and folder in folders and path.is_relative_to(folder):
        return folder
    return max((one for one in folders if path.is_relative_to(one)), key=lambda one: len(one.parts), default=None)


def absolute(name: str) -> Path | None:
    """The path a name spells by itself; None for a relative one.

    Raises:
        MaestroError: as `find`.
    """
    path = _checked(name)
    return path if path.is_absolute() else None


def _checked(name: str) -> Path:
    path: Path | None = None
    try:
        if not _OTHER_SCHEME.match(name):
            path = path_of(name) if name[:5].lower() == "file:" else Path(name)
    except ValueError:
        path = None
    if path is None or not name:
        message = "Only files of this machine can be read; name one by its path, or open the document in the editor."
        raise MaestroError("requestFailed", message)
    if "\0" in str(path) or not _is_encodable(path):
        raise MaestroError("requestFailed", "The path has a character that no path has; correct it.")
    if _HOME.match(str(path)):
        message = "`~` does not stand for a home folder here; give the path from the workspace folder."
        raise MaestroError("outsideWorkspace", message)
    return path


def _candidate(path: Path, folder: Path | None, folders: Sequence[Path]) -> Path:
    if path.is_absolute():
        return path
    if folder is not None:
        return folder / path
    if not folders:
        raise MaestroError("outsideWorkspace", "No folder is open, so a relative path leads nowhere; open a folder.")
    return next((one / path for one in folders if os.path.exists(one / path)), folders[0] / path)


def _resolved(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError:  # a link was replaced while it was read
        raise MaestroError("requestFailed", "The path changed while it was looked up; try again.") from None


def _is_encodable(path: Path) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True
