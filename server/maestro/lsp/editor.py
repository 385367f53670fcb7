"""The editor as the services see it: documents, questions, edits, notifications, diagnostics."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import cast
from urllib.parse import unquote

from lsprotocol import types
from pydantic import JsonValue
from pygls.uris import to_fs_path

from maestro.editor import Change, Document, Feature, NoAnswer
from maestro.lsp.calls import Calls
from maestro.lsp.diagnostics import to_lsp
from maestro.lsp.edits import workspace_edit
from maestro.lsp.handshake import Handshake, dig
from maestro.lsp.messages import RpcError, dump, encode, frame, notification
from maestro.lsp.protocol import StandardProtocol
from maestro.lsp.refresh import Refresh
from maestro.lsp.writer import Outbox
from maestro.positions import Encoding
from maestro.workspace.languages import language_told
from maestro_protocol.audit import Finding
from maestro_protocol.base import CallParams, WireModel

_UNASKED = frozenset({"maestro/status/didChange"})
"""What no request of the editor leads to. Editors that do not know it say so to their users each time."""


class LspEditor:
    """An `editor.Editor` on a connection."""

    def __init__(self, handshake: Handshake, protocol: StandardProtocol, outbox: Outbox, calls: Calls) -> None:
        self._handshake = handshake
        self._protocol = protocol
        self._outbox = outbox
        self._calls = calls
        self._with_diagnostics: set[str] = set()
        self._pulls = False
        self.beside: Callable[[str], Sequence[types.Diagnostic]] = lambda uri: ()
        """What is shown on a document beside findings."""
        self._diagnostics = Refresh(protocol.connection, types.WORKSPACE_DIAGNOSTIC_REFRESH)
        self._lenses = Refresh(protocol.connection, types.WORKSPACE_CODE_LENS_REFRESH)

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
        if self._handshake.knows_maestro or method not in _UNASKED:
            self._outbox.push_when_room(frame(notification(method, dump(params))))

    def show(self, message: str, *, error: bool = False) -> None:
        """Show a sentence to the user."""
        self._show(message, types.MessageType.Error if error else types.MessageType.Warning)

    def tell(self, message: str) -> None:
        """Show what the user asked for."""
        self._show(message, types.MessageType.Info)

    def _show(self, message: str, kind: types.MessageType) -> None:
        params = encode({"type": kind.value, "message": message})
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

    def opened(self, uri: str) -> Document | None:
        documents = self._protocol.workspace.text_documents
        found = documents.get(unquote(uri)) or next((one for one in documents.values() if _same(one.uri, uri)), None)
        if found is None:
            return None
        language = language_told(found.language_id or "", PurePath(found.path))
        return Document(found.uri, found.source, language, found.version)

    def offers(self, feature: Feature) -> bool:
        return isinstance(dig(self._handshake.hello, "features", feature), dict)

    async def call(self, method: str, params: CallParams, timeout: float) -> JsonValue:
        return await self._call(method, dump(params), timeout)

    @property
    def applies_edits(self) -> bool:
        return self._handshake.can("workspace", "applyEdit")

    async def apply(self, change: Change, label: str, timeout: float) -> str | None:
        edit = workspace_edit([change], self._handshake)
        if edit is None:
            return "The editor cannot create files."
        answer = await self._call("workspace/applyEdit", encode({"label": label, "edit": edit}), timeout)
        if dig(answer, "applied") is True:
            return None
        reason = dig(answer, "failureReason")
        return reason if isinstance(reason, str) and reason else "The editor did not make the change."

    async def _call(self, method: str, params: bytes, timeout: float) -> JsonValue:
        """An answer, unless time runs out, the editor refuses, or it goes away first. Raises NoAnswer."""
        exited = self._protocol.connection.exited
        answer = asyncio.ensure_future(self._calls.call(method, params, timeout))
        try:
            await asyncio.wait((answer, exited), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise NoAnswer("The editor is gone.")
            return answer.result()
        except TimeoutError:
            raise NoAnswer("The editor did not answer in time.") from None
        except RpcError:
            raise NoAnswer("The editor refused the request.") from None
        finally:
            answer.cancel()

    @property
    def opens_pages(self) -> bool:
        """Whether the editor can be asked to show a page in a browser."""
        return self._handshake.can("window", "showDocument", "support")

    async def open_page(self, address: str, timeout: float) -> None:
        """Show a page in a browser. Raises NoAnswer."""
        await self._call("window/showDocument", encode({"uri": address, "external": True}), timeout)

    def pulled(self) -> None:
        """The client asks for diagnostics. From now on it gets none unasked, and what it got so is taken back."""
        if not self._pulls:
            for uri in [*self._with_diagnostics]:
                self._publish(uri, None, [])
            self._pulls = True

    def refresh(self) -> None:
        """Other findings are shown than the client can know of."""
        if self._pulls and self._handshake.can("workspace", "diagnostics", "refreshSupport"):
            self._diagnostics.soon()
        if self._handshake.can("workspace", "codeLens", "refreshSupport"):
            self._lenses.soon()

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        if not self._pulls:
            self._publish(uri, version, [*to_lsp(findings), *self.beside(uri)])

    def _publish(self, uri: str, version: int | None, diagnostics: list[types.Diagnostic]) -> None:
        (self._with_diagnostics.add if diagnostics else self._with_diagnostics.discard)(uri)
        params = types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics, version=version)
        self._protocol.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)


def _same(one: str, other: str) -> bool:
    """Whether two URIs spell the same path; links are not looked at, for that would block."""
    paths = [path and os.path.normcase(os.path.normpath(path)) for path in map(to_fs_path, (one, other))]
    return paths[0] is not None and paths[0] == paths[1]
