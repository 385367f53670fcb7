"""The editor as the services see it: documents, questions, notifications, diagnostics."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from lsprotocol import types
from pydantic import JsonValue
from pygls.uris import to_fs_path

from maestro.errors import MaestroError
from maestro.lsp.calls import Calls
from maestro.lsp.diagnostics import to_lsp
from maestro.lsp.handshake import Handshake, dig
from maestro.lsp.messages import RpcError, dump, encode, frame, notification
from maestro.lsp.protocol import StandardProtocol
from maestro.lsp.writer import Outbox
from maestro.positions import Encoding
from maestro.services.editor import Document
from maestro_protocol.audit import Finding
from maestro_protocol.base import WireModel

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes; nobody wants more of one file than this in memory."""

_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".jsx": "javascriptreact", ".ts": "typescript", ".tsx": "typescriptreact", ".md": "markdown", ".rs": "rust",
    ".rb": "ruby", ".sh": "shellscript", ".bash": "shellscript", ".yml": "yaml", ".h": "c", ".hpp": "cpp",
    ".cc": "cpp", ".cxx": "cpp", ".cs": "csharp", ".kt": "kotlin", ".htm": "html", ".tex": "latex", ".pl": "perl",
    ".txt": "plaintext", "": "plaintext",
}  # fmt: skip


class LspEditor:
    """A `services.editor.Editor` on a connection."""

    def __init__(self, handshake: Handshake, protocol: StandardProtocol, outbox: Outbox, calls: Calls) -> None:
        self._handshake = handshake
        self._protocol = protocol
        self._outbox = outbox
        self._calls = calls
        self._with_diagnostics: set[str] = set()

    @property
    def trusted(self) -> bool:
        return self._handshake.trusted

    @property
    def position_encoding(self) -> Encoding:
        return cast("Encoding", self._handshake.position_encoding)

    @property
    def folders(self) -> Sequence[str]:
        workspace = self._protocol.workspace
        return [*workspace.folders] or ([workspace.root_uri] if workspace.root_uri else [])

    def notify(self, method: str, params: WireModel) -> None:
        self._outbox.push_when_room(frame(notification(method, dump(params))))

    def show(self, message: str, *, error: bool = False) -> None:
        """Show a sentence to the user."""
        params = encode({"type": 1 if error else 2, "message": message})
        self._outbox.push_when_room(frame(notification("window/showMessage", params)))

    async def ask(self, message: str, options: Sequence[str], timeout: float) -> str | None:
        actions: JsonValue = [{"title": option} for option in options]
        params = encode({"type": 3, "message": message, "actions": actions})
        try:
            answer = await self._calls.call("window/showMessageRequest", params, timeout)
        except (TimeoutError, RpcError):
            return None
        title = dig(answer, "title")
        return title if isinstance(title, str) and title in options else None

    def document(self, uri: str) -> Document:
        if (opened := self._protocol.workspace.text_documents.get(unquote(uri))) is not None:
            return Document(uri, opened.source, opened.language_id or "plaintext", opened.version)
        path = self._inside_workspace(uri)
        return Document(uri, _read(path), _LANGUAGES.get(path.suffix.lower(), path.suffix[1:].lower()), None)

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        diagnostics = to_lsp(findings)
        (self._with_diagnostics.add if diagnostics else self._with_diagnostics.discard)(uri)
        params = types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics, version=version)
        self._protocol.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)

    def clear(self, uri: str) -> None:
        """Take back what was shown about a document."""
        if uri in self._with_diagnostics:
            self.publish(uri, None, ())

    def _inside_workspace(self, uri: str) -> Path:
        """The file behind a URI, its links resolved.

        Raises:
            MaestroError: 4406, also for files that a link inside the workspace points to outside.
        """
        if (name := to_fs_path(uri)) is None:
            raise MaestroError("auditTargetInvalid", "Only files and open documents can be read; open it first.")
        try:
            path = Path(os.path.realpath(name))
        except (OSError, ValueError):
            raise _unreadable() from None
        if not any(path.is_relative_to(folder) for folder in self._folders()):
            raise MaestroError("outsideWorkspace", "The file is not in the workspace; open it in the editor first.")
        return path

    def _folders(self) -> list[Path]:
        return [Path(os.path.realpath(name)) for uri in self.folders if (name := to_fs_path(uri))]


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            raise _unreadable()
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError):
        raise _unreadable() from None


def _unreadable() -> MaestroError:
    message = f"The file cannot be read as UTF-8 text of at most {LARGEST_FILE // 1024 // 1024} MiB."
    return MaestroError("auditTargetInvalid", message)
