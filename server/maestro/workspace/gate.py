"""The one way to a file's text for everyone: what people attach, what tools read and write, what is audited."""

import asyncio
import codecs
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from maestro.editor import Document, Editor
from maestro.errors import MaestroError
from maestro.workspace import files, names
from maestro.workspace.denied import denial, is_gits
from maestro.workspace.files import quoted
from maestro.workspace.ignore import ignored_by, rules_for
from maestro.workspace.languages import language_of
from maestro.workspace.listing import Listing, list_files
from maestro.workspace.names import Place
from maestro.workspace.private import Private
from maestro.workspace.source import Source, source_of, unsaved

__all__ = ["Gate", "Listing", "Place", "Source", "Unread"]

LARGEST_DOCUMENT = 8 * 1024 * 1024
"""Bytes of a file that an audit looks at; nobody wants more of one file than this in memory."""


class Unread(MaestroError):
    """Of a file that is there and that the user may not read, so that nobody knows what is in it."""


class Gate:
    """Nothing leads out of the workspace folders, and no ignored or closed file is opened."""

    def __init__(
        self, editor: Editor, private: Collection[Path] = (), secrets: Callable[[], Collection[str]] = tuple
    ) -> None:
        """Nothing in the folders `private` is read or written; `secrets` gives the values no text may hold that goes
        out, and is asked on the event loop."""
        self._editor = editor
        self._private = Private(private)
        self._secrets = secrets
        self._resolved: tuple[Sequence[str], Sequence[Path]] = ((), ())

    @property
    def folders(self) -> Sequence[Path]:
        """The workspace folders, links resolved."""
        uris = tuple(self._editor.folders)
        if self._resolved[0] != uris:
            self._resolved = uris, names.real_folders(uris)
        return self._resolved[1]

    def folder_of(self, uri: str) -> tuple[str, str | None]:
        """The URI of the workspace folder a document is in, and its path there; an empty one for what is in none."""
        return names.folder_of(uri, self._editor.folders)

    async def locate(self, name: str, folder: Path | None = None) -> Place:
        """Where a name leads: a `file:` URI, an absolute path, or one relative to `folder` or a workspace folder.

        Without a `folder` it is a person's choice, and may be an open document outside the workspace.

        Raises:
            MaestroError: 4406 for what is outside the workspace, ignored or closed, -32803 for what is no file's name.
        """
        elsewhere = await self._open_elsewhere(name) if folder is None else None
        return elsewhere[0] if elsewhere is not None else await asyncio.to_thread(self._locate, name, folder)

    async def read(self, name: str, folder: Path | None = None) -> Source:
        """The text of a file or open document, which wins; names as in `locate`.

        Raises:
            MaestroError: 4406 and -32803 as `locate`, and for what is missing or no UTF-8 text; 4502 above 1 MiB.
        """
        if folder is None and (elsewhere := await self._open_elsewhere(name)) is not None:
            return await asyncio.to_thread(source_of, *elsewhere, self._secrets())
        place = await asyncio.to_thread(self._locate, name, folder)
        return await asyncio.to_thread(source_of, place, await self._opened(place), self._secrets())

    async def list(self, folder: Path, glob: str | None = None, limit: int = 5_000) -> Listing:
        """The files below a folder of the workspace that may be read, at most `limit`; `glob` as in `.gitignore`.

        Raises:
            MaestroError: 4406 as `locate`, -32602 for what is no glob, -32803 for what is no folder.
        """
        return await asyncio.to_thread(self._list, folder, glob, limit)

    async def write(self, place: Place, text: str, *, replacing: str | None) -> int:
        """Write a file of the workspace, whole, and tell how many bytes; placeholders are not replaced here.

        `replacing` is the raw text it must have now; None if it must not exist yet.

        Raises:
            MaestroError: 4406 and -32803 as `locate`, -32801 if the file is not as expected.
        """
        return await asyncio.to_thread(self._write, place, text, replacing)

    async def document(self, uri: str) -> Document:
        """The open document, else the file in the workspace, as it is now and with its secrets: for audits.

        Raises:
            MaestroError: 4406 outside the workspace, 4601 if it cannot be read as text, as `Unread` if it may not be.
        """
        opened = self._editor.opened(uri)
        return await asyncio.to_thread(self._document, uri, opened)

    async def ignored_by(self, uri: str) -> str | None:
        """The name of the file whose rule keeps a file of the workspace from models; None for any other document."""
        return await asyncio.to_thread(self._ignored_by, uri)

    async def _open_elsewhere(self, name: str) -> tuple[Place, Document] | None:
        """An open document that no workspace folder has, and its place."""
        if names.names_document(name) and (document := self._editor.opened(name)) is not None:
            place = unsaved(document)
        else:
            found, spelled = await asyncio.to_thread(self._elsewhere, name)
            if found is None:
                return None
            place, document = found, self._editor.opened(spelled) or self._editor.opened(found.uri)
        if document is not None and (reason := denial(place.path)) is not None:
            raise _closed(place.path, reason)
        return (place, document) if document is not None else None

    def _elsewhere(self, name: str) -> tuple[Place | None, str]:
        """Where an absolute name leads outside the workspace, and its URI as it is spelled."""
        if (path := names.absolute(name)) is None:
            return None, ""
        place = names.outside(path)
        self._private.check(place.absolute, place.path)
        inside = names.containing(place.absolute, None, self._folders()) is not None
        return (None if inside else place), path.as_uri()

    async def _opened(self, place: Place) -> Document | None:
        """The open document at a place, however its URI is spelled."""
        spellings = await asyncio.to_thread(names.spellings, place, [*self._editor.folders])
        return next((found for uri in spellings if (found := self._editor.opened(uri)) is not None), None)

    def _folders(self) -> Sequence[Path]:
        """The workspace folders as they are now: a link among them may lead elsewhere since."""
        self._resolved = ((), ())
        return self.folders

    def _locate(self, name: str, folder: Path | None) -> Place:
        place = names.find(name, folder, self._folders())
        self._private.check(place.absolute, place.path)
        if place.path != ".":
            _check_readable(place)
        return place

    def _list(self, folder: Path, glob: str | None, limit: int) -> Listing:
        place = self._locate(os.fspath(folder), folder)
        if not os.path.isdir(place.absolute):
            raise MaestroError("requestFailed", f"{quoted(place.path)} is no folder; name one.")
        if (reason := denial(f"{place.path}/any")) is not None:
            raise _closed(place.path, reason)
        rules = rules_for(os.fspath(place.folder))
        for name in place.path.split("/") if place.path != "." else ():
            rules = rules.into(name).with_own()
        return list_files(rules, place.folder, glob, limit, self._private.now())

    def _write(self, place: Place, text: str, replacing: str | None) -> int:
        now = self._locate(os.fspath(place.absolute), place.folder)
        if (now.folder, now.path) != (place.folder, place.path):
            raise files.swapped(place.path)
        if (reason := denial(place.path, writing=True)) is not None:
            raise _closed(place.path, reason)
        data = _encoded(place.path, text)
        if replacing is None:
            files.create(place.folder, place.path, data)
            return len(data)
        before = files.read_bytes(place.folder, place.path, LARGEST_DOCUMENT) if now.exists else None
        if before is None or before.decode("utf-8-sig", "replace") != replacing:
            raise files.changed(place.path)
        data = codecs.BOM_UTF8 + data if before.startswith(codecs.BOM_UTF8) else data
        files.replace(place.folder, place.path, data, before)
        return len(data)

    def _document(self, uri: str, opened: Document | None) -> Document:
        if opened is not None:
            self._check_audited(uri)
            return opened
        folder, path = self._audited(uri)
        try:
            text = files.read_bytes(folder, path, LARGEST_DOCUMENT).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise MaestroError("auditTargetInvalid", "The file is no UTF-8 text.") from None
        except MaestroError as error:
            raise _unaudited(error) from None
        return Document(uri, text, language_of(Path(path)), None)

    def _audited(self, uri: str) -> tuple[Path, str]:
        """The workspace folder a URI leads into, links resolved, and the path in it."""
        try:
            path = names.path_of(uri)
            resolved = Path(os.path.realpath(path)) if path is not None else None
        except (OSError, ValueError):
            message = "The document's URI leads to no file; correct it."
            raise MaestroError("auditTargetInvalid", message) from None
        if path is None or resolved is None:
            raise MaestroError("auditTargetInvalid", "Only files and open documents can be read; open it first.")
        if (folder := names.containing(resolved, None, self._folders())) is None:
            leads_out = names.containing(Path(os.path.abspath(path)), None, self._folders()) is not None
            reason = "The link leads out of the workspace" if leads_out else "The file is not in the workspace"
            raise MaestroError("outsideWorkspace", f"{reason}; open it in the editor first.")
        relative = resolved.relative_to(folder).as_posix()
        self._private.check(resolved, relative)
        if is_gits(relative):
            raise MaestroError("auditTargetInvalid", "Git's own files are never audited.")
        return folder, relative

    def _ignored_by(self, uri: str) -> str | None:
        try:
            folder, relative = self._audited(uri)
        except MaestroError:
            return None
        return ignored_by(rules_for(os.fspath(folder)), relative, is_folder=False)

    def _check_audited(self, uri: str) -> None:
        """That an open document is none of Maestro's own files. Raises 4406."""
        try:
            path = names.path_of(uri)
            resolved = Path(os.path.realpath(path)) if path is not None else None
        except (OSError, ValueError):
            return
        if resolved is not None:
            self._private.check(resolved, resolved.name)


def _check_readable(place: Place) -> None:
    """That a place in the workspace is neither closed nor ignored. Raises 4406."""
    if (reason := denial(place.path)) is not None:
        raise _closed(place.path, reason)
    by = ignored_by(rules_for(os.fspath(place.folder)), place.path, is_folder=os.path.isdir(place.absolute))
    if by is not None:
        message = f"{quoted(place.path)} is ignored by `{by}`; use another file, or change the rule there."
        raise MaestroError("outsideWorkspace", message)


def _encoded(path: str, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        message = f"The new text of {quoted(path)} has half a character in it, which no file can hold; correct it."
        raise MaestroError("requestFailed", message) from None


def _closed(path: str, reason: str) -> MaestroError:
    return MaestroError("outsideWorkspace", f"{quoted(path)} {reason}.")


def _unaudited(error: MaestroError) -> MaestroError:
    """Why a file could not be read, to somebody who wanted it audited."""
    if error.kind == "outsideWorkspace":
        return error
    if error.kind == "contextTooLarge":
        message = f"The file is larger than {LARGEST_DOCUMENT // 1024 // 1024} MiB; audit a smaller one."
        return MaestroError("auditTargetInvalid", message)
    kind = Unread if isinstance(error.__context__, PermissionError) else MaestroError
    return kind("auditTargetInvalid", error.message)
